package mapping

import "slices"

// Reworded is a rule that two files do not say alike.
type Reworded struct {
	Rule          string
	Before, After string // all that it says; "" where a file does not have it
	Differs       string // of one that both have: "where (none) → person.department == \"IT\""
}

// Reword returns the rules that a later file has not, or otherwise, or has anew, sorted by name.
func (r *Rules) Reword(later *Rules) (all []Reworded) {
	before, after := r.ruleWordings(), later.ruleWordings()
	find := func(in []Wording, rule string) *Wording {
		i := slices.IndexFunc(in, func(w Wording) bool { return w.Rule == rule })
		if i < 0 {
			return nil
		}
		return &in[i]
	}
	for i := range before {
		was := &before[i]
		switch is := find(after, was.Rule); {
		case is == nil:
			all = append(all, Reworded{Rule: was.Rule, Before: was.said()})
		case is.Mark != was.Mark:
			all = append(all, Reworded{Rule: was.Rule, Before: was.said(), After: is.said(), Differs: was.to(is)})
		}
	}
	for i := range after {
		if find(before, after[i].Rule) == nil {
			all = append(all, Reworded{Rule: after[i].Rule, After: after[i].said()})
		}
	}
	slices.SortFunc(all, func(a, b Reworded) int { return compare(a.Rule, b.Rule) })
	return all
}
