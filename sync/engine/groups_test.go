package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// group returns how Kisi has a group.
func (w *world) group(name string) kisisim.GroupState {
	w.t.Helper()
	for _, g := range w.kisi.World().Groups {
		if g.Name == name {
			return g
		}
	}
	w.t.Errorf("there is no group %s", name)
	return kisisim.GroupState{}
}

// cases.md 65: a name that exists in the organization and in a place is two groups, and each rule reaches its own.
func TestGroupsOfOneNameInAPlaceAndInTheOrganizationAreToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.kisi.AddGroup(kisisim.GroupSpec{Name: "Server Room"})
	w.kisi.AddGroup(kisisim.GroupSpec{Name: "Server Room", Place: w.kisi.Places["Workshop"]})
	w.must(true)
	w.expect("ana", "HQ / Server Room", true)
	w.expect("ana", "Server Room", false)
	w.spec.Groups[2].Place = ""
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Server Room", true)
	w.expect("ana", "HQ / Server Room", false)
	w.quiet()
	w.kisi.CheckT(t)
}

// cases.md 65: two groups of one name and one scope are an error of that group, and of nothing else.
func TestAnAmbiguousGroupTakesNothingAndIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.AddGroup(kisisim.GroupSpec{Name: "server room", Place: w.kisi.Places["HQ"]})
	w.kisi.AddGroup(kisisim.GroupSpec{Name: "Contractors"})
	w.staff.groups["ana"] = "staff"
	w.staff.groups["dora"] = "staff"
	w.staff.groups["fay"] = "staff servers temps"
	w.staff.until["fay"] = "2027-01-31"
	w.pass(time.Hour)
	w.must(true)
	w.expectTold("group_ambiguous", "Contractors", "2 groups")
	w.expect("dora", "Contractors", true)
	w.expect("ana", "HQ / Server Room", false) // spelled exactly so there is only one
	w.expect("fay", "Contractors", false)
	w.expect("fay", "Staff", true)
	w.staff.disabled["dora"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("dora", "Contractors", false)
	w.kisi.CheckT(t)
}

// cases.md 64, 66
func TestTwoGroupsOfTheFileThatAreOneInKisiAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	before := w.kisi.World()
	w.spec.Groups = append(w.spec.Groups, mapping.Group{Name: "Visitors", ID: access.RemoteID(w.kisi.Groups["Contractors"]), Members: true})
	rule := w.spec.Rules[0]
	rule.Name, rule.Grant = "visitors", []string{"Visitors"}
	w.spec.Rules = append(w.spec.Rules, rule)
	w.staff.groups["dora"] = "staff"
	w.pass(time.Hour)
	w.must(true)
	w.expectTold("group_twice", "Visitors", "same group")
	w.expect("dora", "Contractors", true)
	w.expect("ana", "Contractors", false)
	if diff := cmp.Diff(before.Groups, w.kisi.World().Groups); diff != "" {
		t.Error(diff)
	}
	w.kisi.CheckT(t)
}

// A group of ours that was renamed in Kisi stays the same group; its people come and go as before.
func TestAGroupThatWasRenamedInKisiStaysTheSameGroup(t *testing.T) {
	t.Parallel()
	for _, full := range []bool{true, false} {
		w := newWorld(t, kisisim.Assumptions{})
		w.must(true)
		w.kisi.RenameGroup(w.kisi.GroupID("Staff"), "Everybody")
		w.staff.groups["fay"] = "staff"
		w.staff.groups["bo"] = "lab"
		w.pass(time.Hour)
		w.must(full)
		w.expect("fay", "Everybody", true)
		w.expect("bo", "Everybody", false)
		w.must(true)
		w.expectTold("group_renamed", "Staff", "Everybody")
		if slices.ContainsFunc(w.kisi.World().Groups, func(g kisisim.GroupState) bool { return g.Name == "Staff" }) {
			t.Error("made a second time")
		}
		w.quiet()
		w.kisi.CheckT(t)
	}
}

// A group of ours that was deleted in Kisi is not made again behind anybody's back, and its rights are not lost for good.
func TestAGroupThatWasDeletedInKisiIsReportedAndComesBackUnderItsName(t *testing.T) {
	t.Parallel()
	for _, assume := range []kisisim.Assumptions{{}, {NoCascade: true}} {
		w := newWorld(t, assume)
		w.must(true)
		w.kisi.DeleteGroup(w.kisi.GroupID("Staff"))
		w.staff.groups["fay"] = "staff lab"
		for _, full := range []bool{false, true, true} {
			w.pass(time.Hour)
			w.must(full)
		}
		w.expectTold("group_missing", "Staff", "not in Kisi any more")
		w.expect("fay", "HQ / Lab", true)
		w.expect("ana", "HQ / Server Room", true)
		w.quiet()
		w.kisi.AdoptGroup(w.kisi.AddGroup(kisisim.GroupSpec{Name: "Staff"})) // the file says: manage the doors
		w.heal()
		w.expect("fay", "Staff", true)
		w.expect("ana", "Staff", true)
		w.kisi.CheckT(t)
	}
}

