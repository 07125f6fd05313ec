package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// cases.md 78: what people made in Kisi is theirs, also when the address is somebody's in the directory.
func TestWhatWasMadeByHandIsNeverChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	hand := w.kisi.AddUser(kisisim.UserSpec{Email: "hand@nordlicht.example", Name: "By hand", Notes: "reception", Metadata: map[string]any{"badge": "7"}})
	w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(hand), On: kisisim.Group(w.kisi.GroupID("Cleaning"))})
	w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(hand), On: kisisim.Group(w.kisi.GroupID("HQ / Server Room"))})
	before := w.user("hand")
	w.staff.groups["hand"], w.staff.called["hand"] = "staff servers", "Another Name"
	w.must(true)
	w.expect("hand", "Staff", true)
	w.staff.groups["hand"] = "lab"
	w.pass(time.Hour)
	w.must(true)
	w.expect("hand", "HQ / Lab", true)
	w.expect("hand", "Staff", false)
	w.expect("hand", "HQ / Server Room", true)
	w.staff.disabled["hand"] = true
	w.pass(time.Hour)
	w.must(true)
	if diff := cmp.Diff(before, w.user("hand")); diff != "" {
		t.Error(diff)
	}
	w.expectTold("still_holds", "hand@", "made by hand")
	w.quiet()
	w.kisi.CheckT(t)
}

// cases.md 79: the file may say to leave such users alone.
func TestAHandMadeUserIsLeftAloneWhereTheFileSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.policy.Existing = plan.ReportOnly
	w.kisi.AddUser(kisisim.UserSpec{Email: "Ana@nordlicht.example", Name: "By hand"})
	before := w.user("ana")
	for _, full := range []bool{true, false, true} {
		w.must(full)
		w.pass(time.Hour)
	}
	if diff := cmp.Diff(before, w.user("ana")); diff != "" {
		t.Error(diff)
	}
	w.expectTold("left_alone", "ana@", "leaves it alone")
	w.expect("bo", "Staff", true)
	w.kisi.CheckT(t)
}

// cases.md 80: who was deleted by hand is not made again by itself, but is when he joins the directory anew.
func TestAUserWhoWasDeletedByHandStaysDeletedUntilHeJoinsAnew(t *testing.T) {
	t.Parallel()
	for _, assume := range []kisisim.Assumptions{{}, {NoCascade: true}} {
		w := newWorld(t, assume)
		w.must(true)
		w.kisi.DeleteUser(w.kisi.UserID("cem@nordlicht.example"))
		for _, full := range []bool{false, true, true} {
			w.pass(time.Hour)
			w.must(full)
		}
		w.expectTold("removed_by_hand", "cem@", "somebody deleted this user")
		w.expect("cem", "Staff", false)
		delete(w.staff.groups, "cem")
		for range 3 {
			w.pass(25 * time.Hour)
			w.must(true)
		}
		w.staff.groups["cem"] = "staff"
		w.pass(time.Hour)
		w.must(true)
		w.expect("cem", "Staff", true)
		w.kisi.CheckT(t)
	}
}

// cases.md 80: a right that was taken by hand stays away while the rule goes on giving it, and comes back when it is given anew.
func TestARightTakenByHandComesBackOnlyWhenItIsGivenAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.DeleteGrant(w.right("bo", "HQ / Lab"))
	for _, full := range []bool{true, false, true} {
		w.pass(time.Hour)
		w.must(full)
	}
	w.expect("bo", "HQ / Lab", false)
	w.expectTold("removed_by_hand", "bo@", "Lab")
	w.staff.groups["bo"] = "staff"
	w.pass(time.Hour)
	w.must(true)
	w.staff.groups["bo"] = "staff lab"
	w.pass(time.Hour)
	w.must(true)
	w.expect("bo", "HQ / Lab", true)
	w.kisi.CheckT(t)
}

// A suspension by hand is never lifted, whatever the directory says before and after.
func TestASuspensionByHandIsNeverLifted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.SuspendUser(w.kisi.UserID("cem@nordlicht.example"))
	w.pass(time.Hour)
	w.must(true)
	for _, off := range []bool{true, false, true, false} {
		w.staff.disabled["cem"] = off
		w.pass(time.Hour)
		w.must(off)
	}
	w.expect("cem", "Staff", false)
	w.must(true)
	w.expectTold("suspended_by_hand", "cem@", "it stays so")
	w.kisi.CheckT(t)
}

