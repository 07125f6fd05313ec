package csv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

type source struct {
	*Settings
	path string
	env  connectors.Env
	seen map[string]sighting // by path
}

// position is what a cursor remembers: the digests of the files, and what was to be said about them.
type position struct {
	Files   map[string]string `json:"files"` // by part
	Remarks []string          `json:"remarks,omitempty"`
}

// Fetch reads all files, or finds that they are the same as at the cursor. A file is read three times: once for its digest, which may be
// all, once to see whether it can be used, and once to tell what is in it. Each time it must be the same.
func (s *source) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	receipt := directory.Receipt{At: s.env.Now(), Next: directory.Cursor{Shape: s.shape()}}
	files, err := s.quiet(ctx)
	if err != nil {
		return directory.Receipt{}, err
	}
	now := position{Files: map[string]string{}}
	for _, f := range files {
		now.Files[f.part] = hex.EncodeToString(f.digest[:])
	}
	receipt.AsOf = asOf(files)
	if last, ok := s.recall(since); ok && maps.Equal(last.Files, now.Files) {
		receipt.Coverage, receipt.Next, receipt.Remarks = directory.Delta, since, last.Remarks
		return receipt, nil
	}
	v, err := s.survey(ctx, files)
	if err != nil {
		return directory.Receipt{}, err
	}
	p := &putter{survey: v, put: put}
	if err := p.all(files); err != nil {
		return directory.Receipt{}, err
	}
	now.Remarks = v.remarks()
	if receipt.Next.Token, err = json.Marshal(now); err != nil {
		return directory.Receipt{}, fmt.Errorf("write down the position: %w", err)
	}
	receipt.Coverage, receipt.Proof, receipt.Remarks = directory.Complete, v.proof(files), now.Remarks
	return receipt, nil
}

// quiet returns the files once all of them have been left alone, with their digests.
func (s *source) quiet(ctx context.Context) ([]*input, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	files, err := s.find()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := s.calm(ctx, f); err != nil {
			return nil, err
		}
		if err := f.sum(ctx); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// recall reads a cursor; false when it is not ours.
func (s *source) recall(c directory.Cursor) (p position, ok bool) {
	if c.Shape != s.shape() || json.Unmarshal(c.Token, &p) != nil {
		return position{}, false
	}
	return p, len(p.Files) > 0
}

// shape makes positions of other files, columns or attributes void.
func (s *source) shape() [32]byte {
	settings, err := json.Marshal(s.Settings)
	if err != nil {
		panic(err) // there is nothing in it that could fail
	}
	return sha256.Sum256(fmt.Appendf(nil, "csv 1 %q %s %q", s.path, settings, s.env.Attributes))
}

// asOf is how old the oldest of what is exported is. Groups are made once and may be kept by hand.
func asOf(files []*input) (oldest time.Time) {
	for _, f := range files {
		if t := f.info.ModTime(); f.part != groupsPart && (oldest.IsZero() || t.Before(oldest)) {
			oldest = t
		}
	}
	return oldest
}

func (v *survey) proof(files []*input) directory.Proof {
	p := directory.Proof{Pages: len(files), Entries: v.rows - v.badRows, Ignored: v.badRows + v.empty}
	var notes []string
	for _, f := range files {
		notes = append(notes, fmt.Sprintf("%s: %d bytes, sha256 %x", f.part, f.info.Size(), f.digest))
	}
	p.Note = strings.Join(notes, "; ")
	return p
}

// remarks are what people should know of what was read.
func (v *survey) remarks() (all []string) {
	if v.badRows > 0 {
		them := "them"
		if v.badRows == 1 {
			them = "it"
		}
		text := fmt.Sprintf("%s cannot be used, and who is in %s stays as before (%s", rowCount(v.badRows), them, v.bad[0])
		if v.badRows > 1 {
			text += ", ..."
		}
		text += "); kisi-sync check lists " + them
		all = append(all, text)
	}
	if v.nameless > 0 {
		all = append(all, fmt.Sprintf("whom %s is about cannot be told, so nobody counts as missing until that is mended", rowCount(v.nameless)))
	}
	for i := range v.cols.fates {
		if f := &v.cols.fates[i]; f.rows > 0 {
			all = append(all, f.String())
		}
	}
	return all
}

// putter is the pass that tells what is in the files.
type putter struct {
	*survey
	put func(*directory.Record) error
	rec directory.Record
}

func (p *putter) all(files []*input) error {
	if err := p.groupRecords(); err != nil {
		return err
	}
	for _, f := range files {
		if f.part == groupsPart {
			continue // everything is known of them
		}
		if err := p.tell(f); err != nil {
			return err
		}
	}
	return p.doubts()
}

// groupRecords puts the groups, and says that their members follow.
func (p *putter) groupRecords() error {
	for n, g := range p.groups.all {
		if !slices.Contains(p.groups.unsure, g.id) {
			if err := p.say(directory.Record{Kind: directory.GroupIs, ID: g.id, Name: g.name}); err != nil {
				return err
			}
		}
		if p.anyList || p.lists[n] {
			continue
		}
		if err := p.say(directory.Record{Kind: directory.MembersFrom, ID: g.id}); err != nil {
			return err
		}
	}
	return nil
}

func (p *putter) say(r directory.Record) error {
	p.rec = r
	return p.put(&p.rec)
}

// tell goes through a file again.
func (p *putter) tell(f *input) error {
	t, in, err := p.table(p.ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	use := p.tellPerson()
	if f.part == membershipsPart {
		if use, err = p.tellMembership(t); err != nil {
			return named(err, f.path)
		}
	}
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return in.same()
		}
		if err == nil {
			err = use(r)
		}
		if err != nil {
			return err
		}
	}
}

