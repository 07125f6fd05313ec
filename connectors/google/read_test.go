package google

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func follow(w *workspace, s *Settings, attributes ...string) *connectortest.Reader {
	return connectortest.Follow(w.t, w.open(s, attributes...))
}

func user(name, unit string) googlesim.User {
	return googlesim.User{Email: address(name), Given: "The", Family: name, Unit: unit}
}

// Rules may name an organizational unit where Kisi's own import does: it holds who is in it and in those below.
func TestAUnitIsAGroupOfEverybodyInItAndBelow(t *testing.T) {
	w := newWorkspace(t)
	w.AddUnit("/Staff")
	w.AddUnit("/Staff/Berlin")
	w.AddUser(user("ana", "/Staff"))
	w.AddUser(user("bo", "/Staff/Berlin"))
	r := follow(w, w.settings())
	r.Full()
	for unit, want := range map[string][]string{
		"/": {googlesim.Admin, address("ana"), address("bo")}, "/Staff": {address("ana"), address("bo")}, "/Staff/Berlin": {address("bo")},
	} {
		if got := r.Members(unit); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", unit, got, want)
		}
	}
	before := r.View().GroupsNamed("corp", "/Staff/Berlin")[0].ID()
	w.RenameUnit("/Staff", "/People")
	r.Full()
	if after := r.View().GroupsNamed("corp", "/People/Berlin"); len(after) != 1 || after[0].ID() != before {
		t.Errorf("the rename made %v of %s", after, before)
	}
	if got := r.Members("/People"); len(got) != 2 {
		t.Errorf("after the rename /People is %v", got)
	}
}

// People are read after the units. Who is moved into one that was made or renamed in between is in it.
func TestAUnitThatIsMadeWhilePeopleAreReadIsFound(t *testing.T) {
	w := newWorkspace(t)
	w.AddUnit("/Staff")
	w.AddUser(user("ana", "/Staff"))
	w.AddUser(user("bo", "/Staff"))
	in := w.Inject(simhttp.Fault{Pattern: googlesim.ListUsers, Where: asksForThose, Do: simhttp.Do("rename", func() {
		w.RenameUnit("/Staff", "/People")
		w.AddUnit("/Fresh")
		w.ChangeUser(address("bo"), func(u *googlesim.User) { u.Unit = "/Fresh" })
	})})
	r := follow(w, w.settings())
	r.Full()
	if in.Hits() != 1 || len(r.Receipt.Remarks) != 0 {
		t.Errorf("%d hits, remarks %q", in.Hits(), r.Receipt.Remarks)
	}
	if got := r.Members("/Staff"); !slices.Equal(got, []string{address("ana")}) { // by the name that it had when units were read
		t.Errorf("the renamed unit is %v", got)
	}
	if got := r.Members("/Fresh"); !slices.Equal(got, []string{address("bo")}) {
		t.Errorf("the new unit is %v", got)
	}
}

// asksForThose is so of the list of people who were not deleted.
func asksForThose(c simhttp.Call) bool { return c.Query.Get("showDeleted") == "" }

// A path that no list of units has is a contradiction of Google's. Nobody loses a group by it.
func TestWhoseUnitIsNotKnownStaysInTheirGroups(t *testing.T) {
	w := newWorkspace(t)
	w.AddUnit("/Staff")
	w.AddUser(user("ana", "/Staff"))
	r := follow(w, w.settings())
	r.Full()
	w.ChangeUser(address("ana"), func(u *googlesim.User) { u.Unit = "/Nowhere" })
	r.Full()
	if got := r.Members("/Staff"); !slices.Equal(got, []string{address("ana")}) || len(r.Receipt.Remarks) != 1 {
		t.Errorf("/Staff is %v, remarks %q", got, r.Receipt.Remarks)
	}
}

// A group names users, groups, people of other organizations with an id and without, and everybody (cases 35 and 38).
func TestEveryKindOfMemberIsUnderstood(t *testing.T) {
	w := newWorkspace(t)
	w.AddUser(user("ana", "/"))
	w.AddUser(user("bo", "/"))
	w.AddGroup(address("inner"), "inner", address("bo"))
	group := w.AddGroup(address("doors"), "doors", address("ana"), address("inner"), "guest@partner.example")
	w.ChangeGroup(group, func(g *googlesim.Group) {
		g.Members = append(g.Members,
			googlesim.Member{ID: "99900011122233344455", Email: "pat@partner.example", Role: "MEMBER", Type: "USER", Status: "ACTIVE"},
			googlesim.Member{ID: "99900011122233344456", Email: "sue@partner.example", Role: "MEMBER", Type: "USER", Status: "SUSPENDED"},
			googlesim.Member{Email: "zed@partner.example", Role: "MEMBER", Type: "EXTERNAL", Status: "SUSPENDED"},
			googlesim.Member{Role: "MEMBER", Type: "USER", Status: "ACTIVE"})
	})
	w.AddGroup(address("all"), "all", "CUSTOMER")
	r := follow(w, w.settings())
	r.Full()
	if got := r.Members("doors"); !slices.Equal(got, []string{address("ana"), address("bo")}) {
		t.Errorf("doors is %v", got)
	}
	if got := r.Members("all"); !slices.Equal(got, []string{googlesim.Admin, address("ana"), address("bo")}) {
		t.Errorf("a group of everybody is %v", got)
	}
	if r.Receipt.Proof.Ignored != 2 {
		t.Errorf("ignored %d members", r.Receipt.Proof.Ignored)
	}
	if got := addressesOutside(t, r, "doors"); !slices.Equal(got, []string{"guest@partner.example", "pat@partner.example"}) {
		t.Errorf("doors names %v of other sources", got)
	}
}

