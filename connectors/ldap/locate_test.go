package ldap

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// zone is a name server on loopback with SRV records; every other name that it knows is 127.0.0.1.
type zone struct {
	line net.PacketConn

	mu      sync.Mutex
	records map[string][]dnsmessage.SRVResource // by name, with its last dot
	asked   []string
}

func startZone(t *testing.T) *zone {
	t.Helper()
	line, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{line: line, records: map[string][]dnsmessage.SRVResource{}}
	var served sync.WaitGroup
	served.Go(z.serve)
	t.Cleanup(func() { line.Close(); served.Wait() })
	return z
}

// set says which servers a name has: "priority weight port host" each.
func (z *zone) set(name string, servers ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[name] = nil
	for _, s := range servers {
		var r dnsmessage.SRVResource
		var host string
		if _, err := fmt.Sscan(s, &r.Priority, &r.Weight, &r.Port, &host); err != nil {
			panic(err)
		}
		r.Target = dnsmessage.MustNewName(host)
		z.records[name] = append(z.records[name], r)
	}
}

func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", z.line.LocalAddr().String())
	}}
}

func (z *zone) serve() {
	buffer := make([]byte, 1500)
	for {
		n, from, err := z.line.ReadFrom(buffer)
		if err != nil {
			return // closed
		}
		var m dnsmessage.Message
		if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		z.answer(&m)
		if packed, err := m.Pack(); err == nil {
			_, _ = z.line.WriteTo(packed, from) // whoever does not hear it asks again
		}
	}
}

func (z *zone) answer(m *dnsmessage.Message) {
	z.mu.Lock()
	defer z.mu.Unlock()
	q := m.Questions[0]
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}
	m.Additionals = nil
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
	switch q.Type {
	case dnsmessage.TypeSRV:
		z.asked = append(z.asked, q.Name.String())
		for _, r := range z.records[q.Name.String()] {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &r})
		}
		if len(m.Answers) == 0 {
			m.RCode = dnsmessage.RCodeNameError
		}
	case dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	}
}

// controllers are servers of corp.test by name, each with one person called like it.
func controllers(t *testing.T, names ...string) (servers map[string]*ldapsim.Server, ca string) {
	t.Helper()
	servers = map[string]*ldapsim.Server{}
	for _, name := range names {
		server, company := startSim(t, ldapsim.Options{Leaf: privateca.Leaf{Hosts: []string{name + ".corp.test"}}})
		if err := company.Add("uid="+name+","+slapd.PeopleDN, ldapsim.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {name}, "mail": {name + "@example.com"}}); err != nil {
			t.Fatal(err)
		}
		servers[name] = server
		ca += string(server.CA().PEM())
	}
	return servers, writeFile(t, "all.pem", ca)
}

// record is the line of a server for a zone, over ldaps.
func record(priority, weight int, name string, s *ldapsim.Server) string {
	_, port, _ := strings.Cut(strings.TrimPrefix(s.SecureURL(), "ldaps://"), ":")
	return fmt.Sprintf("%d %d %s %s.corp.test.", priority, weight, port, name)
}

func byDNS(t *testing.T, z *zone, s *ldapsim.Server, ca string) *source {
	t.Helper()
	o := simSettings(t, s)
	o.URL, o.Domain, o.TLS.CA, o.Timeout = "", "Corp.Test", ca, 5*time.Second
	src := open(t, o).(*watched).source
	src.resolver = z.resolver()
	return src
}

func TestServersOfADomainAreFoundByDNSAndTriedInTheirOrder(t *testing.T) {
	servers, ca := controllers(t, "dc1", "dc2", "dc3")
	z := startZone(t)
	z.set("_ldaps._tcp.corp.test.", record(20, 0, "dc3", servers["dc3"]), record(10, 0, "dc1", servers["dc1"]), record(15, 0, "dc2", servers["dc2"]))
	r := connectortest.Follow(t, byDNS(t, z, servers["dc1"], ca))
	for _, name := range []string{"dc1", "dc2", "dc3"} {
		if r.Full(); !slices.Equal(r.People(), []string{name + "@example.com"}) {
			t.Errorf("%v was asked instead of %s", r.People(), name)
		}
		servers[name].Close()
	}
	if _, err := r.Source.Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error { return nil }); err == nil {
		t.Error("nobody is there and yet the read is whole")
	}
}

