package ldap

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
)

// by makes a source ask for changes in one way only.
func by(source connectors.Source, w way) connectors.Source {
	source.(*watched).ways = []way{w}
	return source
}

// usedWay is how the position of a receipt was taken, "" if there is none.
func usedWay(t *testing.T, r *connectortest.Reader) way {
	t.Helper()
	if r.Receipt.Next.IsZero() {
		return ""
	}
	var p position
	if err := json.Unmarshal(r.Receipt.Next.Token, &p); err != nil {
		t.Fatal(err)
	}
	return p.Way
}

// somethingDeleted makes sure that the recycle bin is not empty: nothing tells an empty one from one that is hidden.
func somethingDeleted(s *sambadc.Server, name string) {
	s.AddPerson("CN="+name+","+sambadc.StaffDN, sambadc.Attributes{"sAMAccountName": {name}})
	s.Delete("CN=" + name + "," + sambadc.StaffDN)
}

// windowsIncrements are the increments' own ways to be wrong, told the same whichever way is used.
func windowsIncrements(t *testing.T, s *sambadc.Server) {
	for _, w := range ways() {
		t.Run(string(w), func(t *testing.T) { incrementsBy(t, s, w) })
	}
}

func incrementsBy(t *testing.T, s *sambadc.Server, w way) {
	somethingDeleted(s, "short")
	base := "OU=Increments " + strings.ReplaceAll(string(w), ",", "") + "," + sambadc.StaffDN
	s.Add(base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	for n := range 5 {
		s.AddPerson(fmt.Sprintf("CN=p%d,%s", n, base), sambadc.Attributes{"mail": {fmt.Sprintf("i%d@example.com", n)}})
	}
	person := func(n int) string { return fmt.Sprintf("CN=p%d,%s", n, base) }
	s.Add("CN=Team,"+base, sambadc.Attributes{"objectClass": {"group"}, "member": {person(0), person(1)}})
	o := windowsSettings(t, s, base)
	o.Login = administrator(t)
	r := connectortest.Follow(t, by(open(t, o, "department"), w))
	r.Full()
	expect := func(what string, coverage directory.Coverage, records int) {
		t.Helper()
		r.Changes()
		if r.Receipt.Coverage != coverage || records >= 0 && r.Records != records {
			t.Errorf("%s: %v of %d records (%s), want %v of %d", what, r.Receipt.Coverage, r.Records, r.Receipt.Proof.Note, coverage, records)
		}
		r.SameAsFull()
	}
	expect("nothing", directory.Delta, 0)
	s.Replace(person(0), sambadc.Attributes{"userAccountControl": {"546"}})
	expect("a disabled account", directory.Delta, 1)
	s.Move(person(1), "CN=Somebody else", "")
	expect("a new name", directory.Delta, -1)
	s.Move(person(2), "CN=p2", "CN=Users,"+sambadc.Suffix)
	expect("out of the base", directory.Delta, 1)
	s.Move("CN=p2,CN=Users,"+sambadc.Suffix, "CN=p2", base)
	expect("into the base", directory.Delta, -1)
	s.Delete(person(0))
	expect("a deletion", directory.Delta, -1)
	s.Add("OU=New,"+base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	expect("a new container", directory.Delta, -1)
	s.Move(person(4), "CN=p4", "OU=New,"+base)
	expect("into a new container", directory.Delta, -1)
	s.Move("OU=New,"+base, "OU=Newer", "")
	expect("a renamed container", directory.Complete, -1)
	s.Replace("CN=Team,"+base, sambadc.Attributes{"member": {person(2), person(3)}})
	expect("another member list", directory.Delta, -1)
	s.Replace(person(2), sambadc.Attributes{"primaryGroupID": {s.RID("CN=Team," + base)}})
	expect("another primary group", directory.Delta, -1)
	s.Undelete("p0", person(0))
	expect("somebody restored from the recycle bin", directory.Complete, -1)
	s.Restart()
	expect("a restart", directory.Delta, -1)
	if used := usedWay(t, r); used != w || strings.Contains(r.Receipt.Proof.Note, "no increments") {
		t.Errorf("it was asked by %q (%s)", used, r.Receipt.Proof.Note)
	}
}

// largeGroup is one of which only those are replicated who came or went.
func largeGroup(t *testing.T, s *sambadc.Server) {
	somethingDeleted(s, "bin")
	o := windowsSettings(t, s, sambadc.StaffDN)
	o.Login = administrator(t)
	r := connectortest.Follow(t, open(t, o))
	r.Full()
	if usedWay(t, r) != byReplication {
		t.Fatal(r.Receipt.Proof.Note)
	}
	c := s.Connect()
	defer c.Close()
	m := ldap.NewModifyRequest("CN=Everybody,"+sambadc.StaffDN, nil)
	m.Delete("member", []string{"CN=Person 5," + sambadc.StaffDN, "CN=Person 6," + sambadc.StaffDN})
	m.Add("member", []string{"CN=Person 1999," + sambadc.StaffDN})
	if err := c.Modify(m); err != nil {
		t.Fatal(err)
	}
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	if r.Records != 7 { // one came; two went, by each of the three names that they have
		t.Errorf("%d records", r.Records)
	}
	if got := len(r.Members("Everybody")); got != 1989 {
		t.Errorf("%d members", got)
	}
	// A group that is new to the base brings its whole list, although none of it changed.
	s.Move("CN=Everybody,"+sambadc.StaffDN, "CN=Everybody", "CN=Users,"+sambadc.Suffix)
	r.Changes()
	s.Move("CN=Everybody,CN=Users,"+sambadc.Suffix, "CN=Everybody", sambadc.StaffDN)
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	if got := len(r.Members("Everybody")); got != 1989 {
		t.Errorf("%d members", got)
	}
}

// windowsWalk changes a unit at random. Whatever the way, increments end where a full read ends.
func windowsWalk(t *testing.T, s *sambadc.Server) {
	for i, w := range ways() {
		t.Run(string(w), func(t *testing.T) {
			k := &walk{s: s, base: fmt.Sprintf("OU=Walk%d,%s", i, sambadc.StaffDN), random: rand.New(rand.NewPCG(3, uint64(i))), next: 1000 * i}
			k.begin()
			o := windowsSettings(t, s, k.base)
			o.Login = administrator(t)
			r := connectortest.Follow(t, by(open(t, o, "department"), w))
			r.Full()
			deltas := 0
			for range 25 {
				for range 1 + k.random.IntN(3) {
					k.change()
				}
				r.Changes()
				if r.SameAsFull(); t.Failed() {
					t.Fatal(k.did)
				}
				if r.Receipt.Coverage == directory.Delta {
					deltas++
				}
			}
			if deltas < 15 {
				t.Errorf("only %d of 25 reads were increments", deltas)
			}
		})
	}
}

// walk is a unit in which anything may happen.
type walk struct {
	s              *sambadc.Server
	base           string
	random         *rand.Rand
	people, groups []string // names below the base
	away           []string // people outside
	next           int
	did            []string
}

func (k *walk) dn(name string) string { return "CN=" + name + "," + k.base }

func (k *walk) begin() {
	k.s.Add(k.base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	for range 8 {
		k.hire()
	}
	for n := range 4 {
		k.groups = append(k.groups, fmt.Sprint("g", n))
		k.s.Add(k.dn(k.groups[n]), sambadc.Attributes{"objectClass": {"group"}})
	}
}

func (k *walk) hire() {
	k.next++
	name := fmt.Sprintf("w%d", k.next)
	k.s.AddPerson(k.dn(name), sambadc.Attributes{"mail": {fmt.Sprintf("%s.%d@example.com", name, k.random.Uint32())}})
	k.people = append(k.people, name)
}

// take takes somebody out of the list.
func (k *walk) take() string {
	i := k.random.IntN(len(k.people))
	name := k.people[i]
	k.people = slices.Delete(k.people, i, i+1)
	return name
}

func (k *walk) any(of []string) string { return of[k.random.IntN(len(of))] }

func (k *walk) change() {
	outside := "CN=Users," + sambadc.Suffix
	n := k.random.IntN(9)
	switch {
	case n == 0 || len(k.people) < 4:
		k.hire()
	case n == 1:
		k.s.Delete(k.dn(k.take()))
	case n == 2:
		k.next++
		old, now := k.take(), fmt.Sprintf("w%d", k.next)
		k.s.Move(k.dn(old), "CN="+now, "")
		k.people = append(k.people, now)
	case n == 3:
		k.s.Replace(k.dn(k.any(k.people)), sambadc.Attributes{"department": {fmt.Sprint(k.random.IntN(4))}})
	case n == 4:
		k.s.Replace(k.dn(k.any(k.people)), sambadc.Attributes{"userAccountControl": {k.any([]string{"512", "514"})}})
	case n == 5:
		name := k.take()
		k.s.Move(k.dn(name), "CN="+name, outside)
		k.away = append(k.away, name)
	case n == 6 && len(k.away) > 0:
		name := k.away[0]
		k.away = k.away[1:]
		k.s.Move("CN="+name+","+outside, "CN="+name, k.base)
		k.people = append(k.people, name)
	default:
		var members []string
		for range 3 {
			members = append(members, k.dn(k.any(k.people)))
		}
		if group := k.any(k.groups); group != k.groups[0] {
			k.s.Replace(k.dn(group), sambadc.Attributes{"member": distinct(append(members, k.dn(k.groups[0])))})
		} else {
			k.s.Replace(k.dn(group), sambadc.Attributes{"member": distinct(members)})
		}
	}
	k.did = append(k.did, fmt.Sprint(n))
}

// replicating is an ordinary account that may replicate. Samba tells it of no deletion as long as it may not see the recycle bin; so it gets no
// increments until then, although the right is there.
func replicating(t *testing.T, s *sambadc.Server) {
	somethingDeleted(s, "proof")
	s.AllowReplication(sambadc.ReaderUser)
	base := "OU=Replicated," + sambadc.StaffDN
	s.Add(base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	s.AddPerson("CN=ida,"+base, sambadc.Attributes{"mail": {"ida@example.com"}})
	o := windowsSettings(t, s, base)
	r := connectortest.Follow(t, open(t, o))
	if r.Full(); usedWay(t, r) != "" || !strings.Contains(r.Receipt.Proof.Note, "sees no deleted objects") {
		t.Errorf("%q (%s)", usedWay(t, r), r.Receipt.Proof.Note)
	}
	s.ShowDeletions(sambadc.ReaderUser)
	r = connectortest.Follow(t, open(t, o))
	if r.Full(); usedWay(t, r) != byReplication {
		t.Fatalf("%q (%s)", usedWay(t, r), r.Receipt.Proof.Note)
	}
	s.Delete("CN=ida," + base)
	if r.Changes(); r.Receipt.Coverage != directory.Delta || len(r.People()) != 0 {
		t.Errorf("%v of %v (%s)", r.Receipt.Coverage, r.People(), r.Receipt.Proof.Note)
	}
	broken := func(change func(*position)) directory.Cursor {
		var p position
		if err := json.Unmarshal(r.Receipt.Next.Token, &p); err != nil {
			t.Fatal(err)
		}
		change(&p)
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return directory.Cursor{Shape: r.Receipt.Next.Shape, Token: raw}
	}
	for name, since := range map[string]directory.Cursor{
		"a cookie that is none":        broken(func(p *position) { p.Cookie = []byte("what is this") }),
		"a way that we do not know":    broken(func(p *position) { p.Way = "guess" }),
		"a database that was put back": broken(func(p *position) { p.USN += 1000 }),
		"no position of ours":          {Shape: r.Receipt.Next.Shape, Token: []byte("{")},
		"of another controller":        {Shape: [32]byte{1}, Token: r.Receipt.Next.Token},
	} {
		other := connectortest.Follow(t, open(t, o))
		if other.From(since); other.Receipt.Coverage != directory.Complete {
			t.Errorf("%s: %v", name, other.Receipt.Coverage)
		}
	}
}

// withoutTrace are attributes that a controller computes, or keeps for itself: those who filter by them or read them get no increments.
func withoutTrace(t *testing.T, s *sambadc.Server) {
	base := "OU=Traceless," + sambadc.StaffDN
	s.Add(base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	s.AddPerson("CN=kim,"+base, sambadc.Attributes{"mail": {"kim@example.com"}})
	s.Add("CN=Staff,"+base, sambadc.Attributes{"objectClass": {"group"}, "sAMAccountName": {"traceless"}})
	for name, c := range map[string]struct {
		filter, attribute, want string
	}{
		"a filter by groups":     {"(&(objectCategory=person)(memberOf=CN=Staff," + base + "))", "department", "memberOf changes without a trace"},
		"a filter in a chain":    {"(memberOf:1.2.840.113556.1.4.1941:=CN=Staff," + base + ")", "department", "memberOf changes without a trace"},
		"a rule reads the group": {"(objectCategory=person)", "memberOf", "memberOf changes without a trace"},
		"of one controller":      {"(objectCategory=person)", "lastLogon", "lastLogon changes without a trace"},
		"computed":               {"(objectCategory=person)", "canonicalName", "canonicalName changes without a trace"},
		"ordinary":               {"(&(objectCategory=person)(manager=*))", "manager", ""},
	} {
		o := windowsSettings(t, s, base)
		o.Login, o.People.Filter = administrator(t), c.filter
		r := connectortest.Follow(t, open(t, o, c.attribute))
		r.Full()
		if r.Receipt.Next.IsZero() != (c.want != "") || !strings.Contains(r.Receipt.Proof.Note, c.want) {
			t.Errorf("%s: position %v, %q", name, !r.Receipt.Next.IsZero(), r.Receipt.Proof.Note)
		}
	}
}

func TestAttributesOfAFilterAreFound(t *testing.T) {
	got := filterAttributes("(&(objectClass=user)(!(|(mail=a*)(sn>=b)(cn=*)))(memberOf:1.2.3:=x)(uid~=y))")
	if want := []string{"objectClass", "mail", "sn", "cn", "memberOf", "uid"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// putBack is a controller whose disk was put back to an older state: it gives the same numbers a second time.
func putBack(t *testing.T, s *sambadc.Server) {
	base := "OU=Back," + sambadc.StaffDN
	s.Add(base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	s.AddPerson("CN=uma,"+base, sambadc.Attributes{"mail": {"uma@example.com"}})
	somethingDeleted(s, "gone")
	s.Backup()
	s.AddPerson("CN=vic,"+base, sambadc.Attributes{"mail": {"vic@example.com"}})
	for _, w := range ways() {
		o := windowsSettings(t, s, base)
		o.Login = administrator(t)
		r := connectortest.Follow(t, by(open(t, o), w))
		if r.Full(); usedWay(t, r) != w || len(r.People()) != 2 {
			t.Fatalf("%s: %q, %v", w, r.Receipt.Proof.Note, r.People())
		}
		defer func() {
			r.Changes()
			wantBehind(t, r, "was put back to an older state")
			if got := r.People(); len(got) != 2 {
				t.Errorf("%s: what was put back is believed: %v", w, got)
			}
			r.Accept()
			if got := r.People(); !slices.Equal(got, []string{"uma@example.com"}) {
				t.Errorf("%s: %v", w, got)
			}
		}()
	}
	s.Restore()
}

// anotherController answers when the first does not. Both call themselves alike; a position of one is worth nothing to the other.
func anotherController(t *testing.T, s, second *sambadc.Server) {
	somethingDeleted(second, "short")
	second.AddPerson("CN=wim,"+sambadc.StaffDN, sambadc.Attributes{"mail": {"wim@example.com"}})
	first, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(second.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	o := windowsSettings(t, s, sambadc.StaffDN)
	o.URL, o.URLs, o.Login = "", []string{s.SecureURL(), second.SecureURL()}, administrator(t)
	o.TLS.CA = writeFile(t, "both.pem", string(first)+string(other))
	r := connectortest.Follow(t, open(t, o))
	r.Full()
	s.Stop()
	if r.Changes(); r.Receipt.Coverage != directory.Complete || !slices.Equal(r.People(), []string{"wim@example.com"}) {
		t.Errorf("%v of %v (%s)", r.Receipt.Coverage, r.People(), r.Receipt.Proof.Note)
	}
	if r.Changes(); r.Receipt.Coverage != directory.Delta {
		t.Errorf("%v (%s)", r.Receipt.Coverage, r.Receipt.Proof.Note)
	}
}
