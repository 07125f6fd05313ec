package plan

import "github.com/kisi-sync/kisi-sync/internal/access"

// HoldByClock holds the steps of p that another plan does not have, which was made for another time and is otherwise from the same
// input: time alone causes them. What needs them is held, too. It returns how many there are.
func (p *Plan) HoldByClock(other *Plan, text string) int {
	wanted := make(map[access.Digest]bool, len(other.Steps))
	for i := range other.Steps {
		wanted[other.Steps[i].ID] = true
	}
	held := 0
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Hold == nil && !wanted[s.ID] {
			s.Hold = &access.HoldReason{Kind: access.HeldByTime, Text: text}
			held++
		}
	}
	holdDependents(p.Steps)
	return held
}
