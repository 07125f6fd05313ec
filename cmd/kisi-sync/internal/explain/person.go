// Package explain says who holds what, and why: of one person, from the records in the directories to what the next run does; and of a
// door or a group, everybody who may open it.
//
// It puts together what others have found out, in the shape that --json has, and tells it to people. It reads no source and asks
// neither Kisi nor the store, and decides nothing: what it says of rules is what mapping and the plan said.
package explain

import (
	"fmt"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// Explanation is what explain prints, as --json has it.
type Explanation struct {
	Asked    string           `json:"asked"`
	Records  []recordRow      `json:"records"` // what the directories say, the source that decides first
	Pins     []pinRow         `json:"pins"`    // what operators have said
	Rules    []ruleRow        `json:"rules"`
	Should   *shouldHold      `json:"should"` // null: nothing, and nothing of ours is there
	Problems []shape.Problem  `json:"problems"`
	Kisi     *inKisi          `json:"kisi"`    // null: no such user, or not known
	Next     []shape.NextLine `json:"next"`    // what the next run will do
	Unknown  bool             `json:"unknown"` // Kisi did not answer: what it has, and so what comes next, is not known
}

// recordRow is what one directory says of the person.
type recordRow struct {
	Source     string              `json:"source"`
	ID         string              `json:"id"`
	Email      string              `json:"email"`
	Name       string              `json:"name"`
	Active     string              `json:"active"`                  // yes, no, unknown
	Missing    string              `json:"missing_since,omitempty"` // and not believed
	Handles    []string            `json:"handles"`
	Attributes map[string][]string `json:"attributes"`
	order      []string            // of attributes
}

// pinRow is what an operator has said about the person.
type pinRow struct {
	Kind  string `json:"kind"` // block, exempt, adopt, release, rename
	By    string `json:"by"`
	Why   string `json:"why"`
	Since string `json:"since,omitempty"`
	Until string `json:"until,omitempty"` // "": until it is taken back, or done
}

func newPinRow(p mapping.TrailPin) pinRow {
	return pinRow{Kind: p.Kind.String(), By: p.By, Why: p.Why, Since: p.Since, Until: p.Until}
}

// ruleRow is what a rule makes of the person.
type ruleRow struct {
	Rule    string   `json:"rule"`
	Outcome string   `json:"outcome"` // gives, excludes, not_selected, condition_failed, excepted, expired, record_disabled, undecided
	Grants  []string `json:"grants"`
	Through []string `json:"through"` // the groups that lead to the person, the rule's first
	Clause  string   `json:"clause,omitempty"`
	Text    string   `json:"text,omitempty"`
	From    string   `json:"from,omitempty"`
	Until   string   `json:"until,omitempty"`
	// Excluded are groups that the rule gives and another one excludes the person from.
	Excluded []mapping.TrailExclusion `json:"excluded,omitempty"`
}

// shouldHold is what the person should hold.
type shouldHold struct {
	Standing string      `json:"standing"` // keep, suspend, leave
	Cause    string      `json:"cause,omitempty"`
	Grants   []wantedRow `json:"grants"`
	Losses   []lossRow   `json:"losses"`
}

// wantedRow is a group that the person should hold.
type wantedRow struct {
	Group  string `json:"group"`
	Role   string `json:"role"`
	From   string `json:"from,omitempty"`
	Until  string `json:"until,omitempty"`
	Unsure bool   `json:"unsure,omitempty"` // not decided; it stays as it is
	Cause  string `json:"cause"`
	// Covered are rules that give the group with a lower role; the higher one wins.
	Covered []mapping.TrailCovered `json:"covered,omitempty"`
}

// lossRow is a group that the person loses.
type lossRow struct {
	Group string `json:"group"`
	Cause string `json:"cause"`
}

// inKisi is what Kisi has of the person.
type inKisi struct {
	ID      access.RemoteID `json:"id"`
	Email   string          `json:"email"`
	Name    string          `json:"name"`
	Enabled bool            `json:"enabled"`
	Level   string          `json:"level"` // how far the user is ours
	Grants  []heldRow       `json:"grants"`
}

// heldRow is a group that the person holds.
type heldRow struct {
	Group string `json:"group"`
	Role  string `json:"role"`
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`
	Level string `json:"level"`
	Since string `json:"since,omitempty"`
	Cause string `json:"cause,omitempty"`
}

// New puts together what is known of a person. What comes next, and whether Kisi answered, is filled in by whoever asked.
func New(x *engine.Explanation) *Explanation {
	t := x.Trail
	return &Explanation{
		Asked: t.Asked, Records: shape.Convert(t.Records, newRecordRow), Pins: shape.Convert(t.Pins, newPinRow), Rules: shape.Convert(t.Rules, newRuleRow),
		Should: newShouldHold(t.Wish), Problems: shape.Convert(t.Conflicts, shape.NewProblem), Kisi: newInKisi(x), Next: []shape.NextLine{},
	}
}

// undecided says that something about the person could not be decided.
func (x *Explanation) undecided() bool {
	return slices.ContainsFunc(x.Rules, func(r ruleRow) bool { return r.Outcome == "undecided" }) ||
		x.Should != nil && (x.Should.Standing == "leave" || slices.ContainsFunc(x.Should.Grants, func(g wantedRow) bool { return g.Unsure }))
}

func newRecordRow(r mapping.TrailRecord) recordRow {
	row := recordRow{Source: r.Source, ID: r.ID, Email: r.Email, Name: r.Name, Active: r.Active, Handles: shape.OrEmpty(r.Handles), Attributes: map[string][]string{}}
	for _, a := range r.Attributes {
		row.Attributes[a.Name] = shape.OrEmpty(a.Values)
		row.order = append(row.order, a.Name)
	}
	if !r.Doubted.IsZero() {
		row.Missing = r.Doubted.UTC().Format(time.RFC3339)
	}
	return row
}

func newRuleRow(r mapping.TrailRule) ruleRow {
	return ruleRow{Rule: r.Rule, Outcome: r.Outcome, Grants: shape.OrEmpty(r.Grants), Through: shape.OrEmpty(r.Through), Clause: r.Clause, Text: r.Text, From: r.From, Until: r.Until, Excluded: r.Excluded}
}

func newShouldHold(w *mapping.TrailWish) *shouldHold {
	if w == nil {
		return nil
	}
	return &shouldHold{
		Standing: w.Standing, Cause: w.Cause,
		Grants: shape.Convert(w.Grants, func(g mapping.TrailGrant) wantedRow { return wantedRow(g) }),
		Losses: shape.Convert(w.Losses, func(l mapping.TrailLoss) lossRow {
			if l.Name == "" {
				l.Name = fmt.Sprintf("group %d", l.Group)
			}
			return lossRow{l.Name, l.Cause}
		}),
	}
}

func newInKisi(x *engine.Explanation) *inKisi {
	m := x.Member
	if m == nil {
		return nil
	}
	k := &inKisi{ID: m.ID, Email: m.Email, Name: m.Name, Enabled: m.Enabled, Level: access.Foreign.String()}
	if x.Account != nil {
		k.Level = x.Account.Link.Level.String()
	}
	k.Grants = shape.Convert(m.Grants, func(g access.Grant) heldRow { return newHeldRow(x, g) })
	return k
}

func newHeldRow(x *engine.Explanation, g access.Grant) heldRow {
	row := heldRow{Role: g.Role.Words(), From: shape.Stamp(g.From), Until: shape.Stamp(g.Until), Level: access.Foreign.String(), Group: x.Outlook.Input.Observed.Called(g.Group)}
	if x.Account == nil {
		return row
	}
	if owned, ok := x.Account.Grant(g.Group); ok && owned.Assignment == g.Assignment {
		row.Level, row.Since = owned.Level.String(), shape.Stamp(owned.Since)
		if owned.Cause != nil {
			row.Cause = owned.Cause.Text
		}
	}
	return row
}
