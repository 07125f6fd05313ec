package plan

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// TestTheDecisionTable is the table of the design (section 3): what is wanted, what is there, what the ledger says, what is done.
// Every row is tried twice: as it stands, and with nothing observed, when nothing may be done.
func TestTheDecisionTable(t *testing.T) {
	type is = func(*scene)
	none := link(access.Created)
	ours := func(level access.Level) is { return link(access.Created, owned(level)) }
	nothing := func(*scene) {}
	later, latest := now+hour, now+2*hour
	wroteLater := owned(access.Created)
	wroteLater.Until = later

	for _, row := range []struct {
		name                     string
		desired, observed, owned is
		want                     string
	}{
		// desired: yes, observed: no
		{"new", wants, nothing, none, "give access: new"},
		{"removed by hand: created", wants, nothing, ours(access.Created), "give access: repaired [held: by_hand], (removed_by_hand)"},
		{"removed by hand: adopted", wants, nothing, ours(access.Adopted), "give access: repaired [held: by_hand], (removed_by_hand)"},
		{"removed by the hand that gave", wants, nothing, ours(access.Satisfied), "give access: repaired [held: by_hand], (removed_by_hand)"},
		// desired: yes, observed: the same
		{"up to date: created", wants, holds, ours(access.Created), ""},
		{"up to date: adopted", wants, holds, ours(access.Adopted), ""},
		{"satisfied by hand", wants, holds, none, "note access given by hand: satisfied by hand"},
		{"satisfied by hand, known", wants, holds, ours(access.Satisfied), ""},
		// desired: yes, observed: more
		{"more by hand", wantsUntil(later), holds, none, "note access given by hand: satisfied by hand"},
		{"more by hand, known", wantsUntil(later), holds, ours(access.Satisfied), ""},
		// desired: yes, observed: less, and not ours
		{"less by hand", wants, holdsUntil(later), none, "(less_than_wanted)"},
		{"less by hand, known", wants, holdsUntil(later), ours(access.Satisfied), "(less_than_wanted)"},
		// desired: yes, observed: differs, as we wrote it
		{"changed at the source: longer", wantsUntil(latest), holdsUntil(later), link(access.Created, wroteLater), "change access: changed at the source"},
		{"changed at the source: shorter", wantsUntil(later), holds, ours(access.Created), "change access: changed at the source"},
		{"changed at the source: adopted", wantsUntil(later), holds, ours(access.Adopted), "change access: changed at the source"},
		// desired: yes, observed: differs from what we wrote too
		{"drifted", wants, holdsUntil(later), ours(access.Created), "(drifted)"},
		{"drifted: adopted", wants, holdsUntil(later), ours(access.Adopted), "(drifted)"},
		// desired: no, observed: yes
		{"left: created", loses(leftGroup), holds, ours(access.Created), "remove access: left"},
		{"left: adopted", loses(leftGroup), holds, ours(access.Adopted), "remove access: left"},
		{"left after it drifted", loses(leftGroup), holdsUntil(later), ours(access.Created), "remove access: left"},
		{"released", loses(leftGroup), holds, ours(access.Satisfied), "release access: released"},
		{"unmanaged", nothing, holds, none, "(added_by_hand)"},
		{"unmanaged, though lost", loses(leftGroup), holds, none, "(added_by_hand)"},
		// desired: no, observed: no
		{"forgotten: created", loses(leftGroup), nothing, ours(access.Created), "forget access: forgotten"},
		{"forgotten: adopted", loses(leftGroup), nothing, ours(access.Adopted), "forget access: forgotten"},
		{"forgotten: satisfied", loses(leftGroup), nothing, ours(access.Satisfied), "forget access: forgotten"},
		{"nothing at all", nothing, nothing, none, ""},
		// not certain
		{"unsure, not there", unsure, nothing, none, ""},
		{"unsure, there", unsure, holds, ours(access.Created), ""},
		{"unsure, removed by hand", unsure, nothing, ours(access.Created), ""},
		{"left alone", leave, holds, ours(access.Created), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(row.desired, row.observed, row.owned)
			if got := tell(s.plan()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			if got := tell(s.do(uncovered).plan()); got != "" {
				t.Errorf("not covered, and yet: %s", got)
			}
		})
	}
}

