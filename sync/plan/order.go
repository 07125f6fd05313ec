package plan

import (
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// obey does what an operator wants of a group that is there. Only a group that we made is renamed, described, restricted or deleted, whoever
// says so; doors may be put into any.
func (d *decider) obey(s *groupSteps) {
	if s.account.Level != access.Created {
		return
	}
	order, object := s.want.Order, access.ObjectKey{Group: s.id, GroupName: s.seen.Name}
	if order.Delete {
		s.closing = append(s.closing, Step{Reason: Left, People: d.holders(s.id), Change: access.Change{Kind: access.DeleteGroup,
			Object: object, Before: &access.Fields{Name: s.seen.Name, Description: s.seen.Description}, Cause: order.Cause}})
		return
	}
	before := access.Fields{Name: s.seen.Name, Description: s.seen.Description}
	after := before
	if order.Rename != "" {
		after.Name = order.Rename
	}
	if s.want.Description != nil {
		after.Description = *s.want.Description
	}
	if after.Name != before.Name || after.Description != before.Description {
		s.opening = append(s.opening, Step{Reason: ChangedAtSource, Change: access.Change{Kind: access.UpdateGroup, Object: object, Cause: order.Cause,
			Before: &before, After: &after}})
	}
	d.reset(s, s.want.Settings.Unlike(s.seen.Settings), ChangedAtSource)
}
