package mapping

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// union makes the grants of a wish from what single rules give: of each group the widest validity and the highest role, with all
// rules as its cause. A right that only undecided rules could give is unsure; one that others give for sure is as wide at least as
// what is held, because an undecided rule takes nothing away.
func (m *mapper) union(account *access.Account) []access.WishedGrant {
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
		if account != nil || surely(all[:n]) {
			out = append(out, m.merge(all[:n], account))
		}
		all = all[n:]
	}
	return out
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

// merge makes one grant of what several rules say about one group.
func (m *mapper) merge(all []given, account *access.Account) access.WishedGrant {
	group := all[0].group
	w := access.WishedGrant{Group: group, Unsure: !surely(all)}
	var rules [8]uint32
	causes, first, doubt := rules[:0], true, false
	for i, g := range all {
		doubt = doubt || g.unsure
		if g.unsure != w.Unsure {
			continue
		}
		r := &m.rules[g.rule]
		if len(causes) == 0 || causes[len(causes)-1] != g.rule {
			causes = append(causes, g.rule)
		}
		w.Notify = w.Notify || r.Notify
		widen(&w, r.role(), all[i].from, all[i].until, first)
		first = false
	}
	w.Cause = m.grantCause(causes)
	if owned, ok := account.Grant(m.groups[group].ID); ok && doubt && !w.Unsure {
		widen(&w, owned.Role, owned.From, owned.Until, false)
	}
	w.Unsure = w.Unsure || m.groups[group].Problem != ""
	return w
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
