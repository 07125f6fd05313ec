package adsim

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"go.uber.org/goleak"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const corp = "DC=corp,DC=test"

// clock is a time that only a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func forest(o Options) (*Forest, *clock) {
	c := &clock{time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	o.Now = c.now
	o.Accounts = map[string]Account{"all": {Password: "x", Replicate: true, SeesDeleted: true}, "some": {Password: "x"}}
	return New(o), c
}

// two are two controllers of a domain.
func two(o Options) (a, b *Controller, c *clock) {
	f, c := forest(o)
	d := f.AddDomain(corp)
	return d.Controller(0), d.AddController(), c
}

func user(name string) string { return "CN=" + name + ",CN=Users," + corp }

// value is what a controller has of an attribute, below deleted names too.
func value(c *Controller, id GUID, name string) string {
	if o := c.objects[id]; o != nil {
		return o.first(name)
	}
	return "?"
}

func TestOfTwoWritesTheOneWithMoreBeforeItWinsThenTheLaterOneThenTheGreaterInvocation(t *testing.T) {
	a, b, c := two(Options{})
	id := a.Add(user("ana"), "user", nil)
	b.Replicate(a)
	set := func(at *Controller, v string) { at.Replace(user("ana"), Attributes{"department": {v}}) }
	both := func(want string) {
		t.Helper()
		a.Replicate(b)
		b.Replicate(a)
		a.Replicate(b)
		if x, y := value(a, id, "department"), value(b, id, "department"); x != want || y != want {
			t.Errorf("%s and %s, want %s", x, y, want)
		}
	}
	set(a, "one")
	set(a, "two")
	c.at = c.at.Add(time.Hour)
	set(b, "late")
	both("two")
	set(a, "early")
	c.at = c.at.Add(time.Hour)
	set(b, "late")
	both("late")
	set(a, "of a")
	set(b, "of b")
	want := "of a"
	if compareGUIDs(b.invocation, a.invocation) > 0 {
		want = "of b"
	}
	both(want)
}

func TestACycleThatBreaksOffIsGoneOnWithAndItsVectorStays(t *testing.T) {
	a, b, _ := two(Options{})
	before := b.vector[a.invocation]
	for _, n := range []string{"p1", "p2", "p3"} {
		a.Add(user(n), "user", nil)
	}
	b.ReplicateSome(a, 1)
	if b.at(user("p1")) == nil || b.at(user("p2")) != nil || b.vector[a.invocation] != before {
		t.Error("not one alone")
	}
	b.Replicate(a)
	if b.at(user("p3")) == nil || b.vector[a.invocation] != a.usn {
		t.Error("not all")
	}
}

func TestTwoOfOneNameAreBothKept(t *testing.T) {
	a, b, c := two(Options{})
	first := a.Add(user("ana"), "user", nil)
	c.at = c.at.Add(time.Minute)
	second := b.Add(user("ana"), "user", nil)
	for range 3 {
		a.Replicate(b)
		b.Replicate(a)
	}
	for _, at := range []*Controller{a, b} {
		if value(at, second, "name") != "ana" || !strings.Contains(value(at, first, "name"), "\nCNF:") {
			t.Errorf("%q and %q", value(at, first, "name"), value(at, second, "name"))
		}
	}
}

func TestWhoIsDeletedKeepsWhatTheForestKeeps(t *testing.T) {
	for bin, want := range map[bool]string{true: "IT", false: ""} {
		a, b, _ := two(Options{WithoutBin: !bin})
		a.Add(user("ana"), "user", Attributes{"department": {"IT"}})
		a.Add("CN=g,CN=Users,"+corp, "group", Attributes{"member": {user("ana")}})
		group := a.at("CN=g,CN=Users," + corp)
		b.Replicate(a)
		changed := b.objects[group.guid].usnChanged
		id := a.Delete(user("ana"))
		b.Replicate(a)
		if value(b, id, "department") != want || value(b, id, "objectCategory") != "" || value(b, id, "sAMAccountName") != "ana" ||
			value(b, id, "lastKnownParent") != "CN=Users,"+corp || value(b, id, "isDeleted") != "TRUE" {
			t.Errorf("bin %v: %v", bin, b.objects[id].cells)
		}
		if b.objects[group.guid].usnChanged != changed || len(b.attribute(b.objects[group.guid], "member", ldapsim.Request{})) != 0 {
			t.Error("the group changed, or shows the member still")
		}
		if !bin {
			continue
		}
		a.Undelete(id, user("ana"))
		b.Replicate(a)
		if b.objects[group.guid].usnChanged != changed || len(b.attribute(b.objects[group.guid], "member", ldapsim.Request{})) != 1 {
			t.Error("the member did not come back without a trace")
		}
		a.Delete(user("ana"))
		a.Recycle(id)
		b.Replicate(a)
		if value(b, id, "department") != "" || len(b.objects[group.guid].members) != 0 {
			t.Error("a recycled object keeps what would bring it back")
		}
	}
}

