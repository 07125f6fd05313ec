package ldap

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/adsim"
)

// openForest is a source on one controller of a forest with ana in it, of whom the department is read.
func openForest(t *testing.T, o adsim.Options) (*adsim.Controller, connectors.Source) {
	t.Helper()
	o.Now = time.Now
	dc := adsim.New(o).AddDomain(simDomain).Controller(0)
	dc.Add("CN=ana,CN=Users,"+simDomain, "user", adsim.Attributes{"mail": {"ana@corp.test"}, "department": {"IT"}})
	dc.Add("CN=first,CN=Users,"+simDomain, "user", nil)
	dc.Delete("CN=first,CN=Users," + simDomain) // whether deleted objects are seen cannot be told before there is one
	s, err := dc.Server()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	own := New().(*Settings)
	own.URL, own.Preset, own.Base, own.TLS.CA = s.SecureURL(), "active_directory", simDomain, writeFile(t, "ca.pem", string(s.CA().PEM()))
	own.Login = Login{User: "reader", Password: passwordFile(t, "x")}
	source, err := own.Open(connectors.Env{Name: "corp", Attributes: []string{"department"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return dc, source
}

// What each way takes: [MS-ADTS] section 3.1.1.3.4.1.3 and [MS-DRSR] section 5.115.12.
func TestTheBestWayIsTakenThatTheAccountHas(t *testing.T) {
	const both = "Replicating Directory Changes\"; or, where that right is not given, dsacls \"CN=Deleted Objects,DC=corp,DC=test\" /takeownership"
	for name, c := range map[string]struct {
		account  adsim.Account
		filtered string
		want     way
		says     string
	}{
		"who may replicate":                         {adsim.Account{Replicate: true}, "", byReplication, "only what changed is read (DirSync, with the right to replicate)"},
		"who sees deleted objects":                  {adsim.Account{SeesDeleted: true}, "", byVisibility, "only what changed is read (DirSync of what this account sees)"},
		"who may neither":                           {adsim.Account{}, "", "", both},
		"who may not replicate one attribute":       {adsim.Account{Replicate: true}, "department", "", both},
		"who may not, and sees deleted objects":     {adsim.Account{Replicate: true, SeesDeleted: true}, "department", byVisibility, "(DirSync of what this account sees)"},
		"who may not replicate what nobody asks of": {adsim.Account{Replicate: true}, "homePhone", byReplication, "with the right to replicate"},
	} {
		t.Run(name, func(t *testing.T) {
			c.account.Password = "x"
			dc, source := openForest(t, adsim.Options{Accounts: map[string]adsim.Account{"reader": c.account}, Filtered: []string{c.filtered}})
			r := connectortest.Follow(t, source)
			if r.Full(); usedWay(t, r) != c.want {
				t.Errorf("it is asked by %q (%s)", usedWay(t, r), r.Receipt.Proof.Note)
			}
			dc.Disable("CN=ana,CN=Users," + simDomain)
			if r.Changes(); (r.Receipt.Coverage == directory.Delta) != (c.want != "") || r.Person("ana@corp.test").Active() != directory.No {
				t.Errorf("%v (%s)", r.Receipt.Coverage, r.Receipt.Proof.Note)
			}
			var said []string
			for _, f := range source.(connectors.Checker).Check(context.Background()) {
				said = append(said, f.Text+"; "+f.Hint)
			}
			if !strings.Contains(strings.Join(said, "\n"), c.says) {
				t.Errorf("check does not say %q: %q", c.says, said)
			}
		})
	}
}

// With the recycle bin an object is deleted, and later recycled, after which most searches do not show it; an administrator may do both at once.
// Without it a tombstone is left. Either way whoever was deleted is gone at the next look.
func TestWhoIsDeletedIsGoneWhateverBecomesOfTheObject(t *testing.T) {
	for name, without := range map[string]bool{"with a recycle bin": false, "without": true} {
		for _, w := range ways() {
			t.Run(name+", by "+string(w), func(t *testing.T) {
				account := accountFor(w)
				account.Password = "x"
				dc, source := openForest(t, adsim.Options{WithoutBin: without, Accounts: map[string]adsim.Account{"reader": account}})
				dc.Add("CN=bo,CN=Users,"+simDomain, "user", adsim.Attributes{"mail": {"bo@corp.test"}})
				r := connectortest.Follow(t, by(source, w))
				r.Full()
				gone := func(left int) {
					t.Helper()
					if r.Changes(); r.Receipt.Coverage != directory.Delta || len(r.People()) != left {
						t.Errorf("%v of %v (%s)", r.Receipt.Coverage, r.People(), r.Receipt.Proof.Note)
					}
					r.SameAsFull()
				}
				ana := dc.Delete("CN=ana,CN=Users," + simDomain)
				gone(1)
				bo := dc.Delete("CN=bo,CN=Users," + simDomain)
				if !without {
					dc.Recycle(ana)
					dc.Recycle(bo)
				}
				gone(0)
			})
		}
	}
}
