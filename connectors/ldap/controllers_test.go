package ldap

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/adsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

// Several controllers of one domain, of which each knows what was done at it and what it was told.

const (
	simDomain = "DC=corp,DC=test"
	simStaff  = "OU=Staff," + simDomain
)

func simPerson(name string) string { return "CN=" + name + "," + simStaff }

// company is a domain with people, and a source that reads it below Staff.
type company struct {
	t       testing.TB
	forest  *adsim.Forest
	domain  *adsim.Domain
	servers []*ldapsim.Server // of the controllers, nil while one is down
	now     time.Time
	o       *Settings
}

// aDomain has n controllers that all know the same: ana, bo and cleo, of whom ana and bo are Staff.
func aDomain(t testing.TB, n int, account adsim.Account) *company {
	t.Helper()
	account.Password = "x"
	c := &company{t: t, now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	c.forest = adsim.New(adsim.Options{Now: func() time.Time { return c.now }, Accounts: map[string]adsim.Account{"reader": account}})
	c.domain = c.forest.AddDomain(simDomain)
	first := c.domain.Controller(0)
	first.Add(simStaff, "organizationalUnit", nil)
	for _, name := range []string{"ana", "bo", "cleo"} {
		first.Add(simPerson(name), "user", adsim.Attributes{"mail": {name + "@corp.test"}, "department": {"IT"}})
	}
	first.Add(simPerson("Staff"), "group", adsim.Attributes{"member": {simPerson("ana"), simPerson("bo")}})
	first.Delete(simPersonOf(first, "short")) // whether deleted objects are seen cannot be told before there is one
	for range n - 1 {
		first.Replicate(c.domain.AddController())
	}
	c.o = New().(*Settings)
	c.o.Preset, c.o.Base, c.o.Timeout = "active_directory", simStaff, 20*time.Second
	c.o.Login = Login{User: "reader", Password: passwordFile(t, "x")}
	var authorities strings.Builder
	for i := range n {
		s, err := c.dc(i).Server()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		authorities.Write(s.CA().PEM())
		c.servers = append(c.servers, s)
		c.o.URLs = append(c.o.URLs, s.SecureURL())
	}
	c.o.TLS.CA = writeFile(t, "ca.pem", authorities.String())
	return c
}

func simPersonOf(c *adsim.Controller, name string) string {
	c.Add(simPerson(name), "user", nil)
	return simPerson(name)
}

func (c *company) dc(n int) *adsim.Controller { return c.domain.Controller(n) }

// down makes a controller refuse everybody, up lets it answer again.
func (c *company) down(n int) { c.servers[n].Break(ldapsim.Fault{On: ldapsim.OnAccept, Drop: true}) }
func (c *company) up(n int)   { c.servers[n].Heal() }

// reader follows the domain by one way.
func (c *company) reader(w way) *connectortest.Reader {
	s, err := c.o.Open(connectors.Env{Name: "corp", Attributes: []string{"department"}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return c.now }})
	if err != nil {
		c.t.Fatal(err)
	}
	return connectortest.Follow(c.t, by(s, w))
}

// accountFor may ask in one way.
func accountFor(w way) adsim.Account {
	return adsim.Account{Replicate: w == byReplication, SeesDeleted: w != byReplication}
}

// eachWay tells a story once for each way of asking what changed.
func eachWay(t *testing.T, n int, story func(t *testing.T, c *company, r *connectortest.Reader)) {
	for _, w := range ways() {
		t.Run(string(w), func(t *testing.T) {
			c := aDomain(t, n, accountFor(w))
			r := c.reader(w)
			if r.Full(); usedWay(t, r) != w {
				t.Fatalf("%q (%s)", usedWay(t, r), r.Receipt.Proof.Note)
			}
			story(t, c, r)
		})
	}
}

func TestOneControllerOfTheSimulatorIsReadAsARealOne(t *testing.T) {
	eachWay(t, 1, func(t *testing.T, c *company, r *connectortest.Reader) {
		dc, step := c.dc(0), 0
		expect := func(coverage directory.Coverage) {
			t.Helper()
			step++
			if r.Changes(); r.Receipt.Coverage != coverage {
				t.Errorf("step %d: %v (%s)", step, r.Receipt.Coverage, r.Receipt.Proof.Note)
			}
			r.SameAsFull()
		}
		expect(directory.Delta)
		dc.Disable(simPerson("ana"))
		dc.Leave(simPerson("Staff"), simPerson("bo"))
		expect(directory.Delta)
		if r.Person("ana@corp.test").Active() != directory.No {
			t.Error("ana is enabled")
		}
		id := dc.Delete(simPerson("bo"))
		expect(directory.Delta)
		dc.Undelete(id, simPerson("bo"))
		expect(directory.Complete)
		dc.Move(simPerson("cleo"), "CN=cleo,CN=Users,"+simDomain)
		expect(directory.Delta)
		if got := r.People(); !slices.Equal(got, []string{"ana@corp.test", "bo@corp.test"}) {
			t.Errorf("%v", got)
		}
	})
}

// A server cuts a list at 1,500 values by itself. Whichever of the answers fails, nothing is believed.
func TestAGroupThatOneControllerCutsIsReadWholeOrNotAtAll(t *testing.T) {
	c := aDomain(t, 1, accountFor(byReplication))
	dc := c.dc(0)
	dc.Add("OU=Many,"+simDomain, "organizationalUnit", nil)
	for i := range 1600 {
		dc.Add(fmt.Sprintf("CN=p%d,OU=Many,%s", i, simDomain), "user", nil)
		dc.Join(simPerson("Staff"), fmt.Sprintf("CN=p%d,OU=Many,%s", i, simDomain))
	}
	c.o.Base = simDomain
	r := c.reader(byReplication)
	r.Full()
	if got := len(r.Members("Staff")); got != 1602 {
		t.Errorf("%d members", got)
	}
	dc.Leave(simPerson("Staff"), simPerson("bo"))
	dc.Replace(simPerson("Staff"), adsim.Attributes{"groupType": {"-2147483644"}})
	failed := 0
	for after := 0; ; after += 1 + after/8 {
		c.servers[0].Break(ldapsim.Fault{On: ldapsim.OnEntry, After: after, Times: 1, Drop: true})
		_, err := r.Source.Fetch(context.Background(), r.Snapshot.Cursor(), func(*directory.Record) error { return nil })
		c.servers[0].Heal()
		if err == nil {
			break
		}
		failed++
	}
	if failed < 5 {
		t.Errorf("the read was broken in %d places only", failed)
	}
	r.Changes()
	if got := len(r.Members("Staff")); got != 1601 {
		t.Errorf("%d members", got)
	}
}

// A cookie is never taken to another server than it came from, although Active Directory would take it.
func TestAPositionStaysWithItsController(t *testing.T) {
	eachWay(t, 2, func(t *testing.T, c *company, r *connectortest.Reader) {
		c.down(0)
		for _, want := range []directory.Coverage{directory.Complete, directory.Delta} {
			if r.Changes(); r.Receipt.Coverage != want {
				t.Errorf("%v (%s)", r.Receipt.Coverage, r.Receipt.Proof.Note)
			}
		}
		c.up(0)
		if r.Changes(); r.Receipt.Coverage != directory.Complete {
			t.Errorf("%v (%s)", r.Receipt.Coverage, r.Receipt.Proof.Note)
		}
		r.SameAsFull()
	})
}
