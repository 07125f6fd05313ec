package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// ruleException is an Exception made ready.
type ruleException struct {
	words   string          // whom it is about, for people
	group   int             // number of a group that is asked about; -1 for none
	people  map[string]bool // folded addresses and keys; looked up only
	clauses []clause
}

// excepts makes the exceptions of a rule ready.
func (c *compiler) excepts(path string, s *scope, r *rule) {
	for i, x := range r.Except {
		at := fmt.Sprintf("%s[%d]", path, i)
		out := ruleException{group: -1}
		said := 0
		for _, is := range []bool{x.Group.Group != "", len(x.People) > 0, strings.TrimSpace(x.Where) != ""} {
			if is {
				said++
			}
		}
		switch {
		case said != 1:
			c.problem(at, "write {group: GROUP}, {people: [ADDRESS]} or {where: CONDITION}, one entry for each", "the exception must say one of group, people and where")
			continue
		case x.Group.Group != "":
			c.exceptGroup(at, x, r, &out)
		case len(x.People) > 0:
			c.exceptPeople(at, x.People, &out)
		default:
			e := c.expression(at+".where", x.Where, s, r)
			if e == nil {
				continue
			}
			out.clauses, out.words = e.clauses, x.Where
		}
		r.excepts = append(r.excepts, out)
	}
}

func (c *compiler) exceptGroup(path string, x Exception, r *rule, out *ruleException) {
	source := r.source
	if x.Group.Source != "" {
		source = slices.Index(c.sourcesInOrder(), x.Group.Source)
	}
	if source < 0 {
		if x.Group.Source != "" {
			c.problem(path+".source", suggest(x.Group.Source, c.sourceNames()), "there is no source %q", x.Group.Source)
		}
		return
	}
	out.group, out.words = c.out.refs.number(source, x.Group.Group), "member of "+shortGroup(x.Group.Group)
	r.asks = append(r.asks, out.group)
}

func (c *compiler) exceptPeople(path string, people []string, out *ruleException) {
	out.people = map[string]bool{}
	for i, who := range people {
		source, _, isKey := strings.Cut(who, ":")
		known := slices.ContainsFunc(c.spec.Sources, func(s Source) bool { return s.ID == source })
		if email.Problem(who) != "" && !(isKey && known) {
			c.problem(fmt.Sprintf("%s.people[%d]", path, i), "write an e-mail address, or a key as explain shows it", "%q is nobody", who)
		}
		out.people[email.Fold(who)], out.people[who] = true, true
	}
	out.words = "one of " + strings.Join(people, ", ")
	if len(people) == 1 {
		out.words = people[0]
	}
}

// excepts returns whom the exception is about that is about a human, "" when none is. The row is aimed at a record of the human.
func (m *mapper) excepts(r *rule, human uint32) (words string, err error) {
	for i := range r.excepts {
		x := &r.excepts[i]
		is, err := m.exceptedBy(x, human)
		if err != nil {
			return "", err
		}
		if is {
			return x.words, nil
		}
	}
	return "", nil
}

func (m *mapper) exceptedBy(x *ruleException, human uint32) (bool, error) {
	if x.group >= 0 {
		return m.inGroup(x.group, human)
	}
	if x.people != nil {
		for i := human; i != none; i = m.next[i] {
			o := m.view.Person(int(i))
			if x.people[o.Key().String()] || o.Email() != "" && x.people[email.Fold(o.Email())] {
				return true, nil
			}
		}
		return false, nil
	}
	for i := range x.clauses {
		if holds, err := x.clauses[i].holds(&m.machine, &m.row); err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}

// words says an exception as the file does.
func (x *Exception) words() string {
	switch {
	case x.Group.Source != "":
		return "group " + x.Group.Group + " of " + x.Group.Source
	case x.Group.Group != "":
		return "group " + x.Group.Group
	case len(x.People) > 0:
		return strings.Join(slices.Sorted(slices.Values(x.People)), ", ")
	}
	return x.Where
}