// addressesOutside are those by which a group names people of another source.
func addressesOutside(t *testing.T, r *connectortest.Reader, group string) (found []string) {
	t.Helper()
	hr := directory.Build("hr", nil)
	for _, who := range []string{"guest", "pat", "sue", "zed"} {
		if err := hr.Put(&directory.Record{Kind: directory.PersonIs, ID: who, Email: who + "@partner.example"}); err != nil {
			t.Fatal(err)
		}
	}
	other, _, err := hr.Seal(directory.Receipt{Coverage: directory.Complete}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := directory.Join(r.Snapshot, other)
	for i := range v.Groups() {
		if v.Group(i).Name() != group {
			continue
		}
		for _, m := range v.Members(i) {
			if p := v.Person(int(m)); p.Source() == "hr" {
				found = append(found, p.Email())
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestOwnersAndManagersAreMembersUnlessTheFileSaysOtherwise(t *testing.T) {
	w := newWorkspace(t)
	w.AddUser(user("ana", "/"))
	w.AddUser(user("bo", "/"))
	w.AddGroup(address("doors"), "doors", address("ana"), address("bo"))
	w.ChangeGroup(address("doors"), func(g *googlesim.Group) { g.Members[0].Role = "OWNER" })
	for roles, want := range map[string]int{"": 2, "owner": 1, "owner,manager": 1, "manager": 0, "member": 1} {
		s := w.settings()
		if roles != "" {
			s.Groups.Roles = strings.Split(roles, ",")
		}
		r := follow(w, s)
		if r.Full(); len(r.Members("doors")) != want {
			t.Errorf("with roles %q doors is %v", roles, r.Members("doors"))
		}
	}
}

// A search for groups brings those with doors in their names; what is in them counts all the same (case 22).
func TestGroupsInGroupsAreReadThoughTheSearchDoesNotBringThem(t *testing.T) {
	w := newWorkspace(t)
	w.AddUser(user("ana", "/"))
	w.AddGroup(address("core"), "core", address("ana"))
	w.AddGroup(address("team"), "team", address("core"))
	w.AddGroup(address("door-hq"), "door-hq", address("team"))
	w.AddGroup(address("unasked"), "unasked", address("ana"))
	s := w.settings()
	s.Groups.Filter = "email:door-*"
	r := follow(w, s)
	r.Full()
	if got := r.Members("door-hq"); !slices.Equal(got, []string{address("ana")}) {
		t.Errorf("door-hq is %v", got)
	}
	if r.Members("unasked") != nil {
		t.Error("a group that nobody asked for was read")
	}
}

// A group of another organization may be a member, and nobody may look into it. What was known while one could stays.
func TestAGroupOfAnotherOrganizationStaysAsItWas(t *testing.T) {
	w := newWorkspace(t)
	w.AddUser(user("ana", "/"))
	w.AddGroup(address("core"), "core", address("ana"))
	w.AddGroup(address("door-hq"), "door-hq", address("core"))
	s := w.settings()
	s.Groups.Filter = "email:door-*"
	r := follow(w, s)
	r.Full()
	for _, code := range []int{403, 404} {
		reason := map[int]string{403: "forbidden", 404: "notFound"}[code]
		in := w.Inject(simhttp.Fault{Pattern: googlesim.ListMembers, Count: simhttp.Always, Nth: 2, Do: simhttp.Answer(code, googlesim.Problem(code, reason, "Not Authorized"), nil)})
		r.Full()
		if got := r.Members("door-hq"); !slices.Equal(got, []string{address("ana")}) || len(r.Receipt.Remarks) != 1 || in.Hits() != 1 {
			t.Errorf("%d: door-hq is %v, remarks %q, %d hits", code, got, r.Receipt.Remarks, in.Hits())
		}
		in.Remove()
	}
}

// A group that is deleted between the list and its members is in no list the next time; until then it stays.
func TestAGroupThatGoesWhileItIsReadStaysUntilTheNextRead(t *testing.T) {
	w := newWorkspace(t)
	w.AddUser(user("ana", "/"))
	w.AddGroup(address("doors"), "doors", address("ana"))
	r := follow(w, w.settings())
	r.Full()
	w.Inject(simhttp.Fault{Pattern: googlesim.ListMembers, Do: simhttp.Do("delete", func() { w.DeleteGroup(address("doors")) })})
	if r.Full(); len(r.Members("doors")) != 1 {
		t.Errorf("doors is %v", r.Members("doors"))
	}
	if r.Full(); r.Members("doors") != nil {
		t.Errorf("a group that is gone is %v", r.Members("doors"))
	}
}

func TestPeopleAreReadByUnitAndSearch(t *testing.T) {
	w := newWorkspace(t)
	for _, unit := range []string{"/Staff", "/Staff/Berlin", "/Paul's people", "/Guests"} {
		w.AddUnit(unit)
		w.AddUser(user("p"+strings.Trim(strings.Map(letters, unit), " "), unit))
	}
	for _, c := range []struct {
		units []string
		query string
		want  int
	}{
		{nil, "", 5}, {[]string{"/Staff"}, "", 2}, {[]string{"/Staff", "/Guests"}, "", 3}, {[]string{"/Paul's people"}, "", 1},
		{nil, "email:pS*", 2}, {[]string{"/Staff"}, "familyName=pStaff", 1}, {[]string{"/Nowhere"}, "", 0},
	} {
		s := w.settings()
		s.People = People{Units: c.units, Filter: c.query}
		r := follow(w, s)
		if r.Full(); len(r.People()) != c.want {
			t.Errorf("%v %q: %v", c.units, c.query, r.People())
		}
	}
}

func letters(c rune) rune {
	if c == '/' || c == '\'' || c == ' ' {
		return -1
	}
	return c
}

// Deleted is said for twenty days and is evidence; vanished is only absence. Archived people are as suspended ones.
func TestWhoIsDeletedIsSaidToBeAndWhoIsArchivedIsDisabled(t *testing.T) {
	w := newWorkspace(t)
	ids := map[string]string{}
	for _, name := range []string{"ana", "bo", "cy"} {
		ids[name] = w.AddUser(user(name, "/"))
	}
	r := follow(w, w.settings())
	r.Full()
	w.DeleteUser(address("ana"))
	w.PurgeUser(address("bo"))
	w.ChangeUser(address("cy"), func(u *googlesim.User) { u.Archived = true })
	r.Full()
	why := map[string]directory.Absence{}
	for _, tomb := range r.Snapshot.Tombstones() {
		why[tomb.ID] = tomb.Why
	}
	if why[ids["ana"]] != directory.Deleted || why[ids["bo"]] != directory.Vanished {
		t.Errorf("the absences are %v", why)
	}
	if r.Person(address("cy")).Active() != directory.No {
		t.Error("an archived person is active")
	}
}

// Somebody may be known by an alias elsewhere (case 37), and somebody has no name or address (case 36).
func TestAliasesAreFurtherAddressesAndABareUserIsOneToo(t *testing.T) {
	w := newWorkspace(t)
	w.AddUser(googlesim.User{Email: address("ana"), Aliases: []string{"Anna@Example.com"}, Fields: map[string]any{"nonEditableAliases": []any{"ana@example.com.test-google-a.com"}}})
	w.AddUser(googlesim.User{ID: "7"})
	r := follow(w, w.settings())
	r.Full()
	var got []string
	for _, h := range r.Person(address("ana")).Handles(nil) {
		got = append(got, h.Value)
	}
	slices.Sort(got)
	if want := []string{"ana@example.com.test-google-a.com", "anna@example.com"}; !slices.Equal(got, want) {
		t.Errorf("also known as %q, want %q", got, want)
	}
	if len(r.People()) != 3 {
		t.Errorf("there are %v", r.People())
	}
}

func TestOnlyWhatRulesReadIsAskedFor(t *testing.T) {
	w := newWorkspace(t)
	r := follow(w, w.settings(), "customSchemas.Doors.badge", "customSchemas.Doors.end", "customSchemas.HR.kind", "name.familyName", "organizations.department", "organizations.title")
	r.Full()
	for _, c := range w.Calls() {
		if c.Pattern != googlesim.ListUsers || !asksForThose(c) {
			continue
		}
		got := [3]string{c.Query.Get("projection"), c.Query.Get("customFieldMask"), c.Query.Get("fields")}
		want := [3]string{"custom", "Doors,HR", "kind,nextPageToken,users(id,primaryEmail,name/fullName,suspended,archived,aliases,nonEditableAliases,customerId,orgUnitPath,customSchemas,name/familyName,organizations)"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for _, c := range w.Calls() {
		if c.Query.Get("customFieldMask") == "" && c.Query.Get("projection") != "" {
			t.Errorf("%s asks for a projection without need", c.Pattern)
		}
	}
}

// What put says comes back as it is, also out of the middle of a member list.
func TestAnErrorOfPutComesBackFromEveryPlace(t *testing.T) {
	w := newWorkspace(t)
	w.AddUnit("/Staff")
	w.AddUser(user("ana", "/Staff"))
	w.AddGroup(address("all"), "all", address("ana"), "CUSTOMER", "guest@partner.example")
	s, enough := w.open(w.settings()), errors.New("enough")
	total := 0
	if _, err := s.Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { total++; return nil }); err != nil {
		t.Fatal(err)
	}
	for n := range total {
		puts := 0
		_, err := s.Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error {
			if puts++; puts > n {
				return enough
			}
			return nil
		})
		if err != enough || puts != n+1 {
			t.Errorf("after %d of %d records: %v, %d puts", n, total, err, puts)
		}
	}
}
