package engine_test

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// should says, naively, whether somebody should be able to open the doors of a group now.
func (l *life) should(who, group string) bool {
	groups, there := l.read.groups[who]
	if !there || l.read.disabled[who] || !slices.Contains(strings.Fields(groups), group) {
		return false
	}
	if !slices.ContainsFunc(l.spec.Rules, func(r mapping.Rule) bool { return r.From.Group == group }) {
		return false
	}
	end, err := time.Parse("2006-01-02", l.read.until[who])
	return group != "temps" || err == nil && end.AddDate(0, 0, 1).After(l.truth())
}

// seen is Kisi as anybody can see it: who can open what, and who has a right there whether it opens anything now or not, as "ana HQ / Lab".
type seen struct{ open, given map[string]bool }

func (l *life) look() seen {
	s := seen{map[string]bool{}, map[string]bool{}}
	for _, u := range l.kisi.World().Users {
		who, _, _ := strings.Cut(strings.ToLower(u.Email), "@")
		for _, g := range u.Grants {
			key := who + " " + g.On
			s.given[key] = true
			if u.Access && (g.Until.IsZero() || g.Until.After(l.truth())) {
				s.open[key] = true
			}
		}
	}
	return s
}

// check holds what a run did against what anybody would expect of it.
func (l *life) check(before seen, clean bool) {
	now := l.look()
	for _, who := range l.names {
		for in, group := range doors() {
			key := who + " " + group
			should := l.should(who, in)
			if before.open[key] && should && !now.open[key] && !l.betweenTwo(who, group) {
				l.fail("%s lost %s", who, group)
			}
			// Whose state was lost keeps rights that are nobody's, and with them opens the doors when he returns.
			if now.open[key] && !before.open[key] && !should && !l.touched[key] && !(l.forgot && before.given[key]) {
				l.fail("%s was given %s", who, group)
			}
		}
		u, ok := l.kisi.World().User(who + "@nordlicht.example")
		if _, there := l.read.groups[who]; clean && there && l.read.disabled[who] && ok && !u.ByHand && u.Access {
			l.fail("%s is disabled and not suspended", who)
		}
	}
	for _, v := range l.kisi.Violations() {
		if clean || v.Rule != kisisim.DuplicateGrant || !l.halfReplaced(v) {
			l.fail("%v", v)
		}
	}
}

// halfReplaced says that the second of two rights is the one that an unanswered call made to replace the first. Where Kisi changes no right but takes a
// second one (kisi-api §4.7, §12.1), the new one comes before the old one goes; when the answer to it is lost, nobody knows whether it is
// there, so the old one stays. It is excused only while the call is written down as open, and not after a run in which nothing went wrong.
func (l *life) halfReplaced(v kisisim.Violation) bool {
	return slices.ContainsFunc(l.unsettled(), func(i access.Intent) bool {
		o := i.Call.Change.Object
		return i.Call.Change.Kind == access.UpdateAssignment && int64(o.Member) == v.To.ID && int64(o.Group) == v.On.ID
	})
}

// betweenTwo says that somebody lacks a right because Kisi took the old one and then gave no sensible answer to the request for the new one, nor to
// that for the old one again. What is promised is that nobody loses anything by a read that was not whole; this is a change that Kisi began and
// did not end. Where it neither changes the dates of a right (kisi-api §4.7) nor lets two stand side by side (§12.1), there is no other way
// than to end one before the other begins, and nothing warns of the answers to come. It is excused only where both is so and
// the call is written down as open: then the next run finds it, and compare wants the right there at the end.
func (l *life) betweenTwo(who, group string) bool {
	if l.assume.PatchAssignment == kisisim.PatchApplied || l.assume.DuplicateRight == kisisim.RightAlwaysCreated {
		return false
	}
	_, group = placed(group)
	return slices.ContainsFunc(l.unsettled(), func(i access.Intent) bool {
		o := i.Call.Change.Object
		return i.Call.Change.Kind == access.UpdateAssignment && strings.HasPrefix(o.Email, who+"@") && o.GroupName == group
	})
}

// unsettled returns the calls without an outcome.
func (l *life) unsettled() (open []access.Intent) {
	st, err := store.Open(l.path, store.Options{Now: l.now, NoSync: true})
	if err != nil {
		l.fail("%v", err)
	}
	defer func() { _ = st.Close() }()
	if open, err = st.Open(l.world.t.Context()); err != nil {
		l.fail("%v", err)
	}
	return open
}

