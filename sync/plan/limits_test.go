package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// staff is a scene of n people who hold HQ Staff by our hand; who is in loses loses it, by the cause at the same place.
func staff(n int, loses ...uint32) *scene {
	s := newScene()
	s.in.Limits = Limits{Disabled: 100, Grants: 100, Removals: Removals{People: 100}}
	s.desired.Wishes, s.observed.Members = nil, nil
	for i := range n {
		name, id := fmt.Sprintf("p%03d", i), ana+access.RemoteID(i)
		w, m := wishOf(i, name, id), user(id, name)
		right := access.Grant{Assignment: 900 + access.RemoteID(i), Group: hq, Role: access.DoorAccess}
		m.Grants = []access.Grant{right}
		mine := owned(access.Created)
		mine.Assignment = right.Assignment
		s.accounts = append(s.accounts, access.Account{Known: m, Owned: []access.OwnedGrant{mine},
			Link: access.Link{Anchors: w.Anchors, Level: access.Created, Name: m.Name}})
		switch {
		case i >= len(loses):
			w.Grants = []access.WishedGrant{{Cause: byRule, Role: access.DoorAccess}}
		case loses[i] == disabled || loses[i] == vanished:
			w.Standing, w.Cause = access.Suspend, loses[i]
		default:
			w.Losses = []access.Loss{{Group: hq, Cause: loses[i]}}
		}
		s.desired.Wishes, s.observed.Members = append(s.desired.Wishes, w), append(s.observed.Members, m)
	}
	return s
}

// joiners is a scene of n people who are new.
func joiners(n int) *scene {
	s := staff(n)
	s.observed.Members, s.accounts = nil, nil
	for i := range s.desired.Wishes {
		s.desired.Wishes[i].Member = 0
	}
	return s
}

func times(n int, cause uint32) []uint32 {
	all := make([]uint32, n)
	for i := range all {
		all[i] = cause
	}
	return all
}

func TestAHeldGainSaysWhatIsOfBeforeAndWhatWasChangedInTheFile(t *testing.T) {
	s := joiners(2).do(func(s *scene) {
		s.in.Limits.Grants, s.in.Limits.Window = 2, 24*time.Hour
		s.in.Spent = []access.Spending{{At: now, Effect: access.Widens, Cause: access.ByRule, Group: hq, Email: "other@x.com"}}
		s.desired.Causes[byRule].Rule = "hq, more"
		s.desired.Edits = []access.Edit{{Rule: "another", Text: "nothing of this"}, {Rule: "hq", Text: "rule hq changed in the file: group A → B"}}
	})
	want := "3 people would gain access (1 of them in the last 24h already; caused by the file: rule hq changed in the file: group A → B), limits.grants.people is 2"
	if step := s.plan().Steps[0]; step.Hold == nil || step.Hold.Text != want {
		t.Errorf("held: %+v\nwant %s", step.Hold, want)
	}
}

// Who gained a group lately is among those for whom it gets a door.
func TestWhoGainsASensitiveGroupAndItsDoorIsCountedOnce(t *testing.T) {
	for _, c := range []struct {
		limit int
		want  string
	}{{6, "1 done, 0 held"}, {5, "0 done, 1 held"}} {
		s := staff(5).do(func(s *scene) {
			s.in.Limits.Sensitive, s.desired.Groups[0].Sensitive = c.limit, true
			for i := range s.accounts {
				s.in.Spent = append(s.in.Spent, access.Spending{At: now, Effect: access.Widens, Cause: access.ByRule, Group: hq, Email: s.observed.Members[i].Email})
			}
			s.in.Spent = append(s.in.Spent, access.Spending{At: now, Effect: access.Widens, Cause: access.Declared, Group: hq})
			w, m := wishOf(5, "p005", ana+5), user(ana+5, "p005")
			w.Grants = []access.WishedGrant{{Cause: byRule, Role: access.DoorAccess}}
			s.desired.Wishes, s.observed.Members = append(s.desired.Wishes, w), append(s.observed.Members, m)
			s.accounts = append(s.accounts, access.Account{Known: m, Link: access.Link{Anchors: w.Anchors, Level: access.Created, Name: m.Name}})
		})
		if got := doneAndHeld(s.plan()); got != c.want {
			t.Errorf("limit %d: %s, want %s", c.limit, got, c.want)
		}
	}
}

// doneAndHeld says "3 done, 2 held", counting people.
func doneAndHeld(p *Plan) string {
	done, held := map[string]bool{}, map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Hold == nil {
			done[s.Change.Object.Email+s.Change.Object.GroupName] = true
		} else {
			held[s.Change.Object.Email+s.Change.Object.GroupName] = true
		}
	}
	return fmt.Sprintf("%d done, %d held", len(done), len(held))
}