// Who was asked last is asked again, although others are as good: a position is good for one server.
func TestOfServersThatAreAsGoodTheSameOneIsAskedAgain(t *testing.T) {
	servers, ca := controllers(t, "dc1", "dc2", "dc3", "dc4")
	z := startZone(t)
	var all []string
	for name, s := range servers {
		all = append(all, record(0, 100, name, s))
	}
	z.set("_ldaps._tcp.corp.test.", all...)
	r := connectortest.Follow(t, byDNS(t, z, servers["dc1"], ca))
	r.Full()
	first := r.People()
	for range 10 {
		if r.Changes(); !slices.Equal(r.People(), first) {
			t.Fatalf("first %v, then %v", first, r.People())
		}
	}
	// The daemon was restarted: the position remembers.
	restarted := byDNS(t, z, servers["dc1"], ca)
	again := connectortest.Follow(t, restarted)
	again.Snapshot = r.Snapshot
	if again.Changes(); !slices.Equal(again.People(), first) {
		t.Errorf("first %v, after a restart %v", first, again.People())
	}
	// Another server's position is not used.
	name, _, _ := strings.Cut(first[0], "@")
	servers[name].Close()
	if again.Changes(); again.Receipt.Coverage != directory.Complete || slices.Equal(again.People(), first) {
		t.Errorf("%v by %v", again.People(), again.Receipt.Coverage)
	}
}

func TestAllServersOfOnePriorityAreUsedByTheirWeights(t *testing.T) {
	z := startZone(t)
	z.set("_ldaps._tcp.corp.test.", "0 90 636 heavy.corp.test.", "0 10 636 light.corp.test.", "1 0 636 spare.corp.test.")
	src := newSource(&Settings{Domain: "corp.test"}, connectors.Env{}, &layout{})
	src.resolver = z.resolver()
	first := map[string]int{}
	for range 300 {
		urls, err := src.candidates(context.Background(), "")
		if err != nil || len(urls) != 3 || urls[2] != "ldaps://spare.corp.test:636" {
			t.Fatal(urls, err)
		}
		first[urls[0]]++
	}
	if light := first["ldaps://light.corp.test:636"]; light < 5 || light > 75 {
		t.Errorf("of 300 times the light one came first %d times, 30 are meant", light)
	}
}

// Active Directory announces _ldap on port 389, and nothing for TLS.
func TestTheServersOfActiveDirectoryAreAskedOverTLSAllTheSame(t *testing.T) {
	z := startZone(t)
	z.set("_ldap._tcp.corp.test.", "0 100 389 dc1.corp.test.")
	z.set("_ldap._tcp.berlin._sites.corp.test.", "0 100 389 dc2.corp.test.")
	for name, c := range map[string]struct {
		settings Settings
		want     string
	}{
		"ldaps":    {Settings{Domain: "corp.test"}, "ldaps://dc1.corp.test:636"},
		"StartTLS": {Settings{Domain: "corp.test", URL: "ldap://"}, "ldap://dc1.corp.test:389"},
		"a site":   {Settings{Domain: "corp.test", Site: "berlin"}, "ldaps://dc2.corp.test:636"},
	} {
		src := newSource(&c.settings, connectors.Env{}, &layout{})
		src.resolver = z.resolver()
		if urls, err := src.candidates(context.Background(), ""); err != nil || !slices.Equal(urls, []string{c.want}) {
			t.Errorf("%s: %v, %v", name, urls, err)
		}
	}
}

func TestDNSIsNotBelievedAboutServersOfOthers(t *testing.T) {
	servers, ca := controllers(t, "dc1")
	z := startZone(t)
	src := byDNS(t, z, servers["dc1"], ca)
	fails := func(what string, parts ...string) {
		t.Helper()
		_, err := src.Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error { return nil })
		if err == nil {
			t.Errorf("%s: no error", what)
			return
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", what, err, part)
			}
		}
	}
	fails("no record", "look for the servers of corp.test", "under urls")
	z.set("_ldaps._tcp.corp.test.", "0 0 636 dc1.corp.test.evil.example.")
	fails("another domain", "not below corp.test")
	z.set("_ldaps._tcp.corp.test.", "0 0 636 evilcorp.test.")
	fails("a domain that ends alike", "not below corp.test")
	z.set("_ldaps._tcp.corp.test.", strings.Replace(record(0, 0, "dc1", servers["dc1"]), "dc1.", "dc9.", 1))
	fails("the certificate of another host", "dc9.corp.test")
	z.set("_ldaps._tcp.corp.test.", record(0, 0, "dc1", servers["dc1"]))
	if _, err := src.Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error { return nil }); err != nil {
		t.Error(err)
	}
	var said []string
	for _, f := range src.Check(context.Background()) {
		said = append(said, f.Text)
	}
	if !strings.Contains(strings.Join(said, "\n"), "dc1.corp.test") {
		t.Errorf("check says %q", said)
	}
	z.set("_ldaps._tcp.corp.test.") // name servers lose records, too
	if _, err := src.Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error { return nil }); err != nil {
		t.Errorf("the server that was asked last is not asked when DNS names none: %v", err)
	}
}