// Doors that somebody took out stay out, doors that somebody put in stay in, and both are said; the file's own changes go on.
func TestDoorsChangedByHandStayAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	staff := w.kisi.GroupID("Staff")
	w.kisi.TakeDoor(staff, w.kisi.Doors["HQ / Garage"])
	w.kisi.GiveDoor(staff, w.kisi.Doors["HQ / Roof"])
	w.kisi.TakeStop(staff, w.kisi.Stops["HQ / Lift A / Floor 1"])
	w.kisi.GiveStop(staff, w.kisi.Stops["HQ / Lift A / Floor 3"])
	for _, full := range []bool{true, false, true} {
		w.pass(time.Hour)
		w.must(full)
	}
	want := []string{"HQ / Main entrance", "HQ / Roof"}
	if diff := cmp.Diff(want, w.group("Staff").Doors); diff != "" {
		t.Error(diff)
	}
	w.expectTold("removed_by_hand", "Staff", "door")
	w.expectTold("unmanaged_doors", "Staff", "put in by hand and is left alone: HQ / Roof")
	w.spec.Groups[3].Doors = []string{"HQ / Lab"}
	w.pass(time.Hour)
	w.must(true)
	if diff := cmp.Diff([]string{"HQ / Lab", "HQ / Roof"}, w.group("Staff").Doors); diff != "" {
		t.Error(diff)
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// cases.md 74: a group that is missing and must not be made holds up nothing else.
func TestAMissingGroupHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.spec.Groups[2].Name = "Nowhere"
	w.spec.Rules[2].Grant = []string{"Nowhere", "Staff"}
	w.must(true)
	w.expectTold("group_missing", "Nowhere", "there is no group")
	w.expect("ana", "Staff", true)
	w.expect("bo", "HQ / Lab", true)
	w.staff.groups["only"] = "servers"
	w.must(true)
	w.expect("only", "Staff", true)
	w.kisi.CheckT(t)
}

// cases.md 68: what a rule gave goes when the rule goes, under the limits of removals.
func TestARuleThatLeavesTheFileTakesWhatItGaveUnderTheLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.spec.Rules = slices.Delete(w.spec.Rules, 2, 3) // servers: ana, eva
	w.limits.Removals.People = 1
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "HQ / Server Room", true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", false)
	w.approveAll()
	w.expect("ana", "HQ / Server Room", false)
	w.expect("eva", "HQ / Server Room", false)
	w.expect("ana", "Staff", true)
	w.kisi.CheckT(t)
}

// A group that leaves the file takes with it what its rules gave, and nothing that others gave; the group itself stays.
func TestAGroupThatLeavesTheFileLosesWhatItsRulesGaveAndStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	hand := w.kisi.AddUser(kisisim.UserSpec{Email: "hand@nordlicht.example", Name: "Hand"})
	w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(hand), On: kisisim.Group(w.kisi.GroupID("HQ / Lab"))})
	w.spec.Groups = slices.Delete(w.spec.Groups, 1, 2)
	w.spec.Rules = slices.Delete(w.spec.Rules, 1, 2)
	w.pass(time.Hour)
	w.must(true)
	w.expect("bo", "HQ / Lab", false)
	w.expect("hand", "HQ / Lab", true)
	if doors := w.group("HQ / Lab").Doors; len(doors) != 1 {
		t.Error(doors)
	}
	w.quiet()
	w.kisi.CheckT(t)
}

// cases.md 67: a selector that no longer matches, because the group was renamed or is gone, takes nothing.
func TestASelectorThatMatchesNothingTakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	before := w.kisi.World()
	w.spec.Rules[2].From.Group = "server-admins"
	w.pass(time.Hour)
	w.must(true)
	w.expectTold("selector_matches_nothing", "servers", "server-admins")
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
}

// cases.md 69: a narrower condition is held like any other removal, and says that the file caused it.
func TestANarrowerConditionIsHeldAsCausedByTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	before := w.kisi.World()
	w.limits.Removals.People = 2
	w.spec.Rules[0].Where = `person.email == "ana@nordlicht.example"`
	w.pass(time.Hour)
	w.must(true)
	if diff := cmp.Diff(before, w.kisi.World()); diff != "" {
		t.Error(diff)
	}
	reason := ""
	for _, h := range w.waiting() {
		reason = h.Reason.Text
	}
	if !strings.Contains(reason, "caused by the file") {
		t.Errorf("held: %q", reason)
	}
}

// waiting returns what waits for a decision.
func (w *world) waiting() []access.Hold {
	w.t.Helper()
	st, err := store.Open(w.path, store.Options{Now: w.now, NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	holds, err := st.Holds(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return holds
}

// A run may be cut short, or killed, after it made a group and before it looked at the catalog again: the rest must not wait for a full
// look.
func TestAGroupThatARunMadeBeforeItWasCutIsKnownToTheNextRunOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	cut := errors.New("cut")
	w.store = func(st engine.Store) engine.Store { return forgetful{st, cut} }
	if _, err := w.run(true); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	w.store = nil
	if w.holds("ana", "Staff") {
		t.Fatal("everything was done already")
	}
	w.pass(5 * time.Minute)
	w.must(false)
	for _, who := range []string{"ana", "bo", "cem", "eva"} {
		w.expect(who, "Staff", true)
	}
	w.kisi.CheckT(t)
}

// forgetful ends a run when the first user is to be made: all groups are made by then.
type forgetful struct {
	engine.Store
	cut error
}

func (f forgetful) Begin(ctx context.Context, c access.Call) (access.Seq, error) {
	if c.Change.Kind == access.CreateMember {
		return 0, f.cut
	}
	return f.Store.Begin(ctx, c)
}
