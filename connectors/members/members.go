// Package members is the source of the people whom the configuration file itself names, under members: of a group.
//
// It promises that what it reports is what the file says, whole, each time: the file was read and found good before, so nobody is missing
// from it by mistake. Each entry is a group of its own with one person in it, so that a rule can be about that entry and nothing else. It must
// not read anything.
package members

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Name is what the source is called, and the id by which its people are remembered.
const Name = "members"

// Entry is somebody who is named under a group of the file.
type Entry struct{ Group, Email, Name string }

// ID returns the id of the group that stands for the entry alone.
func (e Entry) ID() string { return e.Group + "/" + email.Fold(e.Email) }

// Settings are all entries of a file, in its order.
type Settings struct {
	Entries []Entry `yaml:"-" json:"-"`
}

var (
	_ connectors.Config  = (*Settings)(nil)
	_ connectors.Source  = (*source)(nil)
	_ connectors.Checker = (*source)(nil)
)

// Validate returns nothing: config has looked at the entries, and knows their lines.
func (s *Settings) Validate() []connectors.Finding { return nil }

// Open returns the source.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	return &source{entries: s.Entries, now: env.Now}, nil
}

type source struct {
	entries []Entry
	now     func() time.Time
}

// Fetch puts everybody who is named, and every entry; or nothing, where the cursor is of the same entries.
func (s *source) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	if ctx.Err() != nil {
		return directory.Receipt{}, context.Cause(ctx)
	}
	text, err := json.Marshal(s.entries)
	if err != nil {
		return directory.Receipt{}, fmt.Errorf("write down the members of the file: %w", err)
	}
	digest := sha256.Sum256(text)
	receipt := directory.Receipt{Coverage: directory.Delta, At: s.now(), Next: directory.Cursor{Shape: sha256.Sum256([]byte("members 1")), Token: digest[:]}}
	if since.Shape == receipt.Next.Shape && string(since.Token) == string(digest[:]) {
		return receipt, nil
	}
	people := s.people()
	receipt.Coverage, receipt.Proof = directory.Complete, directory.Proof{Pages: 1, Entries: len(people) + len(s.entries)}
	for _, p := range people {
		if err := put(&directory.Record{Kind: directory.PersonIs, ID: email.Fold(p.Email), Email: p.Email, Name: p.Name}); err != nil {
			return directory.Receipt{}, err
		}
	}
	for _, e := range s.entries {
		if err := e.records(put); err != nil {
			return directory.Receipt{}, err
		}
	}
	return receipt, nil
}

// people returns each person once, with the first name that an entry gives.
func (s *source) people() (all []Entry) {
	index := map[string]int{}
	for _, e := range s.entries {
		i, known := index[email.Fold(e.Email)]
		if !known {
			i = len(all)
			index[email.Fold(e.Email)] = i
			all = append(all, Entry{Email: e.Email})
		}
		if all[i].Name == "" {
			all[i].Name = e.Name
		}
	}
	return all
}

func (e Entry) records(put func(*directory.Record) error) error {
	for _, r := range []directory.Record{
		{Kind: directory.GroupIs, ID: e.ID(), Name: "members of " + e.Group},
		{Kind: directory.MembersFrom, ID: e.ID()},
		{Kind: directory.MemberIs, ID: e.ID(), Member: directory.Ref{Kind: directory.ByID, Value: email.Fold(e.Email)}},
	} {
		if err := put(&r); err != nil {
			return err
		}
	}
	return nil
}

// Check says how many people the file names.
func (s *source) Check(context.Context) []connectors.Finding {
	return []connectors.Finding{{Level: connectors.Good, Text: fmt.Sprintf("%d people, named in %d entries under groups", len(s.people()), len(s.entries))}}
}
