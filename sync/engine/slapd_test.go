package engine_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/ldap"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// office is a real OpenLDAP server and a simulated Kisi, each behind a socket, with an engine between them.
type office struct {
	t      *testing.T
	slapd  *slapd.Server
	kisi   *kisisim.Company
	engine *engine.Engine
	list   string // a file beside the directory; "" for none
}

func newOffice(t *testing.T) *office { return newOfficeBeside(t, "") }

// newOfficeBeside is an office where somebody keeps people in a list, too.
func newOfficeBeside(t *testing.T, list string) *office {
	o := &office{t: t, list: list, slapd: slapd.Start(t, slapd.Options{SessionLog: 1000}), kisi: kisisim.Acme(kisisim.Options{Rate: -1})}
	server, err := o.kisi.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	client, err := kisi.New(kisi.Options{URL: server.URL, Key: func() (secret.String, error) { return secret.New(o.kisi.Key), nil },
		Pace: pacer.Options{Rate: 1e5, Quota: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"), store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	rules, problems := mapping.Compile(o.spec())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	o.engine = engine.New(engine.Options{
		Sources: o.sources(rules), Rules: rules,
		Policy: plan.Policy{Installation: "t", Managed: true}, Limits: plan.Limits{Window: time.Hour, Disabled: 9, Removals: plan.Removals{People: 9}, Grants: 9},
		Target: kisi.NewTarget(client), Store: st, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	return o
}

func (o *office) spec() mapping.Spec {
	spec := mapping.Spec{Installation: "t", Zone: time.UTC, Leavers: mapping.Leavers{Vanished: 24 * time.Hour},
		Sources: []mapping.Source{{Name: "corp", ID: "corp", Attributes: []mapping.Attribute{{Name: "department", From: "departmentNumber"}}}},
		Groups:  []mapping.Group{{Name: "Staff", Create: true, Members: true, Openings: true, Doors: []string{"HQ / Main entrance"}}, {Name: "Server Room", Place: "HQ", Members: true}},
		Rules: []mapping.Rule{
			{Name: "staff", From: mapping.Selector{Source: "corp", Group: "CN=Staff, OU=groups,DC=example,DC=com"}, Grant: []string{"Staff"}, Role: access.DoorAccess},
			{Name: "servers", From: mapping.Selector{Source: "corp", Group: slapdGroup("staff")}, Where: `person.department == "IT"`, Grant: []string{"Server Room"}, Role: access.DoorAccess},
		}}
	if o.list != "" {
		spec.Sources = append(spec.Sources, mapping.Source{Name: "list", ID: "list", Lists: true})
		spec.Precedence = []string{"corp", "list"}
		spec.Rules = append(spec.Rules, mapping.Rule{Name: "by hand", From: mapping.Selector{Source: "list", Everyone: true}, Listed: true})
	}
	return spec
}

func (o *office) sources(rules *mapping.Rules) []engine.Source {
	all := []engine.Source{{Name: "corp", ID: "corp", Source: o.source(rules)}}
	if o.list == "" {
		return all
	}
	kept, err := (&list.Settings{Path: o.list}).Open(connectors.Env{Name: "list", Attributes: rules.Attributes("list"), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		o.t.Fatal(err)
	}
	return append(all, engine.Source{Name: "list", ID: "list", Source: kept})
}

func slapdGroup(cn string) string  { return "cn=" + cn + "," + slapd.GroupsDN }
func slapdPerson(id string) string { return "uid=" + id + "," + slapd.PeopleDN }

func (o *office) source(rules *mapping.Rules) connectors.Source {
	password := filepath.Join(o.t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(slapd.ReaderPassword), 0o600); err != nil {
		o.t.Fatal(err)
	}
	settings := ldap.New().(*ldap.Settings)
	settings.URL, settings.Preset, settings.Base, settings.TLS.CA = o.slapd.SecureURL(), "openldap", slapd.Suffix, o.slapd.CAFile()
	settings.Login = ldap.Login{User: slapd.ReaderDN, Password: secret.Ref{File: password}}
	source, err := settings.Open(connectors.Env{Name: "corp", Attributes: rules.Attributes("corp"), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		o.t.Fatal(err)
	}
	return source
}

func (o *office) hire(id, department string) {
	o.slapd.Add(slapdPerson(id), slapd.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {id}, "sn": {id}, "mail": {id + "@example.com"},
		"departmentNumber": {department}})
}

// run reads what changed and reconciles what differs, as a daemon would after a ping.
func (o *office) run() {
	o.t.Helper()
	if _, err := o.engine.Intake(o.t.Context(), "corp", false); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.engine.Reconcile(o.t.Context(), false, nil); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) expect(id, group string, want bool) {
	o.t.Helper()
	u, ok := o.kisi.World().User(id + "@example.com")
	if got := ok && u.Access && u.Holds(group); got != want {
		o.t.Errorf("%s in %s: %v, want %v", id, group, got, want)
	}
}

func TestAWorkingDayOfARealOpenLDAPReachesKisiByIncrements(t *testing.T) {
	o := newOffice(t)
	o.hire("ana", "IT")
	o.hire("bo", "Sales")
	o.slapd.Add(slapdGroup("berlin"), slapd.Attributes{"objectClass": {"groupOfNames"}, "cn": {"berlin"}, "member": {slapdPerson("ana"), slapdPerson("bo")}})
	o.slapd.Add(slapdGroup("staff"), slapd.Attributes{"objectClass": {"groupOfNames"}, "cn": {"staff"}, "member": {slapdGroup("berlin"), slapdGroup("staff")}})
	o.run()
	o.expect("ana", "Staff", true)
	o.expect("ana", "HQ / Server Room", true)
	o.expect("bo", "HQ / Server Room", false)

	o.hire("cem", "IT")
	o.slapd.Replace(slapdGroup("berlin"), slapd.Attributes{"member": {slapdPerson("ana"), slapdPerson("bo"), slapdPerson("cem")}})
	o.run()
	o.expect("cem", "HQ / Server Room", true)

	o.slapd.Replace(slapdPerson("ana"), slapd.Attributes{"departmentNumber": {"Sales"}})
	o.run()
	o.expect("ana", "Staff", true)
	o.expect("ana", "HQ / Server Room", false)

	o.slapd.Replace(slapdPerson("bo"), slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
	o.run()
	o.expect("bo", "Staff", false)

	o.kisi.ResetLog()
	o.run()
	if calls := o.kisi.Requests(); len(calls) != 0 {
		t.Errorf("nothing changed, and %d calls were made", len(calls))
	}

	o.slapd.Move(slapdPerson("cem"), "uid=cem.yilmaz", "") // the group still names the old DN: whoever it meant is a leaver of the group
	o.slapd.Replace(slapdGroup("berlin"), slapd.Attributes{"member": {slapdPerson("ana"), slapdPerson("cem.yilmaz")}})
	o.run()
	o.expect("cem", "HQ / Server Room", true)

	o.slapd.Stop()
	if _, err := o.engine.Intake(t.Context(), "corp", false); err == nil {
		t.Error("a directory that is down was read")
	}
	o.kisi.CheckT(t)
	o.expect("ana", "Staff", true)
}