func TestALimitIsReachedAboveItsNumber(t *testing.T) {
	limits := func(f func(*Limits)) func(*scene) { return func(s *scene) { f(&s.in.Limits) } }
	disabledLimit := func(n int) func(*scene) { return limits(func(l *Limits) { l.Disabled = n }) }
	removals := func(n int) func(*scene) { return limits(func(l *Limits) { l.Removals.People = n }) }
	grants := func(n int) func(*scene) { return limits(func(l *Limits) { l.Grants = n }) }
	percent := func(p, above int) func(*scene) {
		return limits(func(l *Limits) { l.Removals.PercentOfGroup, l.Removals.GroupsAbove = p, above })
	}
	for _, row := range []struct {
		name  string
		s     *scene
		limit func(*scene)
		want  string
	}{
		{"as many disabled as allowed", staff(20, times(3, disabled)...), disabledLimit(3), "3 done, 0 held"},
		{"one disabled too many", staff(20, times(4, disabled)...), disabledLimit(3), "0 done, 4 held"},
		{"nobody may be disabled", staff(20, disabled), disabledLimit(0), "0 done, 1 held"},
		{"disabling without a limit", staff(20, times(20, disabled)...), disabledLimit(-1), "20 done, 0 held"},
		{"as many left as allowed", staff(20, times(3, leftGroup)...), removals(3), "3 done, 0 held"},
		{"one left too many", staff(20, times(4, leftGroup)...), removals(3), "0 done, 4 held"},
		{"one vanished too many", staff(20, times(4, vanished)...), removals(3), "0 done, 4 held"},
		{"one expired too many", staff(20, times(4, expired)...), removals(3), "0 done, 4 held"},
		{"the file takes too much", staff(20, times(4, byFile)...), removals(3), "0 done, 4 held"},
		{"an operator's block has no limit", staff(20, times(20, blocked)...), removals(0), "20 done, 0 held"},
		{"as many joiners as allowed", joiners(3), grants(3), "6 done, 0 held"},
		{"one joiner too many", joiners(4), grants(3), "0 done, 8 held"},
		{"no joiner may come", joiners(1), grants(0), "0 done, 2 held"},
		{"grants do not limit removals", staff(20, times(4, leftGroup)...), grants(0), "4 done, 0 held"},
		{"as much of a group as allowed", staff(20, times(2, leftGroup)...), percent(10, 10), "2 done, 0 held"},
		{"one of a group too many", staff(20, times(3, leftGroup)...), percent(10, 10), "0 done, 3 held"},
		{"a group that is small", staff(10, times(10, leftGroup)...), percent(10, 10), "10 done, 0 held"},
		{"a group that is just not small", staff(11, times(2, leftGroup)...), percent(10, 10), "0 done, 2 held"},
		{"one of the smallest group that counts", staff(11, leftGroup), percent(10, 10), "1 done, 0 held"},
		{"a group may empty by disabling", staff(20, times(20, disabled)...), percent(10, 10), "20 done, 0 held"},
		{"a group may not empty by vanishing", staff(20, times(3, vanished)...), percent(10, 10), "0 done, 3 held"},
		{"a group may empty where no percentage is set", staff(20, times(20, leftGroup)...), percent(0, 10), "20 done, 0 held"},
		// one cause does not hold another
		{"a leaver goes while a reorganization waits", staff(20, append(times(5, leftGroup), disabled, disabled)...), removals(3), "2 done, 5 held"},
		{"a leaver goes while the file waits", staff(20, append(times(5, byFile), disabled)...), removals(3), "1 done, 5 held"},
		{"a leaver goes while a group is held", staff(20, append(times(5, leftGroup), disabled)...), percent(10, 10), "1 done, 5 held"},
		{"a reorganization does not hold expiry", staff(20, append(times(5, leftGroup), expired, expired)...), removals(3), "2 done, 5 held"},
		{"too many disabled do not hold the others", staff(20, append(times(5, disabled), leftGroup)...), disabledLimit(3), "1 done, 5 held"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := row.s.do(row.limit).plan()
			if got := doneAndHeld(p); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
			for i := range p.Steps {
				if h := p.Steps[i].Hold; h != nil && h.Kind != access.HeldByLimit && h.Kind != access.HeldByNeed {
					t.Errorf("held by %s: %s", h.Kind, h.Text)
				}
			}
		})
	}
}

