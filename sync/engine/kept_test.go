package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/listed"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// keep changes the list of an office as the verbs do.
func (o *office) keep(change func(d *list.Document) error) {
	o.t.Helper()
	text, err := os.ReadFile(o.list)
	if err != nil {
		o.t.Fatal(err)
	}
	d, problems := list.ReadDocument(text)
	if len(problems) > 0 {
		o.t.Fatal(problems)
	}
	if err := change(d); err != nil {
		o.t.Fatal(err)
	}
	if err := list.Update(o.t.Context(), o.list, text, d.Text()); err != nil {
		o.t.Fatal(err)
	}
	o.rest()
	if _, err := o.engine.Intake(o.t.Context(), "list", false); err != nil {
		o.t.Fatal(err)
	}
}

// rest makes the list one that was left alone for a while.
func (o *office) rest() {
	o.t.Helper()
	calm := time.Now().Add(-time.Hour)
	if err := os.Chtimes(o.list, calm, calm); err != nil {
		o.t.Fatal(err)
	}
}

func TestSomebodyKeptByHandIsTakenOverByARealDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.yaml")
	if err := os.WriteFile(path, []byte("people:\n  - {email: guest@example.com, access: [Staff]}  # stays\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := newOfficeBeside(t, path)
	o.hire("ana", "IT")
	o.slapd.Add(slapdGroup("staff"), slapd.Attributes{"objectClass": {"groupOfNames"}, "cn": {"staff"}, "member": {slapdPerson("ana")}})
	o.keep(func(d *list.Document) error {
		return d.Put(list.Person{Email: "zoe@example.com", Name: "Zoe", Access: []list.Access{{Entry: listed.Entry{Group: "Server Room", Until: "2099-12-31"}}}})
	})
	o.run()
	o.expect("zoe", "HQ / Server Room", true)
	o.expect("zoe", "Staff", false)
	o.expect("guest", "Staff", true)
	before := o.kisi.UserID("zoe@example.com")

	o.hire("zoe", "Sales") // the directory brings the same person
	o.slapd.Replace(slapdGroup("staff"), slapd.Attributes{"member": {slapdPerson("ana"), slapdPerson("zoe")}})
	o.run()
	o.expect("zoe", "Staff", true)
	o.expect("zoe", "HQ / Server Room", true)
	after := o.kisi.UserID("zoe@example.com")
	if before != after {
		t.Errorf("the Kisi user was %d and is %d", before, after)
	}

	o.keep(func(d *list.Document) error { return d.Revoke("zoe@example.com", listed.Entry{Group: "Server Room"}) })
	o.run()
	o.expect("zoe", "Staff", true)
	o.expect("zoe", "HQ / Server Room", false)

	o.keep(func(d *list.Document) error { return d.Remove("zoe@example.com") })
	o.run()
	o.expect("zoe", "Staff", true)
	o.slapd.Replace(slapdPerson("zoe"), slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
	o.run()
	o.expect("zoe", "Staff", false)
	o.expect("guest", "Staff", true)
	o.kisi.CheckT(t)
}
