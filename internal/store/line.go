package store

import (
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// audit writes the line of a booking.
func (b *booking) audit() error {
	c := b.call.Change
	line := record.AuditLine{At: b.at.Time(), Run: b.run, Step: c.Digest(), What: describe(c), Why: why(c.Cause),
		Member: b.call.Member(), Group: b.call.Group(), Outcome: record.Done, Kind: c.Kind.String(), Who: b.who,
		Email: email.Fold(c.Object.Email), Anchor: anchorOf(&c), GroupName: c.Object.GroupName, Thing: c.Object.Thing,
		Assignment: c.Object.Assignment, Cause: c.Cause.Kind.String(), Rule: c.Cause.Rule, Approval: b.approval}
	line.Existed = b.outcome == nil && b.result.Existed
	if f := c.After; f != nil && c.Kind.OfMember() {
		line.Role, line.From, line.Until = f.Role, f.From, f.Until
	}
	switch {
	case b.outcome != nil:
		line.Outcome = b.outcome.Error()
	case c.Kind == access.CreateMember:
		line.Member, line.Made = b.result.ID, b.result.ID
	case c.Kind == access.CreateGroup:
		line.Group, line.Made = b.result.ID, b.result.ID
	case c.Object.Thing != 0 && !c.Kind.LedgerOnly():
		line.Made = b.result.ID
		return b.auditDoor(line)
	default:
		line.Made = b.result.ID
	}
	return b.t.appendAudit(line)
}

// auditDoor writes the line of a door or stop that was put into a group or taken out of it, with its name.
func (b *booking) auditDoor(line record.AuditLine) error {
	var c access.Catalog
	if _, err := b.t.get(metaBucket, catalogKey(), &c); err != nil {
		return err
	}
	kind := b.call.Change.Kind
	door := record.Door{ID: line.Thing, Stop: kind == access.AddStop || kind == access.RemoveStop}
	door.Name = doorName(&c, door)
	line.Opens = []record.Door{door}
	if b.outcome == nil {
		if err := b.opened(line.Group, door); err != nil {
			return err
		}
	}
	return b.t.appendAudit(line)
}

// opened brings what a group was seen to open up to date, so that what we did is no news when it is seen.
func (b *booking) opened(group access.RemoteID, door record.Door) error {
	var opens []record.Door
	key := numberKey(uint64(group))
	if _, err := b.t.get(openedBucket, key, &opens); err != nil {
		return err
	}
	opens = slices.DeleteFunc(opens, func(d record.Door) bool { return sameDoor(d, door) })
	if !takesAway(b.call.Change.Kind) {
		opens = append(opens, door)
	}
	return b.t.put(openedBucket, key, sortDoors(opens))
}

// anchorOf returns the source record that a change follows from, "" when it says none.
func anchorOf(c *access.Change) access.Anchor {
	if c.Object.Anchor == "" && c.After != nil && len(c.After.Anchors) > 0 {
		return c.After.Anchors[0]
	}
	return c.Object.Anchor
}

// approved notes who let the step of a booking pass. It is asked for before the hold is used up.
func (b *booking) approved() error {
	h, known, err := b.t.hold(b.call.Change.Digest())
	if known && h.Hold.Verdict == access.Approved {
		b.approval = &record.Approval{By: h.Hold.By, Why: h.Hold.Why, At: h.Planned}
	}
	return err
}

// decisionLine is the line of a decision about a step that is held.
func decisionLine(d access.Decision, at access.Instant, h *access.Hold) record.AuditLine {
	line := record.AuditLine{At: at.Time(), Step: d.Step, What: h.What, Why: d.Why, Held: h.Reason.Text, Outcome: d.Verdict.String() + " by " + d.By, Who: d.By}
	switch d.Verdict {
	case access.Approved:
		line.Kind = record.DidApprove
	case access.Rejected:
		line.Kind = record.DidReject
	default:
		line.Kind = record.DidTakeBack
	}
	return line
}

// describe says a change as people do, with what it is about.
func describe(c access.Change) string {
	o := c.Object
	text := c.Kind.String()
	switch {
	case o.Email != "" && o.GroupName != "":
		text += ": " + o.Email + " in " + o.GroupName
	case o.Email != "":
		text += ": " + o.Email
	case o.GroupName != "":
		text += ": " + o.GroupName
	}
	if o.Thing != 0 {
		text += fmt.Sprintf(" (%d)", o.Thing)
	}
	if detail := c.OfGroup(); detail != "" {
		text += ", " + detail
	}
	return text
}

func why(c access.Cause) string {
	if c.Text != "" {
		return c.Text
	}
	if c.Rule != "" {
		return c.Kind.String() + " " + c.Rule
	}
	return c.Kind.String()
}
