package connectortest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Nobody is there yet. That is a complete read of nothing: whoever was known from this source is gone, which is why a
// directory that could not be read must be an error instead.
func emptyDirectory(t *testing.T, _ Harness, d Directory) {
	r := Follow(t, d.Open())
	r.Full()
	if r.Receipt.Coverage != directory.Complete || len(r.People()) != 0 || r.View().Groups() != 0 {
		t.Errorf("%v read with %v and %d groups", r.Receipt.Coverage, r.People(), r.View().Groups())
	}
}

// A person has an id that the source never changes, an address and a name. Whether they are active may be unknown, but nobody
// is disabled unless the directory says so.
func onePerson(t *testing.T, _ Harness, d Directory) {
	d.AddPerson("ana", "")
	r := Follow(t, d.Open())
	r.Full()
	ana := r.Person("ana@example.com")
	if ana.ID() == "" || ana.Name() != "The ana" || ana.Active() == directory.No {
		t.Errorf("ana is %q, %q, active: %v", ana.ID(), ana.Name(), ana.Active())
	}
}

// Rules name the attributes that they read. Others are not fetched, not kept and not shown: they are other people's business.
func attributesAsAsked(t *testing.T, h Harness, d Directory) {
	d.AddPerson("ana", "IT")
	d.AddPerson("bo", "")
	r := Follow(t, d.Open(h.Attribute))
	r.Full()
	if got := r.Person("ana@example.com").Values(h.Attribute, nil); !slices.Equal(got, []string{"IT"}) {
		t.Errorf("ana's %s is %q", h.Attribute, got)
	}
	if got := r.Person("bo@example.com").Values(h.Attribute, nil); len(got) != 0 {
		t.Errorf("bo's %s is %q", h.Attribute, got)
	}
	r = Follow(t, d.Open())
	r.Full()
	if got := r.Person("ana@example.com").Values(h.Attribute, nil); len(got) != 0 {
		t.Errorf("not asked for, and yet ana's %s is %q", h.Attribute, got)
	}
}

// One less than a page, a page, and one more, up to two pages. The members of one big group cross the edge too.
func pageEdge(t *testing.T, h Harness, d Directory) {
	size := max(h.PageSize, 3)
	var everybody []string
	r := Follow(t, d.Open())
	for n := range 2*size + 1 {
		name := fmt.Sprintf("p%03d", n)
		d.AddPerson(name, "")
		if everybody = append(everybody, name+"@example.com"); n%size > 1 && n%size < size-1 {
			continue
		}
		if r.Full(); !slices.Equal(r.People(), everybody) {
			t.Fatalf("%d people in pages of %d are read as %v", len(everybody), size, r.People())
		}
	}
	var names []string
	for n := range everybody {
		names = append(names, fmt.Sprintf("p%03d", n))
	}
	d.AddGroup("all", names...)
	if r.Full(); !slices.Equal(r.Members("all"), everybody) {
		t.Errorf("a group of %d is read as %v", len(everybody), r.Members("all"))
	}
}

// Address, name and login may all change; the id does not, neither now nor for a process that starts tomorrow.
func renameKeepsID(t *testing.T, _ Harness, d Directory) {
	d.AddPerson("ana", "")
	d.AddGroup("staff", "ana")
	before := Follow(t, d.Open())
	before.Full()
	d.RenamePerson("ana", "anna")
	d.RenameGroup("staff", "team")
	after := Follow(t, d.Open())
	after.Full()
	if a, b := before.Person("ana@example.com").ID(), after.Person("anna@example.com").ID(); a != b {
		t.Errorf("the rename made %q of %q", b, a)
	}
	if a, b := before.View().Group(0), after.View().Group(0); a.ID() != b.ID() || b.Name() != "team" {
		t.Errorf("the rename made group %q %q of %q", b.ID(), b.Name(), a.ID())
	}
}

// A rename is not a departure: not in a full read, and not in an increment.
func renameKeepsMembership(t *testing.T, _ Harness, d Directory) {
	for _, name := range []string{"ana", "bo", "cy", "di", "ed"} {
		d.AddPerson(name, "")
	}
	d.AddGroup("staff", "ana", "bo")
	r := Follow(t, d.Open())
	r.Full()
	d.RenamePerson("ana", "anna")
	for _, read := range []func(){r.Changes, r.Full} {
		read()
		if got := r.Members("staff"); !slices.Equal(got, []string{"anna@example.com", "bo@example.com"}) {
			t.Errorf("after %v reading staff is %v", r.Receipt.Coverage, got)
		}
	}
}

