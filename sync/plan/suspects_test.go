package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestSuspects(t *testing.T) {
	known := func(grants ...access.Grant) func(*scene) {
		return func(s *scene) {
			link(access.Created, owned(access.Created))(s)
			s.accounts[0].Known.Grants = grants
		}
	}
	open := func(o access.ObjectKey) func(*scene) {
		return func(s *scene) {
			s.in.Open = []access.Intent{{Call: access.Call{Change: access.Change{Kind: access.AddDoor, Object: o}}}}
		}
	}
	held := func(v access.Verdict) func(*scene) {
		return func(s *scene) {
			s.do(verdict(s.plan(), v, func(h *access.Hold) { h.Reason.Kind = access.HeldByLimit }))
		}
	}
	observe := func(s *scene) { s.in.Policy.Mode = Observe }
	noLimits := func(s *scene) { s.in.Limits = Limits{} }
	knownGone := func(s *scene) { s.accounts[0].Known = access.Member{ID: ana, Seen: now - hour} }
	foreign := func(s *scene) { s.accounts = []access.Account{{Known: user(ana, "ana")}} }

	for _, row := range []struct {
		name  string
		scene []func(*scene)
		want  access.Scope
	}{
		{"nobody differs", []func(*scene){known(grant(anaRow)), wants}, access.Scope{}},
		{"a newcomer, by address", []func(*scene){stranger, gone, wants}, access.Scope{Emails: []string{"ana@x.com"}}},
		{"a leaver, by id", []func(*scene){known(grant(anaRow)), suspend(disabled)}, access.Scope{Members: []access.RemoteID{ana}}},
		{"whoever is over a limit, for nobody has held it yet", []func(*scene){known(grant(anaRow)), suspend(disabled), noLimits}, access.Scope{Members: []access.RemoteID{ana}}},
		{"not who waits for approval", []func(*scene){known(grant(anaRow)), holds, loses(leftGroup), held(access.Waiting)}, access.Scope{}},
		{"not who was rejected", []func(*scene){known(grant(anaRow)), holds, loses(leftGroup), held(access.Rejected)}, access.Scope{}},
		{"who was approved", []func(*scene){known(grant(anaRow)), holds, loses(leftGroup), held(access.Approved)}, access.Scope{Members: []access.RemoteID{ana}}},
		{"not what somebody undid by hand", []func(*scene){known(), wants}, access.Scope{}},
		{"nobody while nothing may be written", []func(*scene){known(grant(anaRow)), suspend(disabled), observe}, access.Scope{}},
		{"whose call is open, by id", []func(*scene){known(grant(anaRow)), wants, open(access.ObjectKey{Member: ana, Email: "Ana@x.com"})}, access.Scope{Members: []access.RemoteID{ana}}},
		{"whose call is open, by address", []func(*scene){known(grant(anaRow)), wants, open(access.ObjectKey{Email: "Ana@x.com"})}, access.Scope{Emails: []string{"ana@x.com"}}},
		{"the doors of a group whose call is open", []func(*scene){known(grant(anaRow)), wants, open(access.ObjectKey{Group: hq, GroupName: "HQ Staff"})}, access.Scope{Doors: []access.RemoteID{hq}}},
		{"a leaver whose user is known to be gone, by id", []func(*scene){known(), knownGone, suspend(disabled)}, access.Scope{Members: []access.RemoteID{ana}}},
		{"not who is known to be gone and waits", []func(*scene){known(), knownGone, wants}, access.Scope{}},
		{"who is known to be gone and comes again, by both", []func(*scene){known(), knownGone, wants, func(s *scene) { s.in.Policy.Repair = true }}, access.Scope{Members: []access.RemoteID{ana}, Emails: []string{"ana@x.com"}}},
		{"who is known and not linked, by id and by address", []func(*scene){stranger, foreign, wants}, access.Scope{Members: []access.RemoteID{ana}, Emails: []string{"ana@x.com"}}},
	} {
		got := Suspects(newScene(row.scene...).input())
		if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s:\n%s", row.name, diff)
		}
	}
}

func TestSuspectsOfNothing(t *testing.T) {
	if scope := Suspects(Input{}); !scope.Empty() {
		t.Errorf("%+v", scope)
	}
	if p := Compute(Input{}); len(p.Steps)+len(p.Notes) > 0 {
		t.Errorf("%+v", p)
	}
}
