package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// namedOutsiders is how many of a group are named; the rest is counted.
const namedOutsiders = 3

// outsiders tells for each group of the file how many people open its doors of whom no source knows and who were not given that by
// kisi-sync as far as it remembers. They are nobody's business here; but somebody may have left while a state file was lost.
func (d *decider) outsiders() {
	if !d.in.Observed.Covers.All {
		return
	}
	who := map[access.RemoteID][]string{}
	for i := range d.in.Observed.Members {
		m := &d.in.Observed.Members[i]
		if !m.Enabled || len(m.Grants) == 0 || d.known(m) {
			continue
		}
		for k := range m.Grants {
			if g := &m.Grants[k]; d.managed(g.Group) && !d.over(g.Until) && (k == 0 || m.Grants[k-1].Group != g.Group) {
				who[g.Group] = append(who[g.Group], email.Fold(m.Email))
			}
		}
	}
	for group, all := range who {
		d.note(Outsiders, d.groupName(group), outsidersText(all))
	}
}

// known says that a wish is about a member.
func (d *decider) known(m *access.Member) bool {
	if a := d.people.linked(m.ID); a != nil && len(a.Link.Anchors) > 0 || slices.Contains(d.in.Released, m.ID) {
		return true
	}
	if d.people.mail == nil {
		d.people.indexAddresses()
	}
	_, wished := d.people.mail[email.Fold(m.Email)]
	return wished
}

func outsidersText(who []string) string {
	slices.Sort(who)
	text := "1 person of no source holds it, not by kisi-sync as far as it remembers, and is left alone: "
	if len(who) > 1 {
		text = fmt.Sprintf("%d people of no source hold it, not by kisi-sync as far as it remembers, and are left alone: ", len(who))
	}
	if len(who) <= namedOutsiders {
		return text + strings.Join(who, ", ")
	}
	return fmt.Sprintf("%s%s and %d more", text, strings.Join(who[:namedOutsiders], ", "), len(who)-namedOutsiders)
}
