package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Replacement says what is put in place of the file, by whom and why. By and Why are required.
type Replacement struct {
	From         string // the backup; not used by Rebuild
	Said         record.Said
	Organization access.RemoteID // whose state it must be; 0: that of the file that is replaced, if it can tell
	Installation string          // the same
	Options      Options
}

// Replaced says what became of the file that was there before.
type Replaced struct {
	Kept   string       // where it is now; "" when there was none
	Unread error        // why it could not be read; nil when it could, and when there was none
	Head   record.Head  // of its audit trail, as far as it can be read
	Newest time.Time    // of the lines in the trail that came with the backup
	Pins   []access.Pin // that stood in it and not in the backup; they stand in the new file too
	Lost   []string     // what could not be taken over of it, in words
}

// Restore puts a backup in place of the file at path. The backup is copied and the copy checked first: every row of it, the audit
// trail, and whose it is. The file that was there is kept beside it with the date in its name; at no moment is there none. The new one has its owner and mode. No process
// may have either file open (ErrLocked).
//
// What people said last about single people stands: blocks and exemptions are those of the file that was there, if they can be read.
// Otherwise a backup from before somebody was blocked would give the doors back. Lost says when they cannot. What Kisi and the directories have become since the backup is found out by the next run.
func Restore(ctx context.Context, path string, r Replacement) (out Replaced, err error) {
	defer func() { err = about(path, err) }()
	r.Options = r.Options.withDefaults()
	switch {
	case r.Said.By == "" || r.Said.Why == "":
		return out, errors.New("whoever restores says who and why")
	case same(path, r.From):
		return out, fmt.Errorf("%s is the file itself", r.From)
	}
	part, err := copyBackup(ctx, path, r)
	if err != nil {
		return out, fmt.Errorf("backup %s: %w", r.From, err)
	}
	defer func() { err = errors.Join(err, discard(part)) }()
	return replace(ctx, path, part, r, (*replacing).checked)
}

func about(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("state file %s: %w", path, err)
}

// discard removes a file that did not get its name.
func discard(part string) error {
	if err := os.Remove(part); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyBackup(ctx context.Context, path string, r Replacement) (part string, err error) {
	if _, err := os.Stat(r.From); err != nil {
		return "", err
	}
	s, err := openFile(r.From, r.Options, true)
	if err != nil {
		return "", err
	}
	part, err = written(path, asCopy, func(f *os.File) error {
		return s.transact(s.db.View, func(t *txn) error { return copyTo(ctx, t.tx, f) })
	})
	return part, errors.Join(err, s.Close())
}

// replacing is a file on its way into the place of another.
type replacing struct {
	ctx  context.Context
	r    Replacement
	next *Store // the new one, under another name
	last *Store // the one in place; nil when there is none, or it cannot be read
	was  fingerprint
	pins []access.Pin // of the one in place
	said bool         // pins could be read
	out  Replaced
}

// replace looks at the file in place, makes the new one ready, and puts it there.
func replace(ctx context.Context, path, part string, r Replacement, ready func(*replacing) error) (Replaced, error) {
	p := &replacing{ctx: ctx, r: r}
	if err := p.lookAt(path); err != nil {
		return p.out, err
	}
	defer func() { _ = p.closeLast() }()
	var err error
	if p.next, err = openFile(part, r.Options, false); err != nil {
		return p.out, err
	}
	if runtime.GOOS == "windows" { // which neither renames nor copies what is open; elsewhere it stays locked until it has gone
		if err := p.closeLast(); err != nil {
			return p.out, errors.Join(err, p.next.Close())
		}
	}
	if p.out.Kept, err = keep(path, r.Options.Now()); err == nil {
		err = ready(p)
	}
	err = errors.Join(err, p.next.Close())
	if err == nil {
		err = asBefore(part, path)
	}
	if err != nil {
		return p.out, errors.Join(err, p.unkeep())
	}
	if err := os.Rename(part, path); err != nil {
		return p.out, errors.Join(err, p.unkeep())
	}
	return p.out, syncFolder(path)
}

// unkeep takes the second name back from a file that stays.
func (p *replacing) unkeep() error {
	kept := p.out.Kept
	if p.out.Kept = ""; kept == "" {
		return nil
	}
	return discard(kept)
}

func (p *replacing) closeLast() error {
	if p.last == nil {
		return nil
	}
	last := p.last
	p.last = nil
	return last.Close()
}

// lookAt reads what must be known of the file in place. One that cannot be read is no obstacle: it is why people restore. One that is
// in use is.
func (p *replacing) lookAt(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("not a file")
	}
	s, err := openFile(path, p.r.Options, false)
	if errors.Is(err, ErrLocked) {
		return err
	}
	if err != nil { // what can be read of it is better than nothing
		p.out.Unread = err
		if s, _, err = examine(path, p.r.Options); err != nil {
			return nil
		}
	}
	p.last = s
	p.out.Unread = cmp.Or(p.out.Unread, p.recall())
	err = s.view(p.ctx, pinBucket, func(t *txn) error {
		err := t.acceptable(currentSchema())
		if err == nil {
			p.pins, err = t.pins()
		}
		return err
	})
	p.said = err == nil
	p.out.Unread = cmp.Or(p.out.Unread, err)
	return nil
}

