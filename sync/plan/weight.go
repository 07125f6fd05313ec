package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// weight is the people of one tally, each once, and those of groups that gain or lose a door as a whole. Somebody who is in
// several such groups counts several times, which errs on the careful side.
type weight struct {
	people map[string]bool
	last   string // the person counted last; steps of one person follow each other
	groups map[access.RemoteID]int
	one    bool     // people gain one group: who did so lately holds it, and is counted when it gains a door
	spent  int      // of the total, what was done within the window already
	early  int      // of the people, those of that
	edits  []string // of the file, by which people gain
	what   string   // what everybody of a group loses, unless it is a door
}

func (w *weight) person(who string) {
	if who != w.last || who == "" {
		w.people[who], w.last = true, who
	}
}

func (w *weight) total() int {
	n := len(w.people)
	for _, people := range w.groups {
		if w.one {
			return max(w.early, people) + n - w.early
		}
		n += people
	}
	return n
}

// close notes that all that was spent is in.
func (w *weight) close() {
	w.early, w.last = len(w.people), ""
	w.spent = w.total()
}

// because says what the number of people alone does not: that many of them are of before, and what somebody changed in the file.
func (w *weight) because(window time.Duration) string {
	var all []string
	if w.spent > 0 {
		all = append(all, fmt.Sprintf("%d of them in the last %s already", w.spent, spell(window)))
	}
	if all = append(all, w.edits...); len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

// spell says a window as the file does.
func spell(window time.Duration) string {
	if window%time.Hour == 0 {
		return fmt.Sprintf("%dh", window/time.Hour)
	}
	return window.String()
}

// loses notes what everybody of a group loses by a change that is about the group as a whole.
func (w *weight) loses(c *access.Change) {
	switch c.Kind {
	case access.DeleteGroup:
		w.what = "it"
	case access.UpdateGroup:
		w.what = "access while they are kept out by it (" + c.OfGroup() + ")"
	}
}

// edited notes what somebody changed in the file: about the rules by which somebody gains something, about the doors of a group, and about
// the sources that do not bring somebody any more. Who loses something by a rule that changed has that as the cause.
func (w *weight) edited(desired *access.Desired, c *access.Change) {
	switch c.Cause.Kind {
	case access.Declared:
		i := slices.IndexFunc(desired.Groups, func(g access.DesiredGroup) bool { return g.Name == c.Object.GroupName })
		if i >= 0 && desired.Groups[i].Edit != "" {
			w.edit(desired.Groups[i].Edit)
		}
	case access.Vanished, access.LeftScope:
		for _, text := range desired.SourceEdits {
			w.edit(text)
		}
	case access.ByRule:
		if c.Effect() == access.Widens {
			w.editedRules(desired.Edits, c)
		}
	}
}

func (w *weight) edit(text string) {
	if !slices.Contains(w.edits, text) {
		w.edits = append(w.edits, text)
	}
}

func (w *weight) editedRules(edits []access.Edit, c *access.Change) {
	if len(edits) == 0 {
		return
	}
	for _, rule := range strings.Split(c.Cause.Rule, ", ") {
		i, ok := slices.BinarySearchFunc(edits, rule, func(e access.Edit, rule string) int { return cmp.Compare(e.Rule, rule) })
		if !ok {
			continue
		}
		w.edit("caused by the file: " + edits[i].Text)
	}
}
