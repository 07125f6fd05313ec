package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func outsideKey() []byte { return []byte("outside the trail") }

// outside counts what an observation of everybody shows and the trail does not tell of. What it was not asked to count stays as it was counted
// before.
func (s *Store) outside(ctx context.Context, state *access.State) (out record.Outside, err error) {
	if out.Beside = state.Beside; out.Beside == nil {
		before, err := s.seenOutside(ctx)
		if err != nil {
			return out, err
		}
		out.Beside = before.Beside
	}
	out.At = state.At.Time()
	groups := map[access.RemoteID]int{}
	err = s.view(ctx, accountBucket, func(t *txn) error {
		b := t.bucket(accountBucket)
		for i := range state.Members {
			m := &state.Members[i]
			if len(m.Grants) > 0 && b.Get(numberKey(uint64(m.ID))) == nil {
				out.Users++
				count(groups, m.Grants)
			}
			if i%contextEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
	for id, n := range groups {
		out.Groups = append(out.Groups, record.OutsideGroup{Group: id, Users: n})
	}
	slices.SortFunc(out.Groups, func(a, b record.OutsideGroup) int { return cmp.Compare(a.Group, b.Group) })
	return out, err
}

// count adds one for each group in which somebody holds rights; these are sorted by group.
func count(groups map[access.RemoteID]int, rights []access.Grant) {
	for i, g := range rights {
		if i == 0 || rights[i-1].Group != g.Group {
			groups[g.Group]++
		}
	}
}

// seenOutside returns what the last observation of everybody showed; zero when there was none.
func (s *Store) seenOutside(ctx context.Context) (out record.Outside, err error) {
	err = s.view(ctx, metaBucket, func(t *txn) error {
		_, err := t.get(metaBucket, outsideKey(), &out)
		return err
	})
	return out, err
}