// compare holds the end against what a simple mind expects. Who has less or more than that must have been touched by somebody in Kisi, or
// the state file must have been lost or old, and the last run must have said for what reason it stays so, or what waits for whom.
func (l *life) compare() {
	now, waiting := l.look(), l.waiting()
	for _, who := range l.names {
		for in, group := range doors() {
			key := who + " " + group
			switch should := l.should(who, in); {
			case should == now.open[key]:
			case !l.touched[key] && !l.frozen[who] && !l.forgot:
				l.fail("at the end %s should have %s: %v, and it is not so: %+v", who, group, should, l.last)
			case should && !l.saidLess(who, group, waiting):
				l.fail("at the end %s lacks %s, and nobody says why: %+v", who, group, l.last)
			case !should && !l.saidMore(who, group):
				l.fail("at the end %s holds %s, and nobody says why: %+v", who, group, l.last)
			}
		}
		if u, ok := l.kisi.World().User(who + "@nordlicht.example"); ok && l.frozen[who] && !l.forgot && u.Access {
			l.fail("at the end %s is let in, whom somebody suspended", who)
		}
	}
	l.check(now, true)
}

// placed cuts a group's name from that of its place.
func placed(group string) (place, name string) {
	if place, name, ok := strings.Cut(group, " / "); ok {
		return place, name
	}
	return "", group
}

// saidLess says that it was reported why somebody lacks a group.
func (l *life) saidLess(who, group string, waiting []access.Hold) bool {
	_, group = placed(group)
	if (l.frozen[who] || l.forgot) && l.told("suspended_by_hand", who, "it stays so") {
		return true
	}
	if l.told("removed_by_hand", who, "took "+group) || l.told("drifted", who, group+" was changed") || l.told("less_than_wanted", who, "holds "+group) {
		return true
	}
	return slices.ContainsFunc(waiting, func(h access.Hold) bool {
		return h.Reason.Text != "" && strings.HasPrefix(h.Email, who+"@") && strings.Contains(h.What, " in "+group) &&
			(h.Verdict == access.Parked || h.Verdict == access.Waiting && h.Reason.Kind == access.HeldByHand)
	})
}

// saidMore says that it was reported why somebody holds a group that no rule gives.
func (l *life) saidMore(who, group string) bool {
	_, group = placed(group)
	return l.told("added_by_hand", who, "holds "+group) || l.told("drifted", who, group+" was changed") || l.told("still_holds", who, "") ||
		group == "Contractors" && l.told("missing_attribute", who, "until is missing") || // nothing is decided then
		l.forgot && l.told("lost_track", who, "") || l.told("outsiders", group, "") && (l.told("outsiders", group, who+"@") || l.told("outsiders", group, " more"))
}

// waiting returns what the store says is parked or waits for somebody.
func (l *life) waiting() []access.Hold {
	st, err := store.Open(l.path, store.Options{Now: l.now, NoSync: true})
	if err != nil {
		l.fail("%v", err)
	}
	defer func() { _ = st.Close() }()
	holds, err := st.Holds(l.world.t.Context())
	if err != nil {
		l.fail("%v", err)
	}
	return holds
}

// taken are those whom the state file says to be suspended by us, or about to be: nobody could tell a suspension by hand from that one.
func (l *life) taken() map[string]bool {
	if _, err := os.Stat(l.path); err != nil {
		return nil
	}
	st, err := store.Open(l.path, store.Options{Now: l.now, NoSync: true})
	if err != nil {
		l.fail("%v", err)
	}
	ledger, err := st.Ledger(l.world.t.Context())
	if err != nil {
		l.fail("%v", err)
	}
	_ = st.Close()
	open := l.unsettled()
	taken := map[string]bool{}
	for i := range ledger.Accounts {
		a := &ledger.Accounts[i]
		who, _, _ := strings.Cut(email.Fold(a.Known.Email), "@")
		taken[who] = a.Link.Suspended != nil || slices.ContainsFunc(open, func(o access.Intent) bool {
			return o.Call.Change.Kind == access.DisableMember && o.Call.Member() == a.Known.ID
		})
	}
	return taken
}

// letInTaken lets those in whom somebody has suspended and of whom an old state file says that we did.
func (l *life) letInTaken() {
	taken := l.taken()
	for _, who := range l.names {
		if l.frozen[who] && taken[who] {
			l.say("somebody restores %s", who)
			l.kisi.ResumeUser(l.kisi.UserID(who + "@nordlicht.example"))
			l.frozen[who] = false
		}
	}
}