func (p *replacing) recall() error {
	return p.last.view(p.ctx, metaBucket, func(t *txn) error {
		if err := t.acceptable(currentSchema()); err != nil {
			return err
		}
		if _, err := t.get(metaBucket, fingerprintKey(), &p.was); err != nil {
			return err
		}
		var err error
		p.out.Head, err = t.auditEnd()
		return err
	})
}

// acceptable says whether a file's schema can be used, as it is or brought up to date.
func (t *txn) acceptable(want schema) error {
	have, err := versionOf(t.tx)
	switch {
	case err != nil:
		return err
	case have == 0:
		return errors.New("there is nothing in it")
	case have > want.version:
		return fmt.Errorf("schema %d, this is for %d: %w", have, want.version, ErrNewer)
	}
	return nil
}

// checked makes sure that the copy of a backup is good, and writes into its trail that it was restored.
func (p *replacing) checked() error {
	var have uint64
	err := p.next.view(p.ctx, metaBucket, func(t *txn) (err error) {
		if err := t.acceptable(currentSchema()); err != nil {
			return err
		}
		if have, err = versionOf(t.tx); err != nil {
			return err
		}
		return p.belongs(t)
	})
	if err != nil {
		return err
	}
	if err := p.next.Check(p.ctx); err != nil {
		return err
	}
	if err := p.next.raise(have, currentSchema()); err != nil {
		return err
	}
	lines, err := p.next.AuditLines(p.ctx, 1)
	if err != nil {
		return err
	}
	for i := range lines {
		p.out.Newest = lines[i].At
	}
	return p.next.update(p.ctx, pinBucket, func(t *txn) error {
		if err := p.takePins(t); err != nil {
			return err
		}
		line := p.line("restore the state from " + filepath.Base(p.r.From))
		line.At = p.next.now().UTC()
		return t.appendAudit(line)
	})
}

// takePins makes the pins of the new file those of the one in place.
func (p *replacing) takePins(t *txn) error {
	if !p.said {
		if p.out.Kept != "" {
			p.lose("who was blocked or exempt since the backup", p.out.Unread)
		}
		return nil
	}
	old, err := t.pins()
	if err != nil {
		return err
	}
	had := map[string]bool{}
	for i := range old {
		key := pinKey(&old[i])
		had[string(key)] = true
		if err := t.removeTallied(pinBucket, key); err != nil {
			return err
		}
	}
	for i := range p.pins {
		key := pinKey(&p.pins[i])
		row, err := t.sealed(key, p.pins[i])
		if err != nil {
			return err
		}
		if err := t.putTallied(pinBucket, key, row); err != nil {
			return err
		}
		if !had[string(key)] {
			p.out.Pins = append(p.out.Pins, p.pins[i])
		}
	}
	return nil
}

func (p *replacing) lose(what string, why error) {
	p.out.Lost = append(p.out.Lost, fmt.Sprintf("%s: %v", what, why))
}

// belongs says whether the new file is of the organization and installation that it should be of.
func (p *replacing) belongs(t *txn) error {
	var is fingerprint
	known, err := t.get(metaBucket, fingerprintKey(), &is)
	if err != nil || !known {
		return err
	}
	was := p.was
	switch {
	case p.r.Organization != 0 && p.r.Organization != is.Organization:
		return fmt.Errorf("made for the organization %s, not for %d: %w", is.organization(), p.r.Organization, ErrOther)
	case p.r.Installation != "" && p.r.Installation != is.Installation:
		return fmt.Errorf("made for the installation %q, not for %q: %w", is.Installation, p.r.Installation, ErrOther)
	case was.Organization != 0 && was.Organization != is.Organization:
		return fmt.Errorf("made for the organization %s, the file in place for %s: %w", is.organization(), was.organization(), ErrOther)
	case was.Organization != 0 && was.Installation != is.Installation:
		return fmt.Errorf("made for the installation %q, the file in place for %q: %w", is.Installation, was.Installation, ErrOther)
	}
	return nil
}

// line is what the new trail says of it, with the end of the trail that it does not carry on.
func (p *replacing) line(what string) record.AuditLine {
	if p.out.Kept != "" {
		what += fmt.Sprintf("; the file before is kept as %s", filepath.Base(p.out.Kept))
	}
	if p.out.Head.Number != 0 {
		what += "; its audit trail ended with " + p.out.Head.String()
	}
	return record.AuditLine{Kind: record.DidRestore, Who: p.r.Said.By, Why: p.r.Said.Why, What: what, Outcome: record.Done}
}
