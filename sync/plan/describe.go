package plan

import (
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Describe says one step in one line, for logs, audit lines and progress.
func (s *Step) Describe(c *access.Catalog) string { return Describe(s.Change, c) }

// Describe says one change in one line, moments in UTC. The catalog may be nil.
func Describe(ch access.Change, c *access.Catalog) string {
	if c == nil {
		c = &access.Catalog{}
	}
	text := ch.Kind.String() + ": " + nameOf(ch.Object)
	switch ch.Kind {
	case access.AddDoor, access.RemoveDoor:
		text += ", " + orID(c.DoorName(ch.Object.Thing), "door", ch.Object.Thing)
	case access.AddStop, access.RemoveStop:
		text += ", " + orID(c.StopName(ch.Object.Thing), "elevator stop", ch.Object.Thing)
	case access.CreateAssignment:
		if ch.After.Role != access.ScopedRole {
			text += " as " + validity(ch.After.Role, ch.After.From, ch.After.Until, access.Zone{})
		}
	case access.UpdateAssignment:
		text += ", now" + terms(*ch.Before, *ch.After, access.Zone{})
	case access.UpdateMember:
		text += fmt.Sprintf(", name %q", ch.After.Name)
	case access.UpdateGroup:
		if detail := ch.OfGroup(); detail != "" {
			text += ", " + detail
		}
	}
	return text
}

// terms says role and dates as far as they differ from those before.
func terms(before, after access.Fields, zone access.Zone) string {
	text := ""
	if after.Role != before.Role {
		text += " as " + after.Role.Words()
	}
	switch {
	case after.From == before.From:
	case after.From == 0:
		text += " at once"
	default:
		text += " from " + day(after.From, zone)
	}
	switch {
	case after.Until == before.Until:
	case after.Until == 0:
		text += " without an end"
	default:
		text += " until " + day(after.Until, zone)
	}
	return text
}
