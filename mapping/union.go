package mapping

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// union makes the grants of a wish from what single rules give: of each group the widest validity and the highest role, with all
// rules as its cause. A right that only undecided rules could give is unsure; one that others give for sure is as wide at least as
// what is held, because a rule that is undecided or cannot be asked takes nothing away.
func (m *mapper) union(human, account uint32) []access.WishedGrant {
	m.applyExclusions(human, account)
	slices.SortFunc(m.given, func(a, b given) int {
		if a.group != b.group {
			return int(int64(a.group) - int64(b.group))
		}
		return int(int64(a.rule) - int64(b.rule))
	})
	out := m.grants.take(m.countGroups())[:0]
	for all := m.given; len(all) > 0; {
		n := 1
		for n < len(all) && all[n].group == all[0].group {
			n++
		}
		if account != none || surely(all[:n]) {
			w, doubt := m.merge(all[:n])
			m.keepWide(&w, doubt, human, account)
			out = append(out, w)
		}
		all = all[n:]
	}
	return m.higherRoles(human, out)
}

// countGroups counts the groups in m.given, which is sorted.
func (m *mapper) countGroups() int {
	n := 0
	for i := range m.given {
		if i == 0 || m.given[i].group != m.given[i-1].group {
			n++
		}
	}
	return n
}

func surely(all []given) bool {
	return slices.ContainsFunc(all, func(g given) bool { return !g.unsure })
}

// merge makes one grant of what several rules say about one group; doubt says that one of them is undecided.
func (m *mapper) merge(all []given) (w access.WishedGrant, doubt bool) {
	group := all[0].group
	w = access.WishedGrant{Group: group, Unsure: !surely(all)}
	var rules [8]uint32
	causes, first := rules[:0], true
	for i, g := range all {
		doubt = doubt || g.unsure
		if g.unsure != w.Unsure {
			continue
		}
		if len(causes) == 0 || causes[len(causes)-1] != g.rule {
			causes = append(causes, g.rule)
		}
		w.Notify = w.Notify || g.notify
		widen(&w, g.role, all[i].from, all[i].until, first)
		first = false
	}
	w.Cause = m.grantCause(causes, group)
	w.Unsure = w.Unsure || m.groups[group].Problem != ""
	return w, doubt
}

// keepWide keeps a grant from being narrower than what is held while not every rule could be asked, or somebody is exempt.
func (m *mapper) keepWide(w *access.WishedGrant, doubt bool, human, a uint32) {
	if a == none {
		return
	}
	account := &m.ledger()[a]
	owned, ok := account.Grant(m.groups[w.Group].ID)
	if !ok || w.Unsure {
		return
	}
	wide := *w
	widen(&wide, owned.Role, owned.From, owned.Until, false)
	if wide == *w {
		return
	}
	doubt = account.Link.Suspended == nil && (doubt || m.unaskable(human, account, owned)) // whoever comes back gets what is certain
	if doubt || m.spared(human, a) {
		*w = wide
	}
}

// spared says that somebody is exempt, and that no directory disables any record.
func (m *mapper) spared(human, account uint32) bool {
	if m.exempt(account, human) == nil {
		return false
	}
	for i := human; i != none; i = m.next[i] {
		if m.disabled(i) {
			return false
		}
	}
	return true
}

// widen makes a grant cover another validity and role too.
func widen(w *access.WishedGrant, role access.Role, from, until access.Instant, first bool) {
	if first {
		w.Role, w.From, w.Until = role, from, until
		return
	}
	if role.Covers(w.Role) || !w.Role.Covers(role) && role < w.Role {
		w.Role = role
	}
	w.From = min(w.From, from)
	if until == 0 || w.Until != 0 && until > w.Until {
		w.Until = until
	}
}