func TestWhatWasSpentWithinTheWindowCounts(t *testing.T) {
	spent := func(cause access.CauseKind, group access.RemoteID, people ...string) func(*scene) {
		return func(s *scene) {
			for _, who := range people {
				s.in.Spent = append(s.in.Spent, access.Spending{At: now - hour, Effect: access.Narrows, Cause: cause, Group: group, Email: who})
			}
		}
	}
	people3 := func(s *scene) { s.in.Limits.Removals.People = 3 }
	percent := func(s *scene) { s.in.Limits.Removals = Removals{People: -1, PercentOfGroup: 10, GroupsAbove: 10} }
	for _, row := range []struct {
		name  string
		s     *scene
		limit func(*scene)
		spent func(*scene)
		want  string
	}{
		{"others", staff(20, times(2, leftGroup)...), people3, spent(access.LeftGroup, hq, "a@x.com", "b@x.com"), "0 done, 2 held"},
		{"others, just enough", staff(20, times(2, leftGroup)...), people3, spent(access.LeftGroup, hq, "a@x.com"), "2 done, 0 held"},
		{"the same people again", staff(20, times(2, leftGroup)...), people3, spent(access.LeftGroup, 8, "p000@x.com", "p001@x.com"), "2 done, 0 held"},
		{"by another cause", staff(20, times(2, leftGroup)...), people3, spent(access.ByFile, hq, "a@x.com", "b@x.com"), "2 done, 0 held"},
		{"of the group: 3 of 21", staff(20, times(2, leftGroup)...), percent, spent(access.LeftGroup, hq, "a@x.com"), "0 done, 2 held"},
		{"of the group: 3 of 30", staff(29, times(2, leftGroup)...), percent, spent(access.LeftGroup, hq, "a@x.com"), "2 done, 0 held"},
		{"of another group does not make this one bigger", staff(20, times(3, leftGroup)...), percent, spent(access.LeftGroup, 8, strings.Fields("a b c d e f g h i j k l m n o p")...), "0 done, 3 held"},
		{"gains do not make a group bigger", staff(20, times(3, leftGroup)...), percent, func(s *scene) {
			for i := range 20 {
				s.in.Spent = append(s.in.Spent, access.Spending{Effect: access.Widens, Cause: access.ByRule, Group: hq, Email: fmt.Sprint(i)})
			}
		}, "0 done, 3 held"},
		{"of another group", staff(20, times(2, leftGroup)...), percent, spent(access.LeftGroup, 8, "a@x.com"), "2 done, 0 held"},
		{"somebody twice is one holder more", staff(19, times(2, leftGroup)...), percent, spent(access.ByFile, hq, "a@x.com", "a@x.com"), "2 done, 0 held"},
		{"a door of a whole group", staff(20, times(2, byFile)...), people3, func(s *scene) {
			s.in.Spent = []access.Spending{{At: now, Effect: access.Narrows, Cause: access.ByFile, Group: hq}}
		}, "0 done, 2 held"},
	} {
		if got := doneAndHeld(row.s.do(row.limit, row.spent).plan()); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func TestAGroupThatIsHeldDoesNotHoldTheRest(t *testing.T) {
	s := staff(20, times(15, leftGroup)...)
	const lab access.RemoteID = 8
	s.observed.Groups = append(s.observed.Groups, access.Group{ID: lab, Name: "Lab"})
	for i := 15; i < 18; i++ { // three of three lose the lab, which is too small to have a percentage
		right := access.Grant{Assignment: 700 + access.RemoteID(i), Group: lab, Role: access.DoorAccess}
		s.observed.Members[i].Grants = append(s.observed.Members[i].Grants, right)
		s.accounts[i].Owned = append(s.accounts[i].Owned, access.OwnedGrant{Group: lab, Assignment: right.Assignment, Level: access.Created, Role: right.Role})
		s.desired.Wishes[i].Losses = []access.Loss{{Group: lab, Cause: leftGroup}}
	}
	s.in.Limits.Removals = Removals{People: 10, PercentOfGroup: 10, GroupsAbove: 10}
	if got := doneAndHeld(s.plan()); got != "3 done, 15 held" {
		t.Error(got)
	}
}

func TestADoorWeighsAllWhoGoThroughIt(t *testing.T) {
	door := func(s *scene) {
		s.desired.Groups[0].Openings = true
		s.observed.Groups[0].Opened, s.observed.Groups[0].Users = true, 5000
		s.observed.Groups[0].Doors = []access.Opening{{Row: 301, Thing: 31}, {Row: 302, Thing: 32}}
		s.groups = []access.GroupAccount{{ID: hq, Name: "HQ Staff", Doors: s.observed.Groups[0].Doors}}
		s.observed.Covers = access.Scope{Doors: []access.RemoteID{hq}}
		s.observed.Members = nil
	}
	for limit, want := range map[int]string{4999: "0 done, 1 held", 5000: "1 done, 0 held"} {
		s := newScene(door)
		s.in.Limits.Removals.People = limit
		p := s.plan()
		if got := doneAndHeld(p); got != want || p.Steps[0].People != 5000 {
			t.Errorf("limit %d: %s of %d people, want %s", limit, got, p.Steps[0].People, want)
		}
	}
	s := staff(20).do(door, func(s *scene) { s.observed.Covers.All = true })
	s.observed.Members = staff(20).observed.Members
	s.in.Limits.Removals = Removals{People: -1, PercentOfGroup: 50, GroupsAbove: 10}
	p := s.plan()
	if got := tell(p); got != "remove door: left [held: limit], remove door: left [held: limit]" {
		t.Fatal(got)
	}
	if want := "all 20 people of HQ Staff would lose a door or elevator stop (caused by the file), limits.removals.percent_of_group is 50"; p.Steps[0].Hold.Text != want {
		t.Errorf("got  %s\nwant %s", p.Steps[0].Hold.Text, want)
	}
	if p.Steps[0].People != 20 {
		t.Errorf("%d people were counted where 20 were seen", p.Steps[0].People)
	}
}

func TestALimitSaysWhatItIsAndWhoIsOver(t *testing.T) {
	for want, s := range map[string]*scene{
		"3 of the 20 people of HQ Staff would lose it (left a group), limits.removals.percent_of_group is 10": staff(20, times(3, leftGroup)...).do(
			func(s *scene) { s.in.Limits.Removals = Removals{People: -1, PercentOfGroup: 10, GroupsAbove: 10} }),
		"1 person would lose access (end date passed), limits.removals.people is 0": staff(20, expired).do(
			func(s *scene) { s.in.Limits.Removals = Removals{} }),
		"2 people would lose access (disabled or deleted in the directory), limits.disabled.people is 1": staff(20, disabled, disabled).do(
			func(s *scene) { s.in.Limits.Disabled = 1 }),
		"2 people would gain access, limits.grants.people is 1": joiners(2).do(func(s *scene) { s.in.Limits.Grants = 1 }),
	} {
		if p := s.plan(); p.Steps[0].Hold == nil || p.Steps[0].Hold.Text != want {
			t.Errorf("got  %+v\nwant %s", p.Steps[0].Hold, want)
		}
	}
}

// verdict puts a hold about every step of a plan into a scene.
func verdict(p *Plan, v access.Verdict, change func(*access.Hold)) func(*scene) {
	return func(s *scene) {
		for i := range p.Steps {
			h := access.Hold{Step: p.Steps[i].ID, Verdict: v, Since: now - hour}
			if p.Steps[i].Hold != nil {
				h.Reason = *p.Steps[i].Hold
			}
			if change != nil {
				change(&h)
			}
			s.in.Holds = append(s.in.Holds, h)
		}
	}
}

func TestVerdictsOnHeldSteps(t *testing.T) {
	four := func(changes ...func(*scene)) *scene {
		s := staff(20, times(4, leftGroup)...)
		s.in.Limits.Removals.People = 3
		return s.do(changes...)
	}
	roomy := func(s *scene) { s.in.Limits.Removals.People = 100 }
	first := func(n int) *Plan { p := four().plan(); p.Steps = p.Steps[:n]; return p }
	until := func(at access.Instant) func(*access.Hold) { return func(h *access.Hold) { h.Until = at } }
	by := func(h *access.Hold) { h.By = "mia" }

	for _, row := range []struct {
		name string
		s    *scene
		want string
		text string // of the first hold
	}{
		{"all approved", four(verdict(first(4), access.Approved, nil)), "4 done, 0 held", ""},
		{"one approved does not count, the rest is within", four(verdict(first(1), access.Approved, nil)), "4 done, 0 held", ""},
		{"approved, and the window is full", four(verdict(first(4), access.Approved, nil), func(s *scene) { s.in.Limits.Removals.People = 0 }), "4 done, 0 held", ""},
		{"one approved, others are still too many", four(verdict(first(1), access.Approved, nil), func(s *scene) { s.in.Limits.Removals.People = 2 }), "1 done, 3 held", ""},
		{"waiting stays held when there would be room", four(verdict(first(4), access.Waiting, nil), roomy), "0 done, 4 held", ""},
		{"waiting does not count", four(verdict(first(2), access.Waiting, nil)), "2 done, 2 held", ""},
		{"rejected stays", four(verdict(first(4), access.Rejected, by), roomy), "0 done, 4 held", "rejected by mia"},
		{"parked stays for now", four(verdict(first(4), access.Parked, until(now+1)), roomy), "0 done, 4 held",
			"4 people would lose access (left a group), limits.removals.people is 3; tried again after 2026-05-28 20:26 UTC"},
		{"parked is tried again in time", four(verdict(first(4), access.Parked, until(now)), roomy), "4 done, 0 held", ""},
		{"parked does not count", four(verdict(first(2), access.Parked, until(now+1))), "2 done, 2 held", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := row.s.plan()
			if got := doneAndHeld(p); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
			if row.text != "" && p.Steps[0].Hold.Text != row.text {
				t.Errorf("got  %s\nwant %s", p.Steps[0].Hold.Text, row.text)
			}
		})
	}
}

func TestAnApprovalIsOfOneStepAsItWas(t *testing.T) {
	s := staff(20, times(4, leftGroup)...)
	s.in.Limits.Removals.People = 3
	s.do(verdict(s.plan(), access.Approved, nil))
	s.desired.Causes[leftGroup].Mark++ // the file changed
	if got := doneAndHeld(s.plan()); got != "0 done, 4 held" {
		t.Errorf("approved for another rule: %s", got)
	}
}

func TestAnApprovalLiftsWhatWasHeldByHandAndNotTheMode(t *testing.T) {
	s := newScene(wants, link(access.Created, owned(access.Created)))
	s.do(verdict(s.plan(), access.Approved, nil))
	if got := tell(s.plan()); got != "give access: repaired" {
		t.Error(got)
	}
	s.in.Policy.Mode = Observe
	if got := tell(s.plan()); got != "give access: repaired [held: mode], (removed_by_hand)" {
		t.Error(got)
	}
}

func TestModes(t *testing.T) {
	for mode, want := range map[Mode]string{Full: "9 done, 0 held", AddOnly: "5 done, 4 held", Observe: "0 done, 9 held"} {
		s := crowd()
		s.in.Policy.Mode = mode
		p := s.plan()
		if got := doneAndHeld(p); got != want {
			t.Errorf("%s: %s, want %s", mode, got, want)
		}
		for i := range p.Steps {
			if step := &p.Steps[i]; mode == AddOnly && (step.Hold != nil) != (step.Change.Effect() == access.Narrows) {
				t.Errorf("%s: %+v", step.Describe(nil), step.Hold)
			}
		}
	}
}

func TestAnOpenCallHoldsOnlyWhatWidensForThatPerson(t *testing.T) {
	intent := func(o access.ObjectKey) []access.Intent {
		return []access.Intent{{Seq: 1, Call: access.Call{Change: access.Change{Kind: access.CreateAssignment, Object: o}}}}
	}
	for name, row := range map[string]struct {
		open []access.Intent
		held string
	}{
		"by address":     {intent(access.ObjectKey{Email: "ana@x.com"}), "give access: ana@x.com in Office as door_access"},
		"by anchor":      {intent(access.ObjectKey{Email: "old@x.com", Anchor: "corp:1"}), "give access: ana@x.com in Office as door_access"},
		"by id":          {intent(access.ObjectKey{Email: "old@x.com", Member: ana}), "give access: ana@x.com in Office as door_access"},
		"somebody else":  {intent(access.ObjectKey{Email: "zoe@x.com"}), ""},
		"nobody at all":  {intent(access.ObjectKey{}), ""},
		"another group":  {[]access.Intent{{Call: access.Call{Change: access.Change{Kind: access.AddDoor, Object: access.ObjectKey{GroupName: "Garage"}}}}}, ""},
		"a leaver":       {intent(access.ObjectKey{Email: "ben@x.com"}), ""},
		"the group made": {[]access.Intent{{Call: access.Call{Change: access.Change{Kind: access.CreateGroup, Object: access.ObjectKey{GroupName: "Office"}}}}}, "create group: Office"},
	} {
		s := crowd()
		s.in.Open = row.open
		p := s.plan()
		for i := range p.Steps {
			step := &p.Steps[i]
			byUnknown := step.Hold != nil && step.Hold.Kind == access.HeldByUnknown
			is := step.Describe(nil) == row.held || row.held == "create group: Office" && step.Describe(nil) == "add door: Office, door 31"
			if byUnknown != is {
				t.Errorf("%s: %s: %+v", name, step.Describe(nil), step.Hold)
			}
		}
	}
}
