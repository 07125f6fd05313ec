package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// bindingKey names a binding: there is one for each selector of a source.
func bindingKey(b *mapping.Binding) []byte {
	var e encoder
	e.text(b.Source)
	e.text(b.Text)
	return e.row
}

// Bindings returns what selectors were bound to, in no order that counts. One that is damaged or missing is ErrDamaged: the selector
// would be bound to whatever has the name now.
func (s *Store) Bindings(ctx context.Context) (all []mapping.Binding, err error) {
	err = s.view(ctx, bindingBucket, func(t *txn) (err error) { all, err = t.bindings(); return err })
	return all, err
}

func (t *txn) bindings() (all []mapping.Binding, err error) {
	err = t.eachTallied(bindingBucket, func(key, row []byte) error {
		var b mapping.Binding
		err := t.read(bindingBucket, key, row, &b)
		all = append(all, b)
		return err
	})
	return all, err
}

// SaveBindings makes these the bindings, in place of all others. What is bound anew, otherwise, or not any more has a line in the audit
// trail; without a By it is by who asked for the run. When nothing differs, nothing is written.
func (s *Store) SaveBindings(ctx context.Context, all []mapping.Binding, said record.Said) error {
	var edits []bindingEdit
	err := s.view(ctx, bindingBucket, func(t *txn) (err error) { edits, err = t.differingBindings(all); return err })
	if err != nil || len(edits) == 0 {
		return err
	}
	said.By = cmp.Or(said.By, s.asked())
	return s.update(ctx, bindingBucket, func(t *txn) error {
		edits, err := t.differingBindings(all)
		if err != nil {
			return err
		}
		for i := range edits {
			if err := edits[i].write(t, said, s.now().UTC()); err != nil {
				return err
			}
		}
		return nil
	})
}

// bindingEdit is one binding before and after; nil for none.
type bindingEdit struct{ before, after *mapping.Binding }

func (t *txn) differingBindings(all []mapping.Binding) (edits []bindingEdit, err error) {
	old, err := t.bindings()
	if err != nil {
		return nil, err
	}
	before := make(map[string]*mapping.Binding, len(old))
	for i := range old {
		before[string(bindingKey(&old[i]))] = &old[i]
	}
	for i := range all {
		key := string(bindingKey(&all[i]))
		if b := before[key]; b == nil || *b != all[i] {
			edits = append(edits, bindingEdit{b, &all[i]})
		}
		delete(before, key)
	}
	for i := range old {
		if before[string(bindingKey(&old[i]))] != nil {
			edits = append(edits, bindingEdit{before: &old[i]})
		}
	}
	return edits, nil
}

func (e bindingEdit) write(t *txn, said record.Said, now time.Time) error {
	line := record.AuditLine{At: now, Kind: record.DidBind, Who: said.By, Why: said.Why, Outcome: record.Done}
	if e.after == nil {
		line.What = "unbind: " + sayBinding(e.before)
		if err := t.removeTallied(bindingBucket, bindingKey(e.before)); err != nil {
			return err
		}
		return t.appendAudit(line)
	}
	key := bindingKey(e.after)
	row, err := t.sealed(key, e.after)
	if err != nil {
		return err
	}
	if err := t.putTallied(bindingBucket, key, row); err != nil {
		return err
	}
	if e.before != nil && e.before.GroupID == e.after.GroupID {
		return nil // the group was renamed
	}
	line.What, line.Anchor = "bind: "+sayBinding(e.after), access.Anchor(e.after.Source+":"+e.after.GroupID)
	if e.before != nil {
		line.What += fmt.Sprintf(", before to %s (%s)", e.before.Name, e.before.GroupID)
	}
	return t.appendAudit(line)
}

func sayBinding(b *mapping.Binding) string {
	return fmt.Sprintf("%s of %s to %s (%s)", b.Text, b.Source, b.Name, b.GroupID)
}
