package google

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// workspace is a simulated Workspace with a service account that may read it, and the folder of an admin.
type workspace struct {
	*googlesim.Sim
	t      testing.TB
	server *simhttp.Server
	dir    string
}

// contract is Google's discovery document as the module of its client has it.
var contract = sync.OnceValues(func() (*googlesim.Contract, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		return nil, err
	}
	return googlesim.ReadContract(filepath.Join(strings.TrimSpace(string(dir)), "admin", "directory", "v1", "admin-api.json"))
})

func newWorkspace(t testing.TB) *workspace {
	t.Helper()
	document, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{Sim: googlesim.New(nil), t: t, dir: t.TempDir()}
	w.Hold(document)
	if w.server, err = simhttp.Start(w.Sim); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.server.Close()
		for _, complaint := range w.Complaints() {
			t.Errorf("the simulated Google complains: %s", complaint)
		}
	})
	w.write("key.json", w.ServiceAccount("kisi-sync", w.server.URL))
	w.Delegate("kisi-sync", googlesim.UserScope, googlesim.GroupScope, googlesim.UnitScope)
	return w
}

// overTLS serves the same Workspace over TLS, too. ca.pem is its authority, and key.json a service account of it.
func (w *workspace) overTLS() *simhttp.Server {
	w.t.Helper()
	server, err := simhttp.StartTLS(w.Sim)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(server.Close)
	w.write("ca.pem", server.CA)
	w.write("key.json", w.ServiceAccount("kisi-sync", server.URL))
	return server
}

func (w *workspace) write(name string, content []byte) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// settings is a source on the Workspace, with its key.
func (w *workspace) settings() *Settings {
	s := New().(*Settings)
	s.URL = w.server.URL
	s.Login = Login{Key: secret.Ref{File: "key.json"}, Subject: googlesim.Admin}
	return s
}

func (w *workspace) open(s *Settings, attributes ...string) *source {
	w.t.Helper()
	opened, err := s.Open(connectors.Env{Name: "corp", Dir: w.dir, Attributes: attributes, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = opened.(*source).Close() })
	return opened.(*source)
}
