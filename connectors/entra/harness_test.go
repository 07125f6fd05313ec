package entra

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
)

// everyRole are the permissions that docs/entra.md asks for.
func everyRole() []string {
	return []string{"User.Read.All", "GroupMember.Read.All", "User-LifeCycleInfo.Read.All"}
}

// tenant is a simulated tenant with an application that may read it, and the settings that reach it.
type tenant struct {
	*entrasim.Sim
	t        *testing.T
	settings *Settings
	dir      string
	app      entrasim.App
	now      func() time.Time
}

const goodSecret = "Q~good.secret"

func newTenant(t *testing.T, o entrasim.Options) *tenant {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	sim := entrasim.New(o)
	url, err := sim.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sim.Close()
		for _, c := range sim.Complaints() {
			t.Errorf("the tenant complains: %s", c)
		}
	})
	d := &tenant{Sim: sim, t: t, dir: t.TempDir(), now: o.Now}
	d.app = sim.Register(entrasim.App{Name: "kisi-sync", Roles: everyRole(), Secrets: []entrasim.Secret{{Value: goodSecret}}})
	d.settings = New().(*Settings)
	d.settings.Tenant, d.settings.Login.ClientID, d.settings.Authority, d.settings.URL = sim.TenantID, d.app.ClientID, url, url
	d.settings.Login.ClientSecret = secret.Ref{File: d.write("secret", goodSecret)}
	return d
}

// write makes a file that nobody else may read.
func (d *tenant) write(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// open returns a source as the settings are now; they must be in order.
func (d *tenant) open(attributes ...string) connectors.Source {
	d.t.Helper()
	if f := d.settings.Validate(); len(f) > 0 {
		d.t.Fatalf("the settings are not in order: %+v", f)
	}
	source, err := d.settings.Open(connectors.Env{Name: "entra", Dir: d.dir, Attributes: attributes, Now: d.now})
	if err != nil {
		d.t.Fatal(err)
	}
	return source
}

// fetch reads everything and counts what came by its kind.
func fetch(t *testing.T, s connectors.Source) (map[directory.Kind]int, directory.Receipt, error) {
	t.Helper()
	count := map[directory.Kind]int{}
	receipt, err := s.Fetch(context.Background(), directory.Cursor{}, func(r *directory.Record) error { count[r.Kind]++; return nil })
	return count, receipt, err
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
