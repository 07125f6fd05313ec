package ldap

import (
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/adsim"
)

// sourceOf reads one controller as a source of a name.
func sourceOf(t *testing.T, name string, dc *adsim.Controller, base string) *connectortest.Reader {
	t.Helper()
	server, err := dc.Server()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	o := New().(*Settings)
	o.Preset, o.Base, o.URL, o.Timeout = "active_directory", base, server.SecureURL(), 20*time.Second
	o.Login, o.TLS.CA = Login{User: "reader", Password: passwordFile(t, "x")}, writeFile(t, "ca.pem", string(server.CA().PEM()))
	s, err := o.Open(connectors.Env{Name: name, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return connectortest.FollowAs(t, s, name)
}

// A trusted forest's people are known here by their SIDs alone; the source of their own forest says who they are. Whoever moves between domains of
// their forest has another SID, and is a stranger until the group holds the new one.
func TestMembersOfATrustedForestAreFoundInItsOwnSource(t *testing.T) {
	c := aDomain(t, 1, accountFor(byReplication))
	partner := adsim.New(adsim.Options{Now: time.Now, Accounts: map[string]adsim.Account{"reader": {Password: "x", Replicate: true}}})
	theirs, below := partner.AddDomain("DC=partner,DC=test").Controller(0), partner.AddDomain("DC=sub,DC=partner,DC=test").Controller(0)
	zoe := "CN=zoe,CN=Users,DC=partner,DC=test"
	theirs.Add(zoe, "user", adsim.Attributes{"mail": {"zoe@partner.test"}})
	here := c.dc(0)
	here.Trust(partner.Domain("DC=partner,DC=test"))
	here.Add(simPerson("Visitors"), "group", adsim.Attributes{"groupType": {"-2147483644"}})
	foreign := here.JoinForeign(simPerson("Visitors"), theirs.SID(zoe))
	corp := c.reader(byReplication)
	corp.Full()
	own, sub := sourceOf(t, "partner", theirs, "DC=partner,DC=test"), sourceOf(t, "sub", below, "DC=sub,DC=partner,DC=test")
	own.Full()
	sub.Full()
	visitors := func(want ...string) {
		t.Helper()
		var got []string
		v := directory.Join(corp.Snapshot, own.Snapshot, sub.Snapshot)
		for g := range v.Groups() {
			for _, m := range v.Members(g) {
				if v.Group(g).Name() == "Visitors" {
					got = append(got, v.Person(int(m)).Email())
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the visitors are %v, want %v", got, want)
		}
	}
	visitors("zoe@partner.test")
	moved := theirs.MoveTo(zoe, below, "CN=zoe,CN=Users,DC=sub,DC=partner,DC=test")
	own.Changes()
	sub.Changes()
	visitors()
	here.JoinForeign(simPerson("Visitors"), moved)
	here.Leave(simPerson("Visitors"), foreign)
	corp.Changes()
	if corp.Receipt.Coverage != directory.Delta {
		t.Errorf("%v (%s)", corp.Receipt.Coverage, corp.Receipt.Proof.Note)
	}
	visitors("zoe@partner.test")
}

// inTwoDomains is a company with two controllers and a domain below it with one, as one source.
func inTwoDomains(t *testing.T) (c *company, below *adsim.Controller, r *connectortest.Reader) {
	t.Helper()
	c = aDomain(t, 2, accountFor(byReplication))
	below = c.forest.AddDomain("DC=de," + simDomain).Controller(0)
	below.Add(germans, "organizationalUnit", nil)
	for _, name := range []string{"uli", "vera"} {
		below.Add("CN="+name+","+germans, "user", adsim.Attributes{"mail": {name + "@corp.test"}})
	}
	server, err := below.Server()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	pem, err := os.ReadFile(c.o.TLS.CA)
	if err != nil {
		t.Fatal(err)
	}
	c.o.TLS.CA = writeFile(t, "all.pem", string(pem)+string(server.CA().PEM()))
	c.o.Domains = []ForestDomain{{URLs: c.o.URLs, Base: simStaff}, {URL: server.SecureURL(), Base: germans}}
	c.o.URLs, c.o.Base = nil, ""
	s, err := c.o.Open(connectors.Env{Name: "corp", Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	r = connectortest.Follow(t, s)
	r.Full()
	return c, below, r
}

const germans = "OU=Staff,DC=de," + simDomain

// A controller of one domain that lags holds up the others for as long as it does, but no leaver.
func TestADomainThatIsBehindHoldsUpItsForestButNoLeaver(t *testing.T) {
	c, below, r := inTwoDomains(t)
	a, b := c.dc(0), c.dc(1)
	a.Join(simPerson("Staff"), "CN=uli,"+germans)
	a.Disable(simPerson("ana"))
	r.Changes()
	wantRead(t, r, directory.Delta)
	wantDisabled(t, r, "ana")
	c.down(0)
	below.Disable("CN=vera," + germans)
	below.Add("CN=wim,"+germans, "user", adsim.Attributes{"mail": {"wim@corp.test"}})
	for _, read := range []func(){r.Changes, r.Everything, r.Changes} {
		read()
		wantBehind(t, r, "lags behind")
		wantDisabled(t, r, "ana vera")
	}
	if got := r.Members("Staff"); len(got) != 3 || len(r.People()) != 5 {
		t.Errorf("%v of %v", got, r.People())
	}
	b.Replicate(a)
	r.Changes()
	wantBehind(t, r, "")
	r.SameAsFull()
	wantDisabled(t, r, "ana vera")
}

// Somebody moves to another domain, of which the controller that is read hears later.
func TestWhoMovesBetweenDomainsStaysInTheGroupsWhicheverControllerTells(t *testing.T) {
	c, below, r := inTwoDomains(t)
	c.down(0)
	r.Changes()
	c.dc(0).MoveTo(simPerson("bo"), below, "CN=bo,"+germans)
	for range 2 {
		r.Changes()
		if got := r.Members("Staff"); !slices.Contains(got, "bo@corp.test") || len(r.People()) != 5 {
			t.Errorf("staff are %v of %v", got, r.People())
		}
		c.dc(1).Replicate(c.dc(0))
	}
	r.SameAsFull()
}
