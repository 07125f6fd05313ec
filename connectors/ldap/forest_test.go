package ldap

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
)

// twoSources are two domains that trust each other, each with a source: a group of the one holds somebody of the other, of whom it knows the
// security identifier alone.
func twoSources(t *testing.T, s, partner *sambadc.Server) {
	base := "OU=Trusting," + sambadc.StaffDN
	s.Add(base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	zoe := "CN=zoe," + partner.Local(sambadc.StaffDN)
	partner.AddPerson(zoe, sambadc.Attributes{"mail": {"zoe@partner.example"}})
	somethingDeleted(s, "bin2")
	s.Add("CN=Visitors,"+base, sambadc.Attributes{"objectClass": {"group"}, "groupType": {"-2147483644"}})
	o := windowsSettings(t, s, base)
	o.Login = administrator(t)
	corp := connectortest.Follow(t, open(t, o))
	corp.Full()
	p := windowsSettings(t, partner, partner.Local(sambadc.StaffDN))
	p.Login.User, p.TLS.ServerName = partner.Local(sambadc.ReaderUser), partner.Local(sambadc.Host)
	there, err := p.Open(connectors.Env{Name: "partner", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	b := directory.Build("partner", nil)
	receipt, err := there.Fetch(context.Background(), directory.Cursor{}, b.Put)
	if err != nil {
		t.Fatal(err)
	}
	partners, _, err := b.Seal(receipt, nil)
	if err != nil {
		t.Fatal(err)
	}
	visitors := func() (addresses []string) {
		v := directory.Join(corp.Snapshot, partners)
		for g := range v.Groups() {
			if v.Group(g).Name() == "Visitors" {
				for _, m := range v.Members(g) {
					addresses = append(addresses, v.Person(int(m)).Email())
				}
			}
		}
		return addresses
	}
	if got := visitors(); got != nil {
		t.Errorf("the visitors are %v", got)
	}
	s.Replace("CN=Visitors,"+base, sambadc.Attributes{"member": {"<SID=" + partner.SID(zoe) + ">"}})
	corp.Changes()
	wantCoverage(t, corp, directory.Delta)
	if got := visitors(); !slices.Equal(got, []string{"zoe@partner.example"}) {
		t.Errorf("the visitors are %v", got)
	}
	s.Replace("CN=Visitors,"+base, sambadc.Attributes{"member": {}})
	corp.Changes()
	wantCoverage(t, corp, directory.Delta)
	if got := visitors(); got != nil {
		t.Errorf("the visitors are %v", got)
	}
}

// twoDomains are two domains as one source.
func twoDomains(t *testing.T, s, partner *sambadc.Server) {
	here, there := "OU=Both,"+sambadc.StaffDN, "OU=Both,"+partner.Local(sambadc.StaffDN)
	s.Add(here, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	partner.Add(there, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	s.AddPerson("CN=ada,"+here, sambadc.Attributes{"mail": {"ada@example.com"}})
	partner.AddPerson("CN=ben,"+there, sambadc.Attributes{"mail": {"ben@partner.example"}})
	partner.AddPerson("CN=tmp,"+there, sambadc.Attributes{"mail": {"tmp@partner.example"}})
	partner.Delete("CN=tmp," + there)
	s.Add("CN=All,"+here, sambadc.Attributes{"objectClass": {"group"}, "groupType": {"-2147483644"},
		"member": {"CN=ada," + here, "<SID=" + partner.SID("CN=ben,"+there) + ">"}})
	o := windowsSettings(t, s, "")
	o.URL, o.Login = "", administrator(t)
	other := administrator(t) // two domains of one forest would take one account
	other.User = partner.Local(sambadc.AdminUser)
	o.Domains = []ForestDomain{{URL: s.SecureURL(), Base: here}, // whose authority and name are the source's
		{URL: partner.SecureURL(), Base: there, Login: &other, TLS: DomainTLS{CA: partner.CAFile(), ServerName: partner.Local(sambadc.Host)}}}
	r := connectortest.Follow(t, open(t, o, "department"))
	r.Full()
	members := func(want ...string) {
		t.Helper()
		if got := r.Members("All"); !slices.Equal(got, want) {
			t.Errorf("all are %v", got)
		}
	}
	members("ada@example.com", "ben@partner.example")
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	partner.Replace("CN=ben,"+there, sambadc.Attributes{"department": {"IT"}})
	s.AddPerson("CN=cem,"+here, sambadc.Attributes{"mail": {"cem@example.com"}})
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	if len(r.People()) != 3 {
		t.Errorf("%v", r.People())
	}
	partner.Delete("CN=ben," + there)
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	members("ada@example.com")
	partner.Add("OU=In,"+there, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	r.Changes()
	partner.Move("OU=In,"+there, "OU=Inner", "")
	r.Changes() // one domain cannot tell, so all are read
	wantCoverage(t, r, directory.Complete)
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	var said []string
	for _, f := range r.Source.(connectors.Checker).Check(context.Background()) {
		said = append(said, f.Text)
	}
	for _, part := range []string{here + ": 2 people", there + ": changes are told at once"} {
		if !strings.Contains(strings.Join(said, "\n"), part) {
			t.Errorf("check does not say %q: %q", part, said)
		}
	}
	forestWatch(t, r.Source.(connectors.Watcher), func() { partner.AddPerson("CN=dov,"+there, sambadc.Attributes{}) })
	partner.Stop()
	if _, err := r.Source.Fetch(context.Background(), r.Receipt.Next, func(*directory.Record) error { return nil }); err == nil || !strings.Contains(err.Error(), there) {
		t.Errorf("a read without one of the domains says %v", err)
	}
}

// forestWatch listens to all domains, and hears one.
func forestWatch(t *testing.T, w connectors.Watcher, change func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	pings, ended := make(chan struct{}, 100), make(chan error, 1)
	go func() { ended <- w.Watch(ctx, func() { pings <- struct{}{} }) }()
	for i, do := range []func(){change, stop} {
		select {
		case <-pings:
			do()
		case err := <-ended:
			t.Fatalf("after %d pings: %v", i, err)
		}
	}
	<-ended
}

// globalCatalog is refused where it lacks what decides.
func globalCatalog(t *testing.T, s *sambadc.Server) {
	o := windowsSettings(t, s, sambadc.StaffDN)
	o.URL = s.CatalogURL()
	wantError(t, fetch(t, o), "the global catalog does not have accountExpires", "under domains")
}

// Of groups of other domains a global catalog has members only where they are universal. What it does not have is not an empty group.
func TestAGroupWhoseMembersACatalogDoesNotHaveIsNotAnEmptyOne(t *testing.T) {
	for name, c := range map[string]struct {
		dn, kind string
		want     directory.Kind
	}{
		"global, of the own domain":   {"CN=g,DC=corp,DC=test", "-2147483646", directory.GroupIs},
		"universal, of another":       {"CN=g,DC=de,DC=corp2,DC=test", "-2147483640", directory.GroupIs},
		"global, of another":          {"CN=g,DC=de,DC=corp2,DC=test", "-2147483646", directory.Unsure},
		"domain-local, of another":    {"CN=g,DC=de,DC=corp2,DC=test", "-2147483644", directory.Unsure},
		"of a kind that is not shown": {"CN=g,DC=de,DC=corp2,DC=test", "", directory.Unsure},
	} {
		var kinds []directory.Kind
		x := recorder{layout: &layout{windows: true, groups: class{id: idOf("uid")}, members: []string{"member"}}, proof: &directory.Proof{}, catalogOf: "DC=corp,DC=test",
			put: func(r *directory.Record) error { kinds = append(kinds, r.Kind); return nil }}
		e := &ldapwire.Entry{DN: c.dn, Attributes: []ldapwire.Attribute{{Name: "uid", Values: [][]byte{[]byte("1")}}, {Name: "groupType", Values: [][]byte{[]byte(c.kind)}}}}
		if err := x.group(e); err != nil || kinds[0] != c.want || c.want == directory.Unsure && len(kinds) > 1 {
			t.Errorf("%s: %v, %v", name, kinds, err)
		}
	}
}

// Within its own domains a member is known by its id, beyond them by the security identifier that other sources know, too.
func TestAMemberOfAnotherDomainIsNamedByItsSID(t *testing.T) {
	x := recorder{homes: []string{"DC=corp,DC=test", "dc=de,dc=corp,dc=test"}}
	for dn, want := range map[string]directory.RefKind{
		"CN=a,DC=corp,DC=test": directory.ByID, "CN=a,OU=x,dc=DE,DC=corp,DC=test": directory.ByID, "CN=a,DC=other,DC=test": directory.BySID,
		"CN=a,DC=evilcorp,DC=test": directory.BySID,
	} {
		if got, ok := x.member(identified{"ab", "S-1-5-21-1", dn}); !ok || got.Kind != want {
			t.Errorf("%s: %v", dn, got)
		}
	}
}
