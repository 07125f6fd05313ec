package plan

import (
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// restrict compares the settings that the file declares of a group. Those of which it says nothing are whatever Kisi has; of a group that others
// made none is written.
//
//	as declared                      nothing
//	otherwise, made by others        told
//	otherwise, as we wrote it        written: the file says something else now
//	otherwise, never written by us   written: the file says it for the first time
//	otherwise, altered in Kisi       told, unless repair
func (d *decider) restrict(s *groupSteps) {
	g, account := s.want, s.account
	seen := s.seen.Settings.Only(g.Settings.Said)
	differ := g.Settings.Unlike(seen)
	if differ.Empty() {
		return
	}
	if account.Level != access.Created {
		d.drifted(access.Drift{Kind: string(Drifted), Who: g.Name, Subject: "settings", Expected: differ.String(), Found: seen.Only(differ.Said).String()},
			"the file says "+differ.String()+"; the group was made by others, and stays as it is in Kisi")
		return
	}
	altered := differ.Only(account.Settings.Only(differ.Said).Unlike(seen).Said)
	if !altered.Empty() {
		if !d.in.Policy.Repair {
			d.drifted(access.Drift{Kind: string(Drifted), Who: g.Name, Subject: "settings", Expected: account.Settings.Only(altered.Said).String(), Found: seen.Only(altered.Said).String()},
				seen.Only(altered.Said).String()+" was set in Kisi; it stays so")
			differ = differ.Only(^altered.Said)
		} else {
			d.reset(s, altered, Repaired)
			differ = differ.Only(^altered.Said)
		}
	}
	d.reset(s, differ, ChangedAtSource)
}

// reset writes settings: what lets people in with what opens, what keeps them out with what closes.
func (d *decider) reset(s *groupSteps, to access.Settings, why Reason) {
	widening, narrowing := to.Split()
	for _, part := range []struct {
		settings access.Settings
		steps    *[]Step
	}{{widening, &s.opening}, {narrowing, &s.closing}} {
		if part.settings.Empty() {
			continue
		}
		*part.steps = append(*part.steps, Step{Reason: why, People: d.holders(s.id), Change: access.Change{Kind: access.UpdateGroup,
			Object: access.ObjectKey{Group: s.id, GroupName: s.want.Name}, Cause: declared(s.want),
			Before: &access.Fields{Description: s.seen.Description, Settings: s.seen.Settings.Only(part.settings.Said)},
			After:  &access.Fields{Description: s.seen.Description, Settings: part.settings}}})
	}
}
