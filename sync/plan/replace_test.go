package plan

import (
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

const (
	asked  uint32          = 8 // of sceneCauses
	newAna access.RemoteID = 43
	newRow access.RemoteID = 910
)

// renamed makes Ana somebody with another address, who is to get another user in place of hers.
func renamed(s *scene) {
	s.desired.Causes = append(slices.Clone(sceneCauses), access.Cause{Kind: access.Asked, Text: "asked for by eva"})
	w := s.ana()
	w.Member, w.Email, w.Folded = 0, "ana.b@x.com", "ana.b@x.com"
	w.Replaces = &access.Replaced{Member: ana, Cause: asked}
}

// begun puts the new user into Kisi and into the ledger.
func begun(s *scene) {
	s.ana().Member = newAna
	s.observed.Members = append(s.observed.Members, access.Member{ID: newAna, Email: "ana.b@x.com", Name: "Ana", Enabled: true})
	s.accounts = append(s.accounts, access.Account{Known: s.observed.Members[1], Link: access.Link{Anchors: []access.Anchor{"corp:1"}, Level: access.Created, Name: "Ana"}})
}

func newHolds(s *scene) {
	s.observed.Members[1].Grants = []access.Grant{grant(newRow)}
	o := owned(access.Created)
	o.Assignment = newRow
	s.accounts[1].Owned = []access.OwnedGrant{o}
}

func oldEmptied(s *scene) {
	s.user().Grants, s.user().Enabled, s.accounts[0].Owned = nil, false, nil
	s.accounts[0].Link.Suspended = &s.desired.Causes[asked]
}

func TestAUserMakesRoomOnlyForOneWhoHoldsEverything(t *testing.T) {
	linked := link(access.Created, owned(access.Created))
	oldLoses := func(s *scene) {
		s.ana().Grants, s.ana().Replaces.Losses = nil, []access.Loss{{Group: hq, Cause: leftGroup}}
	}
	for _, row := range []struct {
		name string
		s    *scene
		want string
	}{
		{"all at once", newScene(linked, renamed, wants, holds), "create user: new, give access: new, suspend user: replaced, remove access: replaced"},
		{"the rest of it", newScene(linked, renamed, wants, holds, begun), "give access: new, suspend user: replaced, remove access: replaced"},
		{"when the new one holds it", newScene(linked, renamed, wants, holds, begun, newHolds), "suspend user: replaced, remove access: replaced"},
		{"and is forgotten in the end", newScene(linked, renamed, wants, holds, begun, newHolds, oldEmptied), "release user: replaced"},
		{"not while a rule is undecided", newScene(linked, renamed, unsure, holds, begun), "(not_replaced)"},
		{"nor while the new user is suspended by hand", newScene(linked, renamed, wants, holds, begun, newHolds, func(s *scene) { s.observed.Members[1].Enabled = false }), "(not_replaced), (suspended_by_hand)"},
		{"nor when the old one was suspended by hand", newScene(linked, renamed, wants, holds, off), "(suspended_by_hand)"},
		{"nor when the new address is another person's", newScene(linked, renamed, wants, holds, begun, func(s *scene) {
			s.ana().Member, s.accounts[1].Link.Anchors = 0, []access.Anchor{"corp:2"}
		}), "(linked_elsewhere)"},
		{"what nobody wants any more goes at once", newScene(linked, renamed, oldLoses, holds), "create user: new, remove access: left, suspend user: replaced"},
		{"a user made by hand keeps its access, and loses what we gave", newScene(link(access.Linked, owned(access.Created)), renamed, wants, holds, begun, newHolds), "remove access: replaced"},
		{"who is held by a limit holds up the rest", newScene(linked, renamed, wants, holds, func(s *scene) { s.in.Limits.Grants = 0 }),
			"create user: new [held: limit], give access: new [held: limit], suspend user: replaced [held: need], remove access: replaced [held: need]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := row.s.plan()
			if got := tell(p); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			for i := range p.Steps {
				if s := &p.Steps[i]; s.Change.Kind == access.DisableMember && !slices.Equal(s.Needs, giving(p.Steps[:i])) {
					t.Errorf("the suspension needs %v", s.Needs)
				}
			}
		})
	}
}

func TestWhatAnOperatorSaysOfOneUserIsDone(t *testing.T) {
	said := func(s *scene) {
		s.desired.Causes = append(slices.Clone(sceneCauses), access.Cause{Kind: access.Asked, Text: "adopted by eva"})
		s.ana().Adopt = asked
	}
	letGo := func(s *scene) { said(s); s.ana().Adopt, s.ana().Release, s.ana().Standing = 0, asked, access.Leave }
	free := func(s *scene) { s.in.Released = []access.RemoteID{ana} }
	stamped := func(s *scene) { s.user().Stamp = access.NewStamp("berlin-1", "corp:1") }
	for _, row := range []struct {
		name string
		s    *scene
		want string
	}{
		{"adopted whatever the file says", newScene(stranger, wants, holds, said, func(s *scene) { s.in.Policy.Existing = ReportOnly }), "link user: adopted, note access given by hand: adopted"},
		{"adopted though nothing is wanted", newScene(link(access.Linked), holds, said), "link user: adopted, (added_by_hand)"},
		{"a leaver is adopted and suspended", newScene(link(access.Linked), holds, suspend(disabled), said), "link user: adopted, suspend user: left"},
		{"rights that others gave to a user of ours are adopted", newScene(link(access.Created, owned(access.Satisfied)), wants, holds, said), "note access given by hand: adopted"},
		{"released, and nothing else", newScene(link(access.Created, owned(access.Created)), wants, holds, letGo), "release user: released"},
		{"who is released is left alone", newScene(stranger, wants, holds, free), "(left_alone)"},
		{"whatever the stamp says", newScene(stranger, wants, holds, free, stamped), "(left_alone)"},
		{"and is told of on leaving", newScene(stranger, suspend(blocked), holds, free), "(left_alone)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := tell(row.s.plan()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
	if calls := Recognize(newScene(stranger, stamped, free).input()); len(calls) > 0 {
		t.Errorf("recognized by its stamp: %+v", calls)
	}
}

func TestOfTwoUsersWithOneStampTheOneThatMadeRoomIsNotRecognized(t *testing.T) {
	s := newScene(stranger, begun, func(s *scene) {
		s.accounts = nil
		for i := range s.observed.Members {
			s.observed.Members[i].Stamp = access.NewStamp("berlin-1", "corp:1")
		}
		s.user().Enabled = false
	})
	calls := Recognize(s.input())
	if len(calls) != 1 || calls[0].Change.Object.Member != newAna {
		t.Errorf("%+v", calls)
	}
}

// What a person loses at once stands with the leavers, the rest later: what one step needs is found wherever it stands.
func TestNeedsAreFoundAcrossWhatIsTakenAtOnce(t *testing.T) {
	s := newScene(link(access.Created, owned(access.Created)), wants, func(s *scene) {
		s.accounts[0].Owned[0].Until = now - hour // ended: taken and given anew
		other := access.OwnedGrant{Group: 8, Assignment: 901, Level: access.Created, Role: access.DoorAccess}
		s.accounts[0].Owned = append(s.accounts[0].Owned, other)
		s.user().Grants = []access.Grant{{Assignment: 901, Group: 8, Role: access.DoorAccess}}
		s.ana().Losses = []access.Loss{{Group: 8, Cause: disabled}}
	})
	p := s.plan()
	if got, want := tell(p), "remove access: left, remove access: left, give access: new"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if needs := p.Steps[2].Needs; !slices.Equal(needs, []int{1}) {
		t.Errorf("giving anew needs %v", needs)
	}
}
