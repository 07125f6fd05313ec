package plan

import (
	"slices"
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
	Sum          string      `json:"sum"` // digest over all step ids, in order
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
	s := Saved{Version: SavedVersion, Organization: w.Catalog.Organization.Domain, Made: made, Summary: p.Summary(w), Notes: p.Notes}
	for i := range p.Steps {
		step := &p.Steps[i]
		saved := SavedStep{ID: step.ID, What: step.Describe(w.Catalog), Why: step.Change.Cause.Text}
		if step.Hold != nil {
			saved.Hold = step.Hold.Text
		}
		s.Steps = append(s.Steps, saved)
	}
	s.Sum = s.sum().String()
	return s
}

func (s *Saved) sum() access.Digest {
	var all []byte
	for i := range s.Steps {
		all = append(all, s.Steps[i].ID[:]...)
		all = append(all, byte(len(s.Steps[i].Hold)))
	}
	return access.Sum(all)
}

// Intact says that nobody edited the steps of a saved plan.
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
