package plan

import (
	"cmp"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// sensitiveKeys: every sensitive group that a step gives or takes, or opens and closes doors of. Leavers are not weighed.
func (d *decider) sensitiveKeys(s *Step, to []tally) []tally {
	effect, o := s.Change.Effect(), &s.Change.Object
	if effect == access.Neutral || d.in.Limits.Sensitive < 0 || urgentCause(s.Change.Cause.Kind) || s.Change.Kind == access.DisableMember || s.Change.Kind == access.DeleteMember {
		return to
	}
	if s.Change.Kind != access.EnableMember {
		return d.sensitiveKey(to, effect, d.weighedGroup(o))
	}
	if m, ok := d.in.Observed.Member(o.Member); ok {
		eachGroup(m.Grants, func(group access.RemoteID) { to = d.sensitiveKey(to, effect, group) })
	}
	return to
}

func (d *decider) sensitiveKey(to []tally, effect access.Effect, group access.RemoteID) []tally {
	if !d.isSensitive(group) {
		return to
	}
	return append(to, tally{effect: effect, group: group, sensitive: true})
}

// weighedGroup returns the id of a step's group, or, for one that is not in Kisi yet, a negative number of its own.
func (d *decider) weighedGroup(o *access.ObjectKey) access.RemoteID {
	if o.Group != 0 {
		return o.Group
	}
	i, _ := slices.BinarySearchFunc(d.in.Desired.Groups, o.GroupName, func(g access.DesiredGroup, name string) int { return cmp.Compare(g.Name, name) })
	return access.RemoteID(-1 - i)
}

// spentOnSensitive tells what was spent on sensitive groups.
func (d *decider) spentOnSensitive(s *access.Spending) (tally, bool) {
	return tally{effect: s.Effect, group: s.Group, sensitive: true}, !urgentCause(s.Cause) && d.isSensitive(s.Group)
}

// isSensitive says that the file calls a group sensitive, or that the group opens a door which the file calls so.
func (d *decider) isSensitive(group access.RemoteID) bool {
	if d.sensitive == nil {
		d.sensitive = map[access.RemoteID]bool{}
		for i := range d.in.Desired.Groups {
			g := &d.in.Desired.Groups[i]
			d.sensitive[d.weighedGroup(&access.ObjectKey{Group: d.groups[i].id, GroupName: g.Name})] = g.Sensitive
		}
		for i := range d.in.Observed.Groups {
			g := &d.in.Observed.Groups[i]
			d.sensitive[g.ID] = d.sensitive[g.ID] || slices.ContainsFunc(g.Doors, func(o access.Opening) bool {
				_, is := slices.BinarySearch(d.in.Desired.Sensitive, o.Thing)
				return is
			})
		}
	}
	return group != 0 && d.sensitive[group]
}

func (d *decider) judgeSensitive(key tally, w *weight) string {
	what := "would lose"
	if key.effect == access.Widens {
		what = "would gain"
	}
	return d.overPeople(w, d.in.Limits.Sensitive, what+" "+d.sensitiveName(key.group)+", which is sensitive", "limits.sensitive.people")
}

func (d *decider) sensitiveName(group access.RemoteID) string {
	if group < 0 {
		return d.in.Desired.Groups[-1-group].Name
	}
	return d.groupName(group)
}