// Disabling is what a leaver's door depends on. It is evidence and beats all doubt, so it must come as such and not as absence.
func disabled(t *testing.T, _ Harness, d Directory) {
	for _, name := range []string{"ana", "bo", "cy", "di"} {
		d.AddPerson(name, "")
	}
	r := Follow(t, d.Open())
	r.Full()
	d.Disable("ana")
	r.Changes()
	if r.Person("ana@example.com").Active() != directory.No || r.Person("bo@example.com").Active() == directory.No {
		t.Errorf("ana is active: %v, bo: %v", r.Person("ana@example.com").Active(), r.Person("bo@example.com").Active())
	}
	if r.Diff.Disabled != 1 || r.Diff.LostPeople != 0 {
		t.Errorf("the read says %+v", r.Diff)
	}
}

// Connectors state direct members only. Package directory closes the nesting, also through a diamond.
func nestedGroups(t *testing.T, _ Harness, d Directory) {
	for _, name := range []string{"ana", "bo", "cy"} {
		d.AddPerson(name, "")
	}
	d.AddGroup("leads", "ana")
	d.AddGroup("ops", "leads", "bo")
	d.AddGroup("oncall", "leads", "cy")
	d.AddGroup("all", "ops", "oncall")
	r := Follow(t, d.Open())
	r.Full()
	for group, want := range map[string][]string{
		"leads": {"ana@example.com"}, "ops": {"ana@example.com", "bo@example.com"},
		"all": {"ana@example.com", "bo@example.com", "cy@example.com"},
	} {
		if got := r.Members(group); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", group, got, want)
		}
	}
}

// Administrators make cycles by accident. Each group of a cycle holds everybody of all of them.
func cyclicGroups(t *testing.T, _ Harness, d Directory) {
	d.AddPerson("ana", "")
	d.AddPerson("bo", "")
	d.AddGroup("one", "ana")
	d.AddGroup("two", "bo", "one")
	d.AddGroup("self", "ana")
	d.SetMembers("one", "ana", "two")
	d.SetMembers("self", "ana", "self")
	r := Follow(t, d.Open())
	r.Full()
	both := []string{"ana@example.com", "bo@example.com"}
	if a, b, c := r.Members("one"), r.Members("two"), r.Members("self"); !slices.Equal(a, both) || !slices.Equal(b, both) || len(c) != 1 {
		t.Errorf("one is %v, two is %v, self is %v", a, b, c)
	}
}

// Old names, computers and contacts stand in member lists for years.
func danglingMember(t *testing.T, _ Harness, d Directory) {
	d.AddPerson("ana", "")
	d.AddPerson("bo", "")
	d.AddGroup("staff", "ana", "bo")
	d.Remove("bo")
	r := Follow(t, d.Open())
	r.Full()
	if got := r.Members("staff"); !slices.Equal(got, []string{"ana@example.com"}) {
		t.Errorf("staff is %v", got)
	}
}

// Two directories with the same people, made in opposite order, are the same but for their ids.
func orderOfMaking(t *testing.T, h Harness, d Directory) {
	other := h.New(t)
	names := []string{"ana", "bo", "cy"}
	for i := range names {
		d.AddPerson(names[i], "")
		other.AddPerson(names[len(names)-1-i], "")
	}
	d.AddGroup("staff", "ana", "cy")
	d.AddGroup("all", "staff", "bo")
	other.AddGroup("staff", "cy", "ana")
	other.AddGroup("all", "bo", "staff")
	a, b := Follow(t, d.Open()), Follow(t, other.Open())
	a.Full()
	b.Full()
	if !slices.Equal(a.People(), b.People()) || !slices.Equal(a.Members("all"), b.Members("all")) || !slices.Equal(a.Members("staff"), b.Members("staff")) {
		t.Errorf("%v, %v and %v, %v", a.People(), a.Members("all"), b.People(), b.Members("all"))
	}
}

// Gone from the directory is gone from the snapshot, whether the read was full or an increment.
func removal(t *testing.T, _ Harness, d Directory) {
	for _, name := range []string{"ana", "bo", "cy", "di", "ed", "flo"} {
		d.AddPerson(name, "")
	}
	d.AddGroup("staff", "ana")
	d.AddGroup("team", "bo")
	r := Follow(t, d.Open())
	r.Full()
	d.Remove("flo")
	r.Changes()
	d.Remove("staff")
	r.Changes()
	if slices.Contains(r.People(), "flo@example.com") || r.Members("staff") != nil || r.Members("team") == nil || len(r.People()) != 5 {
		t.Errorf("there are %v, staff %v, team %v", r.People(), r.Members("staff"), r.Members("team"))
	}
	r.SameAsFull()
}
