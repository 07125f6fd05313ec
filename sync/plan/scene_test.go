package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// A scene is an Input in the making: one group (HQ Staff, 7) and one person (Ana) unless a test adds others. Limits are off.

const (
	hq     access.RemoteID = 7
	ana    access.RemoteID = 42
	anaRow access.RemoteID = 900 // her right in HQ Staff
)

// The causes of every scene, by their number.
const (
	byRule uint32 = iota + 1
	leftGroup
	disabled
	vanished
	blocked
	byFile
	expired
)

var sceneCauses = []access.Cause{{},
	{Kind: access.ByRule, Rule: "hq", Text: "rule hq"},
	{Kind: access.LeftGroup, Rule: "hq", Text: "left group staff"},
	{Kind: access.Disabled, Text: "disabled in corp"},
	{Kind: access.Vanished, Text: "no longer in corp"},
	{Kind: access.Blocked, Text: "blocked by mia"},
	{Kind: access.ByFile, Rule: "hq", Text: "rule hq was removed from the file"},
	{Kind: access.Expired, Rule: "hq", Text: "contract ended"},
}

const (
	now  access.Instant = 1_780_000_000
	hour access.Instant = 3600
)

type scene struct {
	in       Input
	desired  access.Desired
	observed access.State
	accounts []access.Account
	groups   []access.GroupAccount
}

func newScene(changes ...func(*scene)) *scene {
	s := &scene{}
	s.in.Policy = Policy{Installation: "berlin-1", Managed: true}
	s.in.Limits = Limits{Disabled: -1, Grants: -1, Removals: Removals{People: -1}}
	s.in.At = now
	s.desired.Causes = slices.Clone(sceneCauses)
	s.desired.Groups = []access.DesiredGroup{{ID: hq, Name: "HQ Staff", Members: true}}
	s.desired.Wishes = []access.Wish{wishOf(1, "ana", ana)}
	s.observed = access.State{At: now, Covers: access.Scope{All: true}, Groups: []access.Group{{ID: hq, Name: "HQ Staff"}},
		Members: []access.Member{user(ana, "ana")}}
	s.do(changes...)
	return s
}

func (s *scene) do(changes ...func(*scene)) *scene {
	for _, change := range changes {
		change(s)
	}
	return s
}

func (s *scene) input() Input {
	s.observed.Sort()
	in := s.in
	in.Desired, in.Observed, in.Owned = &s.desired, &s.observed, access.NewLedger(s.accounts, s.groups)
	return in
}

func (s *scene) plan() *Plan { return Compute(s.input()) }

// ana returns her wish.
func (s *scene) ana() *access.Wish { return &s.desired.Wishes[0] }

func (s *scene) user() *access.Member { return &s.observed.Members[0] }

func wishOf(n int, name string, member access.RemoteID) access.Wish {
	return access.Wish{Member: member, Anchors: []access.Anchor{access.Anchor(fmt.Sprintf("corp:%d", n))}, Name: strings.ToUpper(name[:1]) + name[1:],
		Email: name + "@x.com", Folded: name + "@x.com", Create: true}
}

func user(id access.RemoteID, name string) access.Member {
	return access.Member{ID: id, Email: name + "@x.com", Name: strings.ToUpper(name[:1]) + name[1:], Enabled: true}
}

func grant(id access.RemoteID) access.Grant {
	return access.Grant{Assignment: id, Group: hq, Role: access.DoorAccess}
}

func owned(level access.Level) access.OwnedGrant {
	return access.OwnedGrant{Group: hq, Assignment: anaRow, Level: level, Role: access.DoorAccess}
}

// What is wanted of Ana.

func wants(s *scene) {
	s.ana().Grants = []access.WishedGrant{{Group: 0, Cause: byRule, Role: access.DoorAccess}}
}

func wantsUntil(until access.Instant) func(*scene) {
	return func(s *scene) { wants(s); s.ana().Grants[0].Until = until }
}

func loses(cause uint32) func(*scene) {
	return func(s *scene) { s.ana().Losses = []access.Loss{{Group: hq, Cause: cause}} }
}

func unproven(s *scene) { s.ana().Unproven = []access.Loss{{Group: hq, Cause: expired}} }

func suspend(cause uint32) func(*scene) {
	return func(s *scene) { s.ana().Standing, s.ana().Cause = access.Suspend, cause }
}

func unsure(s *scene) { wants(s); s.ana().Grants[0].Unsure = true }

func leave(s *scene) { s.ana().Standing = access.Leave }

func remove(s *scene) { s.ana().Standing, s.ana().Cause = access.Remove, disabled }

// What is there.

func holds(s *scene) { s.user().Grants = []access.Grant{grant(anaRow)} }

func holdsUntil(until access.Instant) func(*scene) {
	return func(s *scene) { holds(s); s.user().Grants[0].Until = until }
}

func uncovered(s *scene) {
	s.observed.Covers, s.observed.Members = access.Scope{Members: []access.RemoteID{1}}, nil
}

func gone(s *scene) { s.observed.Members = nil }

func off(s *scene) { s.user().Enabled = false }

// What the ledger says.

// link puts Ana into the ledger at a level, with rights.
func link(level access.Level, owned ...access.OwnedGrant) func(*scene) {
	return func(s *scene) {
		s.accounts = append(s.accounts, access.Account{Known: user(ana, "ana"), Owned: slices.Clone(owned),
			Link: access.Link{Anchors: []access.Anchor{"corp:1"}, Level: level, Name: "Ana"}})
	}
}

func stranger(s *scene) { s.ana().Member = 0 }

func suspendedByUs(s *scene) { s.accounts[0].Link.Suspended = &sceneCauses[disabled] }

// tell says a plan in one line: its steps with their reasons and holds, then the kinds of its notes.
func tell(p *Plan) string {
	var all []string
	for i := range p.Steps {
		s := &p.Steps[i]
		text := s.Change.Kind.String() + ": " + s.Reason.String()
		if s.Hold != nil {
			text += " [held: " + s.Hold.Kind.String() + "]"
		}
		all = append(all, text)
	}
	for _, n := range p.Notes {
		all = append(all, "("+string(n.Kind)+")")
	}
	return strings.Join(all, ", ")
}
