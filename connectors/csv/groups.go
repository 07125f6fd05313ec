package csv

import (
	"fmt"
	"strings"
)

// groupPrefix keeps the ids of groups apart from those of people: both may be numbers, of different ranges.
const groupPrefix = "group:"

// groups are those of a source by what rows call them.
type groups struct {
	declared bool // by a file of their own; there are no others
	all      []groupRow
	ids      map[string]int // as written in the file of groups
	names    map[string]int // folded; several for more than one
	unsure   []string       // ids of those whose row cannot be used
	words    map[string]int // spellings that were met
}

type groupRow struct{ id, name string }

// several stands for a name that more than one group bears.
const several = -2

func newGroups() *groups {
	return &groups{ids: map[string]int{}, names: map[string]int{}, words: map[string]int{}}
}

// add takes a row of the file of groups.
func (g *groups) add(id, name string) {
	id, name = strings.Clone(id), strings.Clone(name)
	n := len(g.all)
	g.ids[id] = n
	if _, twice := g.names[fold(name)]; twice {
		n = several
	}
	g.names[fold(name)] = n
	g.all = append(g.all, groupRow{groupPrefix + id, name})
}

// find returns the number of the group that a row means. Without a file of groups, naming one is enough for it to be there.
func (g *groups) find(word string) (int, string) {
	if n, ok := g.words[word]; ok {
		return n, ""
	}
	n, ok := g.ids[word]
	if !ok {
		n, ok = g.names[fold(word)]
	}
	switch {
	case ok && n == several:
		return 0, fmt.Sprintf("several groups are called %q; write the id", shorten(word))
	case !ok && g.declared:
		return 0, fmt.Sprintf("there is no group %q", shorten(word))
	case !ok:
		name := strings.Clone(word)
		n = len(g.all)
		g.all = append(g.all, groupRow{groupPrefix + fold(name), name})
		g.names[fold(name)] = n
	}
	g.words[strings.Clone(word)] = n
	return n, ""
}
