package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Rules are a Spec that was found good. They never change and may be used by many goroutines at once.
type Rules struct {
	sources []source // in order of precedence
	groups  []Group  // sorted by name; behind the static ones those of values that the directory has
	static  int      // so many are declared, or have a listed value
	rules   []rule   // sorted by name
	create  bool     // people without doors are created too
	leavers Leavers
	zone    *time.Location
	today   bool // an expression reads today, so every midnight may change the answer

	refs      refs
	excluders [][]uint32 // by group: the rules that exclude from it
	excluding bool       // there is such a rule

	templates []template
	clashes   map[string]string // names that would be another's, by name; "": there are too many

	renamed    map[string]string // ids that sources had before, and the ids of these sources now; looked up only
	samePerson string            // the attribute by which records of several sources are one human; "" for the e-mail address
	sensitive  []string          // doors
}

// source is a Source with what was worked out from it.
type source struct {
	Source
	everyone []uint32 // rules that are about everyone in it
}

// rule is a Rule made ready.
type rule struct {
	Rule
	source       int      // index into Rules.sources
	grants       []uint32 // indexes into Rules.groups, ascending
	clauses      []clause // the parts of where, all of which must hold
	excepts      []ruleException
	excludes     []uint32 // indexes into Rules.groups from which it excludes, ascending
	uses         []use    // templates that it grants
	bars         []int    // numbers of open templates from all groups of which it excludes
	asks         []int    // numbers of the groups that it asks about
	conditions   []Condition
	reads        []Attribute
	begin, until *bound
	mark         uint64 // digest of its text and of the declarations that it reads
}

// Attributes returns the directory's own names of the attributes that the rules about a source read, and of the one that says who is
// who, sorted, each once; nil when there are none. source is the name of the source in the file.
func (r *Rules) Attributes(source string) []string {
	var names []string
	for i := range r.sources {
		if from := r.sources[i].calls(r.samePerson); r.sources[i].Name == source && from != "" {
			names = append(names, from)
		}
	}
	for i := range r.rules {
		if r.rules[i].From.Source != source {
			continue
		}
		for _, a := range r.rules[i].reads {
			names = append(names, a.From)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// calls returns what the directory calls a declared attribute; "" when it is not declared.
func (s *source) calls(attribute string) string {
	for _, a := range s.Attributes {
		if a.Name == attribute && attribute != "" {
			return a.From
		}
	}
	return ""
}

// ruleNamed returns the index of a rule.
func (r *Rules) ruleNamed(name string) (int, bool) {
	return slices.BinarySearchFunc(r.rules, name, func(x rule, name string) int { return compare(x.Name, name) })
}

// groupNamed returns the index of a group.
func (r *Rules) groupNamed(name string) (int, bool) {
	i, ok := slices.BinarySearchFunc(r.groups[:r.static], name, func(g Group, name string) int { return compare(g.Name, name) })
	if ok || len(r.groups) == r.static {
		return i, ok
	}
	i = slices.IndexFunc(r.groups[r.static:], func(g Group) bool { return g.Name == name })
	return r.static + i, i >= 0
}

// Giving returns the names of the rules that give a group, by the name that the file has for it, sorted; nil when none does.
func (r *Rules) Giving(group string) (names []string) {
	if g, ok := r.groupNamed(group); ok {
		for i := range r.rules {
			if slices.Contains(r.rules[i].grants, uint32(g)) {
				names = append(names, r.rules[i].Name)
			}
		}
	}
	return names
}

// sourceWithID returns the index of the source whose keys bear an id; -1 when the file has none.
func (r *Rules) sourceWithID(id string) int {
	return slices.IndexFunc(r.sources, func(s source) bool { return s.ID == id })
}

// words says in short whom a rule is about.
func (r *rule) words() string {
	if r.Path != "" {
		return "somebody whom the file names"
	}
	if r.From.Everyone {
		return "everyone in " + r.From.Source
	}
	return "member of " + shortGroup(r.From.Group)
}

// wordsOf says in short whom a rule is about. To a person who asks, a group that the file names by its id is said by its name; a cause keeps the id,
// or a new name of the group would make another step of one that waits.
func (m *mapper) wordsOf(number int) string {
	r := &m.rules[number]
	if !m.telling || r.Path != "" || number >= len(m.selection.groups) || m.selection.groups[number] == noGroup {
		return r.words()
	}
	if g := m.view.Group(m.selection.groups[number]); g.Name() != "" && strings.EqualFold(g.ID(), strings.TrimSpace(r.From.Group)) {
		return "member of " + g.Name()
	}
	return r.words()
}

// role returns what the rule gives; the zero role is door access.
func (r *rule) role() access.Role {
	if r.Role == access.NoRole {
		return access.DoorAccess
	}
	return r.Role
}

func compare[T ~string](a, b T) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}
