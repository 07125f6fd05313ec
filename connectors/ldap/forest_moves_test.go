package ldap

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/adsim"
)

const simChild = "DC=de," + simDomain

// twins are two domains with two controllers each, as one source that asks one controller of either, by number. Ana is of the first, as is a group of
// hers.
type twins struct {
	here, there *adsim.Domain
	o           *Settings
	source      *watchedForest
	reader      *connectortest.Reader
}

func openTwins(t *testing.T, w way, asked [2]int) *twins {
	t.Helper()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	account := accountFor(w)
	account.Password = "x"
	f := adsim.New(adsim.Options{Now: func() time.Time { return now }, Accounts: map[string]adsim.Account{"reader": account}})
	k := &twins{here: f.AddDomain(simDomain), there: f.AddDomain(simChild)}
	k.o = New().(*Settings)
	o := k.o
	o.Preset, o.Timeout, o.Login = "active_directory", 20*time.Second, Login{User: "reader", Password: passwordFile(t, "x")}
	for i, d := range []*adsim.Domain{k.here, k.there} {
		dc := d.Controller(0)
		dc.Add("CN=first,CN=Users,"+d.Suffix(), "user", nil)
		dc.Delete("CN=first,CN=Users," + d.Suffix()) // whether deleted objects are seen cannot be told before there is one
		if d == k.here {
			dc.Add("CN=ana,CN=Users,"+simDomain, "user", adsim.Attributes{"mail": {"ana@corp.test"}})
			dc.Add("CN=Staff,CN=Users,"+simDomain, "group", adsim.Attributes{"member": {"CN=ana,CN=Users," + simDomain}})
		}
		d.AddController()
		s, err := d.Controller(asked[i]).Server()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		o.Domains = append(o.Domains, ForestDomain{URL: s.SecureURL(), Base: d.Suffix(), TLS: DomainTLS{CA: writeFile(t, "ca.pem", string(s.CA().PEM()))}})
	}
	source, err := o.Open(connectors.Env{Name: "corp", Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	k.source = source.(*watchedForest)
	for _, part := range k.source.parts {
		part.ways = []way{w}
	}
	k.reader = connectortest.Follow(t, source)
	return k
}

// The two halves of a move are at two controllers, and either may learn of its own later.
func TestWhoMovesToAnotherDomainStaysInTheirGroupsWhicheverTellsFirst(t *testing.T) {
	for name, c := range map[string]struct {
		asked [2]int // controller 0 of either knows at once, controller 1 when it is told
		first []string
	}{
		"both at once":   {[2]int{0, 0}, []string{"ana@corp.test"}},
		"the old domain": {[2]int{0, 1}, nil},
		"the new domain": {[2]int{1, 0}, []string{"ana@corp.test"}},
	} {
		for _, w := range ways() {
			t.Run(name+", by "+string(w), func(t *testing.T) {
				k := openTwins(t, w, c.asked)
				r := k.reader
				r.Full()
				k.here.Controller(0).MoveTo("CN=ana,CN=Users,"+simDomain, k.there.Controller(0), "CN=ana,CN=Users,"+simChild)
				r.Changes()
				if got := r.Members("Staff"); !slices.Equal(got, c.first) {
					t.Errorf("while one does not know yet, the group holds %v (%s)", got, r.Receipt.Proof.Note)
				}
				for _, d := range []*adsim.Domain{k.here, k.there} {
					d.Controller(1).Replicate(d.Controller(0))
				}
				r.Changes()
				if got := r.Members("Staff"); !slices.Equal(got, []string{"ana@corp.test"}) {
					t.Errorf("the group holds %v (%s)", got, r.Receipt.Proof.Note)
				}
				r.SameAsFull()
				if r.Changes(); r.Receipt.Coverage != directory.Delta {
					t.Errorf("afterwards: %v (%s)", r.Receipt.Coverage, r.Receipt.Proof.Note)
				}
			})
		}
	}
}

func TestTooManyDeletionsToRememberAreReasonToReadEverything(t *testing.T) {
	err := (&forest{}).nobodyMoved(context.Background(), nil, make([]string, mostErased+1), nil)
	if !errors.As(err, new(*useless)) || !strings.Contains(err.Error(), "more than 5000 objects were deleted") {
		t.Error(err)
	}
}

// What is wrong with one domain is told of that one.
func TestEachDomainHasANameAnAuthorityAndAnAccountOfItsOwn(t *testing.T) {
	for path, change := range map[string]func(*ForestDomain){
		"domains[1].tls.server_name": func(d *ForestDomain) { d.TLS.ServerName = "dc1.elsewhere.test" },
		"domains[1].tls.ca":          func(d *ForestDomain) { d.TLS.CA = writeFile(t, "other.pem", "none") },
		"domains[1].login":           func(d *ForestDomain) { d.Login = &Login{User: "reader", Password: passwordFile(t, "wrong")} },
	} {
		k := openTwins(t, byReplication, [2]int{})
		change(&k.o.Domains[1])
		source, err := k.o.Open(connectors.Env{Name: "corp", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range source.(connectors.Checker).Check(context.Background()) {
			if there := strings.HasPrefix(f.Text, simChild); there != (f.Path == path) {
				t.Errorf("%s: %+v", path, f)
			}
		}
	}
}