func TestADiskThatIsPutBackIsFoundOutUnlessItsNumbersWereGivenAgain(t *testing.T) {
	for _, more := range []int{1, 10} {
		a, b, _ := two(Options{})
		disk := a.Image()
		for range 5 {
			a.Add(user("x"), "user", nil)
			a.Delete(user("x"))
		}
		b.Replicate(a)
		a.PutBack(disk)
		for range more {
			a.Add(user("y"), "user", nil)
			a.Delete(user("y"))
		}
		a.Add(user("ana"), "user", nil)
		b.Replicate(a)
		a.Replicate(b)
		if a.isolated != (more == 1) {
			t.Errorf("%d changes: isolated is %v", more, a.isolated)
		}
		a.Rebuild(b)
		if a.at(user("ana")) != nil != (b.at(user("ana")) != nil) || a.isolated {
			t.Error("it is not as the other one")
		}
	}
}

func TestARestoredControllerHasAnotherInvocationAndCatchesUp(t *testing.T) {
	a, b, _ := two(Options{})
	disk, was := a.Image(), a.invocation
	a.Add(user("ana"), "user", nil)
	b.Replicate(a)
	a.Restore(disk)
	if a.invocation == was || a.at(user("ana")) != nil || a.vector[was] >= b.vector[was] {
		t.Error("not restored")
	}
	a.Replicate(b)
	if a.at(user("ana")) == nil || a.vector[was] != b.vector[was] {
		t.Error("not caught up")
	}
}

func TestWhoMovesToAnotherDomainKeepsTheIDAndTheGroups(t *testing.T) {
	f, _ := forest(Options{})
	here, there := f.AddDomain(corp).Controller(0), f.AddDomain("DC=de,"+corp).Controller(0)
	id := here.Add(user("ana"), "user", Attributes{"mail": {"ana@corp.test"}})
	here.Add("CN=g,CN=Users,"+corp, "group", Attributes{"member": {user("ana")}})
	changed := here.at("CN=g,CN=Users," + corp).usnChanged
	old := here.SID(user("ana"))
	as := "CN=ana,CN=Users,DC=de," + corp
	if sid := here.MoveTo(user("ana"), there, as); sid == old || there.SID(as) != sid || value(there, id, "sIDHistory") != sidBytes(old) || value(there, id, "mail") != "ana@corp.test" {
		t.Error("not moved as it should be")
	}
	group := here.at("CN=g,CN=Users," + corp)
	if got := here.attribute(group, "member", ldapsim.Request{}); group.usnChanged != changed || !slices.Equal(got, []string{as}) {
		t.Errorf("the group holds %v", got)
	}
}

// A cookie says what whoever has it knows; so at another controller it brings what is not known, and may bring more.
func TestACookieOfAnotherControllerLosesNothing(t *testing.T) {
	a, b, _ := two(Options{})
	a.Add(user("of-a"), "user", nil)
	b.Add(user("of-b"), "user", nil)
	rows, cookie := dirSync(t, a, nil, "all")
	if !slices.Contains(rows, user("of-a")) {
		t.Errorf("%v", rows)
	}
	b.Replicate(a)
	if rows, _ := dirSync(t, b, cookie, "all"); !slices.Equal(rows, []string{user("of-b")}) {
		t.Errorf("at the other controller: %v", rows)
	}
	if rows, _ := dirSync(t, a, cookie, "all"); len(rows) != 0 {
		t.Errorf("nothing changed, and yet: %v", rows)
	}
}

// dirSync asks a controller over LDAP.
func dirSync(t *testing.T, c *Controller, cookie []byte, account string) (rows []string, next []byte) {
	t.Helper()
	s, err := c.Server()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := ldap.DialURL(s.SecureURL(), ldap.DialWithTLSConfig(&tls.Config{RootCAs: s.CA().Pool()}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Bind(account, "x"); err != nil {
		t.Fatal(err)
	}
	r := ldap.NewSearchRequest(corp, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=user)", []string{"name"}, nil)
	found, err := conn.DirSync(r, 0, 1<<20, cookie)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found.Entries {
		rows = append(rows, e.DN)
	}
	control, ok := ldap.FindControl(found.Controls, ldap.ControlTypeDirSync).(*ldap.ControlDirSync)
	if !ok {
		t.Fatal("no cookie")
	}
	return rows, control.Cookie
}
