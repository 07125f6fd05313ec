package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Rebuild puts a new file in place of one that is lost or damaged, with nothing in it of what is ours in Kisi. The next full run knows
// the users that we made by their stamps (plan.Recognize), and notes every right that it finds as given by somebody else: so nothing
// is made twice, and nothing is taken away that is not proven ours.
//
// What people said is taken over as far as it can be read: blocks and exemptions, bindings, rejections; and what sources pushed, what
// was last read of them, and what was spent. The ledger is not, even where rows can be read: a damaged file may show a page as it was
// before, and a right that is taken for ours by mistake may be removed.
//
// The file that was there is kept as with Restore. r.From is not used.
func Rebuild(ctx context.Context, path string, r Replacement) (out Replaced, err error) {
	defer func() { err = about(path, err) }()
	r.Options = r.Options.withDefaults()
	if r.Said.By == "" || r.Said.Why == "" {
		return out, errors.New("whoever rebuilds says who and why")
	}
	part, err := blank(path, r.Options, currentSchema())
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, discard(part)) }()
	return replace(ctx, path, part, r, (*replacing).salvaged)
}

// salvaged fills the new file.
func (p *replacing) salvaged() error {
	if p.last != nil && !errors.Is(p.out.Unread, ErrNewer) {
		if err := p.salvage(); err != nil {
			return err
		}
	} else if p.out.Kept != "" {
		p.lose("everything", p.out.Unread)
	}
	return p.next.Audit(p.ctx, p.line("rebuild the state from nothing"))
}

// salvage takes over what is worth it and can be read.
func (p *replacing) salvage() error {
	if p.was != (fingerprint{}) {
		err := p.next.update(p.ctx, metaBucket, func(t *txn) error { return t.put(metaBucket, fingerprintKey(), p.was) })
		if err != nil {
			return err
		}
	} else {
		p.lose("whose state it is", errors.New("not known; the next run takes the organization that the API key belongs to"))
	}
	for bucket, what := range map[string]string{pinBucket: "blocks and exemptions", bindingBucket: "what selectors were bound to",
		documentBucket: "what sources pushed", spentBucket: "who was moved lately, for limits", holdBucket: "rejections"} {
		if err := p.salvageRows(bucket, what); err != nil {
			return err
		}
	}
	return p.salvageSnapshots()
}

func (p *replacing) salvageRows(bucket, what string) error {
	rows, bad, err := p.last.rows(p.ctx, bucket)
	if err != nil {
		p.lose(what+", in part", err)
	}
	if bad > 0 {
		p.lose(what, fmt.Errorf("%d rows of %d are damaged", bad, bad+len(rows)))
	}
	return p.next.update(p.ctx, bucket, func(t *txn) error {
		for _, e := range rows {
			if bucket == holdBucket && !t.rejection(e) {
				continue // an approval was for a step of a plan that knew more
			}
			put := t.bucket(bucket).Put
			if bucket == pinBucket || bucket == bindingBucket {
				put = func(key, row []byte) error { return t.putTallied(bucket, key, row) }
			}
			if err := put(e.key, e.row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *txn) rejection(e edit) bool {
	var h holdRow
	return t.read(holdBucket, e.key, e.row, &h) == nil && h.Hold.Verdict == access.Rejected
}

// salvageSnapshots takes over what was read of the sources, so that one which is only half there now is not believed.
func (p *replacing) salvageSnapshots() error {
	sources, err := p.last.Sources(p.ctx)
	if err != nil {
		p.lose("what was read of the sources", err)
		return nil
	}
	for _, source := range sources {
		snapshot, err := p.last.Snapshot(p.ctx, source)
		if err != nil {
			p.lose("what was read of "+source, err)
			continue
		}
		if err := p.next.SaveSnapshot(p.ctx, snapshot); err != nil {
			return err
		}
	}
	return nil
}

// rows returns the rows of a bucket that are what was written, and how many are not. When the file makes no sense from somewhere on,
// those before are returned with the error.
func (s *Store) rows(ctx context.Context, bucket string) (rows []edit, bad int, err error) {
	var text arena
	err = s.view(ctx, bucket, func(t *txn) error {
		return t.each(bucket, func(key, row []byte) error {
			if _, ok := unseal(key, row); !ok || row == nil {
				bad++
				return nil
			}
			rows = append(rows, edit{part: bucket, key: text.hold(key), row: text.hold(row)})
			return nil
		})
	})
	return rows, bad, err
}