func TestRepairDoesAgainWhatSomebodyUndid(t *testing.T) {
	repair := func(s *scene) { s.in.Policy.Repair = true }
	ours := link(access.Created, owned(access.Created))
	for name, row := range map[string]struct {
		s    *scene
		want string
	}{
		"removed": {newScene(repair, wants, ours), "give access: repaired"},
		"altered": {newScene(repair, wants, holdsUntil(now+hour), ours), "change access: repaired"},
	} {
		if got := tell(row.s.plan()); got != row.want {
			t.Errorf("%s: got %s, want %s", name, got, row.want)
		}
	}
}

// TestThePersonAsAWhole is what becomes of a Kisi user: who it is, whose, and who suspended it.
func TestThePersonAsAWhole(t *testing.T) {
	mine, theirs := access.Stamp{Installation: "berlin-1", Anchor: "corp:1"}, access.Stamp{Installation: "oslo-2", Anchor: "corp:1"}
	stamped := func(st access.Stamp) func(*scene) { return func(s *scene) { s.user().Stamp = st } }
	protected := func(p access.Protection) func(*scene) { return func(s *scene) { s.user().Protected = p } }
	reportOnly := func(s *scene) { s.in.Policy.Existing = ReportOnly }
	scim := func(s *scene) { s.user().SCIMBlocked = true }
	renamed := func(s *scene) { s.ana().Name = "Ana Maria" }
	renamedByHand := func(s *scene) { s.user().Name = "Ana B." }
	noAddress := func(s *scene) { s.ana().Email, s.ana().Folded = "", "" }
	mayNotBeCreated := func(s *scene) { s.ana().Create = false }
	repair := func(s *scene) { s.in.Policy.Repair = true }
	madeAgain := func(s *scene) { s.observed.Members = []access.Member{user(ana+1, "ana")} }
	ours, theirRight := link(access.Created, owned(access.Created)), link(access.Linked, owned(access.Satisfied))

	for _, row := range []struct {
		name  string
		scene []func(*scene)
		want  string
	}{
		// leavers
		{"a leaver is suspended", []func(*scene){ours, holds, suspend(disabled)}, "suspend user: left"},
		{"an adopted leaver too", []func(*scene){link(access.Adopted), suspend(disabled)}, "suspend user: left"},
		{"a leaver loses what the file took", []func(*scene){ours, holds, suspend(disabled), loses(byFile)}, "suspend user: left, remove access: left"},
		{"a leaver who is suspended stays so", []func(*scene){ours, off, suspendedByUs, suspend(disabled)}, ""},
		{"a leaver whom somebody suspended stays so", []func(*scene){ours, off, suspend(disabled)}, ""},
		{"a leaver made by hand loses only our rights", []func(*scene){link(access.Linked, owned(access.Created)), holds, suspend(disabled)}, "remove access: left, (still_holds)"},
		{"a leaver made by hand keeps hand-made rights", []func(*scene){theirRight, holds, suspend(disabled)}, "release access: released, (still_holds)"},
		{"a leaver made by hand and off is quiet", []func(*scene){theirRight, holds, off, suspend(disabled)}, "release access: released"},
		{"a leaver who owns the organization is reported", []func(*scene){ours, holds, protected(access.Owner), suspend(disabled)}, "remove access: left, (protected)"},
		{"a leaver who administers is reported", []func(*scene){ours, holds, protected(access.Administrator), suspend(disabled)}, "remove access: left, (protected)"},
		{"a leaver whose key it is is reported", []func(*scene){ours, holds, protected(access.OwnKey), suspend(disabled)}, "remove access: left, (protected)"},
		{"a leaver whom we never met is reported", []func(*scene){stranger, suspend(disabled)}, "(still_holds)"},
		{"a leaver whom we never met and who is off is quiet", []func(*scene){stranger, off, suspend(disabled)}, ""},
		{"a leaver with our stamp is suspended", []func(*scene){stranger, stamped(mine), suspend(disabled)}, "link user: recognized, suspend user: left"},
		{"a leaver with another's stamp is reported", []func(*scene){stranger, stamped(theirs), suspend(disabled)}, "(still_holds)"},
		{"a leaver who is gone is forgotten", []func(*scene){ours, gone, suspend(disabled)}, "forget user: forgotten"},
		{"a leaver nobody knows needs nothing", []func(*scene){stranger, gone, suspend(disabled)}, ""},
		// those who return
		{"our suspension is lifted", []func(*scene){ours, holds, off, suspendedByUs, wants}, "restore user: returned"},
		{"what nobody can say to be wanted goes first", []func(*scene){ours, holds, off, suspendedByUs, unproven}, "remove access: left, restore user: returned"},
		{"and so it does when a rule cannot be decided", []func(*scene){ours, holds, off, suspendedByUs, unsure, unproven}, "remove access: left, restore user: returned"},
		{"what somebody took meanwhile is not forgotten for that", []func(*scene){ours, off, suspendedByUs, unsure, unproven}, "restore user: returned"},
		{"nor is anything taken from whom somebody let in", []func(*scene){ours, holds, suspendedByUs, unproven}, ""},
		{"a suspension by hand is not", []func(*scene){ours, holds, off, wants}, "(suspended_by_hand)"},
		{"by hand and by SCIM, both are told", []func(*scene){ours, holds, off, scim, wants}, "(suspended_by_hand), (suspended_by_scim)"},
		{"by us and by SCIM, ours is lifted", []func(*scene){ours, holds, off, scim, suspendedByUs, wants}, "restore user: returned, (suspended_by_scim)"},
		{"one by SCIM on an enabled user is told", []func(*scene){ours, holds, scim, wants}, "(suspended_by_scim)"},
		// those who are protected have ordinary rights like anyone
		{"an owner gains a door", []func(*scene){link(access.Linked), protected(access.Owner), wants}, "give access: new"},
		{"an owner loses our right", []func(*scene){ours, holds, protected(access.Owner), loses(leftGroup)}, "remove access: left"},
		// strangers
		{"a stranger is linked", []func(*scene){stranger, wants}, "link user: recognized, give access: new"},
		{"a stranger is linked and his rights stay his", []func(*scene){stranger, holds, wants}, "link user: recognized, note access given by hand: satisfied by hand"},
		{"a stranger with our stamp is ours again", []func(*scene){stranger, stamped(mine), renamed, wants}, "link user: recognized, update user: changed at the source, give access: new"},
		{"a stranger with another's stamp is only linked", []func(*scene){stranger, stamped(theirs), renamed, wants}, "link user: recognized, give access: new"},
		{"a stranger is left alone", []func(*scene){stranger, reportOnly, wants}, "(left_alone)"},
		{"a stranger who should have nothing is no matter", []func(*scene){stranger}, ""},
		{"a stranger who should have nothing is not reported", []func(*scene){stranger, reportOnly}, ""},
		{"a stranger about whom a rule is unsure waits", []func(*scene){stranger, unsure}, ""},
		{"a stranger left alone by the file but with our stamp is ours", []func(*scene){stranger, reportOnly, stamped(mine), wants}, "link user: recognized, give access: new"},
		// the end of the ladder
		{"time is over", []func(*scene){ours, off, suspendedByUs, stamped(mine), remove}, "delete user: left"},
		{"time is over, but let in again", []func(*scene){ours, suspendedByUs, stamped(mine), remove}, "suspend user: left"},
		{"time is over, without our stamp", []func(*scene){ours, off, suspendedByUs, remove}, "(kept_in_kisi)"},
		{"time is over, adopted", []func(*scene){link(access.Adopted), off, suspendedByUs, stamped(mine), remove}, "(kept_in_kisi)"},
		{"time is over, deleted by hand", []func(*scene){ours, gone, remove}, "forget user: forgotten"},
		{"time is over, with another's right", []func(*scene){link(access.Created), off, suspendedByUs, stamped(mine), holds, remove}, "(kept_in_kisi)"},
		// newcomers
		{"a newcomer is created", []func(*scene){stranger, gone, wants}, "create user: new, give access: new"},
		{"a newcomer without doors, if the file says so", []func(*scene){stranger, gone}, "create user: new"},
		{"a newcomer about whom a rule is unsure waits", []func(*scene){stranger, gone, unsure}, ""},
		{"a newcomer without an address cannot be created", []func(*scene){stranger, gone, noAddress, wants}, ""},
		{"a newcomer who may not be created", []func(*scene){stranger, gone, wants, mayNotBeCreated}, ""},
		{"a newcomer whose address is left alone", []func(*scene){stranger, gone, leave, wants}, ""},
		// deleted by hand
		{"deleted by hand: held", []func(*scene){ours, gone, wants}, "create user: repaired [held: by_hand], forget user: forgotten [held: need], give access: new [held: need], (removed_by_hand)"},
		{"deleted by hand, nothing wanted", []func(*scene){ours, gone, loses(leftGroup), mayNotBeCreated}, "forget user: forgotten"},
		{"deleted by hand, kept without doors", []func(*scene){ours, gone}, "create user: repaired [held: by_hand], forget user: forgotten [held: need], (removed_by_hand)"},
		{"deleted by hand and repaired", []func(*scene){ours, gone, wants, repair}, "create user: repaired, forget user: forgotten, give access: new"},
		{"deleted by hand, may not be created", []func(*scene){ours, gone, wants, mayNotBeCreated}, "(removed_by_hand)"},
		{"deleted by hand and made by hand", []func(*scene){ours, madeAgain, wants}, "forget user: forgotten, link user: recognized, give access: new"},
		{"deleted by hand and made by hand, left alone", []func(*scene){ours, madeAgain, wants, reportOnly}, "forget user: forgotten, (left_alone)"},
		{"deleted by hand, unsure", []func(*scene){ours, gone, unsure}, ""},
		{"deleted by hand, uncertain", []func(*scene){ours, gone, leave, wants}, ""},
		// names
		{"renamed in the directory", []func(*scene){ours, holds, wants, renamed}, "update user: changed at the source"},
		{"renamed in the directory, not ours", []func(*scene){link(access.Linked, owned(access.Created)), holds, wants, renamed}, ""},
		{"renamed by hand", []func(*scene){ours, holds, wants, renamedByHand}, "(drifted)"},
		{"renamed by hand as in the directory", []func(*scene){ours, holds, wants, renamedByHand, func(s *scene) { s.ana().Name = "Ana B." }}, ""},
		{"the directory lost the name", []func(*scene){ours, holds, wants, func(s *scene) { s.ana().Name = "" }}, ""},
		{"known to another source too", []func(*scene){ours, holds, wants, func(s *scene) { s.ana().Anchors = append(s.ana().Anchors, "hr:9") }}, "link user: recognized"},
		// the address
		{"another address in the directory", []func(*scene){ours, holds, wants, func(s *scene) { s.ana().Email, s.ana().Folded = "ana.b@x.com", "ana.b@x.com" }}, "(address_changed)"},
		{"no address any more", []func(*scene){ours, holds, wants, noAddress}, ""},
		{"no address any more, and left", []func(*scene){ours, holds, noAddress, suspend(disabled)}, "suspend user: left"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(row.scene...)
			if got := tell(s.plan()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			if got := tell(s.do(uncovered).plan()); got != "" {
				t.Errorf("not covered, and yet: %s", got)
			}
		})
	}
}