// cases.md 84: where SCIM has suspended somebody, nothing is written back and forth.
func TestASuspensionBySCIMIsReportedAndNotFought(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.ScimSuspend(w.kisi.UserID("cem@nordlicht.example"), true)
	w.kisi.ResetLog()
	for range 3 {
		w.pass(time.Hour)
		w.must(true)
	}
	if n := len(w.kisi.Writes()); n > 0 {
		t.Errorf("%d writes", n)
	}
	w.expectTold("suspended_by_scim", "cem@", "only SCIM can restore it")
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	if w.user("cem").Access {
		t.Error("not suspended")
	}
	w.kisi.CheckT(t)
}

// cases.md 81: the owner, administrators and the key's own user may be in the directory: their doors are managed, they themselves are not.
func TestTheOwnerAdministratorsAndTheKeyAreNeverSuspended(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.spec.Sources[0].Domains = nil
	protected := map[string]string{"olivia": "olivia.brandt@example.com", "henrik": "henrik.sorensen@example.com", "key": "kisi-sync@example.com"}
	for who, mail := range protected {
		w.staff.groups[who], w.staff.mail[who] = "staff", mail
	}
	w.must(true)
	for who, mail := range protected {
		if u, _ := w.kisi.World().User(mail); !u.Holds("Staff") {
			t.Errorf("%s has no door", who)
		}
		w.staff.disabled[who] = true
	}
	w.pass(time.Hour)
	w.must(true)
	for who, mail := range protected {
		u, _ := w.kisi.World().User(mail)
		if !u.Access || u.Holds("Staff") {
			t.Errorf("%s: %+v", who, u)
		}
		w.expectTold("protected", mail, "suspend this user by hand")
	}
	w.kisi.CheckT(t)
}

// A user whose stamp somebody wiped, or who was linked while it could not be read, is still known by the state file.
func TestAWipedStampChangesNothingWhileTheStateFileIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.kisi.SetMetadata(w.kisi.UserID("cem@nordlicht.example"), map[string]any{"other": "tool"})
	w.pass(time.Hour)
	w.must(true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.expect("cem", "Staff", false)
	w.quiet()
	w.kisi.CheckT(t)
}

// silent runs over the changes and expects that nobody asks Kisi anything.
func (w *world) silent() {
	w.t.Helper()
	w.kisi.ResetLog()
	w.pass(time.Hour)
	w.must(false)
	if calls := w.kisi.Requests(); len(calls) > 0 {
		w.t.Errorf("a run of changes without changes made %d calls, the first: %s %s", len(calls), calls[0].Method, calls[0].Path)
	}
}

func TestWhoIsLeftAloneIsNotLookedAtAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.policy.Existing = plan.ReportOnly
	ana := w.kisi.AddUser(kisisim.UserSpec{Email: "Ana@nordlicht.example", Name: "By hand"})
	w.must(true)
	w.silent()
	w.staff.groups["gus"] = "staff"
	hand := w.kisi.AddUser(kisisim.UserSpec{Email: "gus@nordlicht.example", Name: "By hand"})
	w.pass(time.Hour)
	w.must(false) // is new, so somebody looks
	w.silent()
	w.kisi.DeleteUser(ana)
	w.pass(time.Hour)
	w.must(true)
	w.expect("ana", "Staff", true)
	w.policy.Existing = plan.ManageOurRights
	w.pass(time.Hour)
	w.must(false)
	w.expect("gus", "Staff", true)
	if w.kisi.UserID("gus@nordlicht.example") != hand {
		t.Error("another user was made")
	}
	w.silent()
	w.kisi.CheckT(t)
}

// Two people of the directory, one Kisi user: the address that it has is one's by now, and the other's still.
func TestWhoseUserIsAnothersIsNotLookedAtAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.mail["bo"] = "bo.lind@nordlicht.example"
	w.staff.groups["zed"], w.staff.mail["zed"] = "staff", "bo@nordlicht.example"
	w.pass(time.Hour)
	w.must(true)
	w.expectTold("linked_elsewhere", "bo@", "belongs to another person")
	w.silent()
	w.kisi.CheckT(t)
}
