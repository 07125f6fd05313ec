package plan

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestAJoinerIsCreatedBeforeAnythingIsGiven(t *testing.T) {
	in := Input{
		Desired: &access.Desired{
			Groups: []access.DesiredGroup{{ID: 7, Name: "HQ", Members: true}},
			Causes: []access.Cause{{}, {Kind: access.ByRule, Rule: "hq"}},
			Wishes: []access.Wish{{Anchors: []access.Anchor{"corp:1"}, Email: "Ana@x.com", Folded: "ana@x.com", Name: "Ana", Create: true,
				Grants: []access.WishedGrant{{Group: 0, Cause: 1, Role: access.DoorAccess}}}},
		},
		Observed: &access.State{Covers: access.Scope{All: true}, Groups: []access.Group{{ID: 7, Name: "HQ"}}},
		Limits:   Limits{Grants: 10},
	}
	p := Compute(in)
	if len(p.Steps) != 2 || p.Steps[0].Change.Kind != access.CreateMember || len(p.Steps[1].Needs) != 1 || p.Do() != 2 {
		t.Fatalf("%+v", p.Steps)
	}
	in.Limits.Grants = 0
	if p := Compute(in); p.Do() != 0 {
		t.Errorf("over the limit and not held: %+v", p.Steps)
	}
}