// tellPerson puts people, but for those whose rows cannot be used.
func (p *putter) tellPerson() func(row) error {
	rows := p.personRows(p.cols)
	var attrs []directory.Attr
	return func(r row) error {
		x, problem := rows.read(r)
		if problem != "" {
			return nil
		}
		if p.unsure[x.id] {
			return nil
		}
		if p.simple || int(p.people[p.key(x.id)].line) == r.line {
			attrs = rows.attributes(r.cells, attrs[:0])
			err := p.say(directory.Record{Kind: directory.PersonIs, ID: x.id, Email: x.email, Name: x.name, Active: x.active, Attrs: attrs})
			if err != nil {
				return err
			}
		}
		for _, word := range x.groups {
			n, problem := p.groups.find(word)
			if problem != "" {
				return fmt.Errorf("line %d: %s", r.line, problem)
			}
			if err := p.member(n, directory.Ref{Kind: directory.ByID, Value: x.id}); err != nil {
				return err
			}
		}
		return nil
	}
}

func (p *putter) member(group int, who directory.Ref) error {
	return p.say(directory.Record{Kind: directory.MemberIs, ID: p.groups.all[group].id, Member: who})
}

func (p *putter) tellMembership(t *table) (func(row) error, error) {
	c, err := p.membershipFile(t)
	if err != nil {
		return nil, err
	}
	return func(r row) error {
		m, problem := p.membership(r, c)
		switch {
		case problem != "":
			return nil
		case m.inner >= 0:
			return p.member(m.group, directory.Ref{Kind: directory.ByID, Value: p.groups.all[m.inner].id})
		case m.mail:
			return p.member(m.group, directory.Ref{Kind: directory.ByMail, Value: m.member})
		}
		return p.member(m.group, directory.Ref{Kind: directory.ByID, Value: m.member})
	}, nil
}

// doubts says of whom the rows cannot be used. They stay as they were, in the groups where they were.
func (p *putter) doubts() error {
	for _, id := range slices.Sorted(maps.Keys(p.unsure)) {
		if err := p.say(directory.Record{Kind: directory.Unsure, ID: id}); err != nil {
			return err
		}
		if p.cols.groups == absent {
			continue
		}
		if err := p.say(directory.Record{Kind: directory.MembershipsStay, ID: id}); err != nil {
			return err
		}
	}
	for _, id := range p.groups.unsure {
		if err := p.say(directory.Record{Kind: directory.Unsure, ID: id}); err != nil {
			return err
		}
	}
	if p.nameless > 0 {
		return p.say(directory.Record{Kind: directory.NoneMissing})
	}
	return nil
}
