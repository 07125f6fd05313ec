package entra

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// role is an application permission of Graph, the least of those that suffice and the others (learn.microsoft.com/graph/permissions-reference, and the
// permissions table of each call).
type role struct {
	least string
	other []string
	what  string
}

func usersRole() role {
	return role{"User.Read.All", []string{"User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, "read users"}
}

func groupsRole() role {
	return role{"GroupMember.Read.All", []string{"GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		"read groups and who is in them"}
}

func leaversRole() role {
	return role{"User-LifeCycleInfo.Read.All", []string{"User-LifeCycleInfo.ReadWrite.All"}, "read " + leaveDate}
}

func hiddenRole() role {
	return role{"Member.Read.Hidden", nil, "read the members of groups that hide them"}
}

func (r role) in(roles []string) bool {
	return slices.Contains(roles, r.least) || slices.ContainsFunc(r.other, func(o string) bool { return slices.Contains(roles, o) })
}

// grant says how a permission is given.
func grant(r role) string {
	return fmt.Sprintf("give the application the permission %s (application, not delegated): API permissions, Add a permission, Microsoft Graph; then Grant admin consent", r.least)
}

// needs are the permissions without which the settings cannot work.
func (s *source) needs() []role {
	all := []role{usersRole(), groupsRole()}
	if s.query.reads(leaveDate) {
		all = append(all, leaversRole())
	}
	return all
}

// missing are those that a token has not. A token that cannot be read misses nothing.
func (s *source) missing(who claims) []role {
	var out []role
	for _, r := range s.needs() {
		if who.readable && !r.in(who.Roles) {
			out = append(out, r)
		}
	}
	return out
}

// remarks are what people should know of a read that was whole.
func (r *reading) remarks(who claims) []string {
	var out []string
	for _, m := range r.source.missing(who) {
		if m.least == leaversRole().least {
			out = append(out, fmt.Sprintf("the application has not the permission %s, so %s looks empty for everybody", m.least, leaveDate))
		}
	}
	if r.hidden > 0 && who.readable && !hiddenRole().in(who.Roles) {
		out = append(out, fmt.Sprintf("groups that hide their members look empty without the permission %s: %d", hiddenRole().least, r.hidden))
	}
	if len(r.unread) > 0 {
		ids := make([]string, 0, len(r.unread))
		for id := range r.unread {
			ids = append(ids, id)
		}
		sort.Strings(ids)
		more := ""
		if len(ids) > 3 {
			ids, more = ids[:3], " and others"
		}
		out = append(out, "groups within groups are not read, as groups.ids does not name them: "+strings.Join(ids, ", ")+more)
	}
	return out
}
