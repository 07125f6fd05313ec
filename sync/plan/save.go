package plan

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Saved is a plan as it is written to a file, to be looked at by others and then carried out exactly so. It names people.
type Saved struct {
	Version      int         `json:"version"`
	Organization string      `json:"organization"` // its domain
	Made         time.Time   `json:"made"`
	Summary      []Line      `json:"summary"`
	Steps        []SavedStep `json:"steps"`
	Notes        []Note      `json:"notes,omitempty"`
	Sum          string      `json:"sum"` // digest over all of the above but the notes and the summary's people
}

// SavedStep is one step of a saved plan.
type SavedStep struct {
	ID   access.Digest `json:"id"`
	What string        `json:"what"`
	Why  string        `json:"why"`
	Hold string        `json:"hold,omitempty"`
}

// SavedVersion is the version of the file that this program writes and reads.
const SavedVersion = 1

// Save returns the plan in the form in which it is written to a file.
func (p *Plan) Save(w Words, made time.Time) Saved {
	if w.Catalog == nil {
		w.Catalog = &access.Catalog{}
	}
	s := Saved{Version: SavedVersion, Organization: w.Catalog.Organization.Domain, Made: made, Summary: p.Summary(w), Notes: p.Notes}
	for i := range p.Steps {
		step := &p.Steps[i]
		saved := SavedStep{ID: step.ID, What: step.Describe(w.Catalog), Why: step.Change.Cause.Text}
		if step.Hold != nil {
			saved.Hold = cmp.Or(step.Hold.Text, step.Hold.Kind.String())
		}
		s.Steps = append(s.Steps, saved)
	}
	s.Sum = s.sum().String()
	return s
}

// sum is over what somebody decides by, and what is done: every field is closed off, so that nothing can move from one to the next.
func (s *Saved) sum() access.Digest {
	var all []byte
	add := func(fields ...string) {
		for _, f := range fields {
			all = append(strconv.AppendInt(all, int64(len(f)), 10), ':')
			all = append(all, f...)
		}
	}
	add(strconv.Itoa(s.Version), s.Organization, s.Made.UTC().Format(time.RFC3339Nano))
	for i := range s.Summary {
		add(s.Summary[i].Text, s.Summary[i].Hold)
	}
	for i := range s.Steps {
		add(s.Steps[i].ID.String(), s.Steps[i].What, s.Steps[i].Why, s.Steps[i].Hold)
	}
	return access.Sum(all)
}

// Intact says that nobody edited what a saved plan does or says. It notices accidents and careless hands: who means to, can make a new sum.
func (s *Saved) Intact() bool { return s.Sum == s.sum().String() }

// Difference is what a saved plan and today's do not share, in words.
type Difference struct{ Gone, New []string }

// Empty says that both plans would do the same.
func (d Difference) Empty() bool { return len(d.Gone)+len(d.New) == 0 }

// Compare returns what the saved plan would do and today's would not, and the other way round. Held steps are not done, so they do
// not count.
func (s *Saved) Compare(today Saved) Difference {
	return Difference{Gone: missing(s.Steps, today.Steps), New: missing(today.Steps, s.Steps)}
}

func missing(from, in []SavedStep) []string {
	there := map[access.Digest]bool{}
	for _, s := range in {
		there[s.ID] = there[s.ID] || s.Hold == ""
	}
	var out []string
	for _, s := range from {
		if s.Hold == "" && !there[s.ID] {
			out = append(out, s.What+" ("+s.Why+")")
		}
	}
	slices.Sort(out)
	return out
}
