// Package list reads people and groups from a YAML file that is kept by hand, and changes it for the verbs that keep it.
//
//	people:
//	  - {email: ana@partner.example, name: Ana Reis, access: [{group: Visitors, until: 2026-03-31}], why: painter, ticket: FAC-311}
//	groups:
//	  - {name: Painters, members: [ana@partner.example], access: [Workshop]}
//
// It promises that a file which is missing, empty, being written or wrong anywhere is an error with every problem and its place, and
// never "nobody". A change keeps every other byte of the file (Document), and is there whole or not at all (Update). It must not guess
// what a misspelt key could mean.
package list

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

const (
	// maxSize bounds the file; one with 20,000 people has about 2 MiB.
	maxSize = 8 << 20
	// settled is how long a file must have been left alone: an editor that writes in place leaves half a list for a moment, and
	// half a list may be a list.
	settled = 2 * time.Second
	// patience is how often we wait for that.
	patience = 5
)

// Settings is the block of a source of type list.
type Settings struct {
	Path string `yaml:"path,omitempty" json:"path,omitempty" jsonschema:"description=The YAML file; a relative path starts at the folder of the configuration file"`
}

// New returns settings with their defaults.
func New() connectors.Config { return &Settings{} }

var (
	_ connectors.Config       = (*Settings)(nil)
	_ connectors.AccessLister = (*Settings)(nil)
	_ connectors.Source       = (*source)(nil)
	_ connectors.Checker      = (*source)(nil)
)

// ListsAccess says that people of a list may come with what they are to have.
func (s *Settings) ListsAccess() bool { return true }

// Validate returns every problem of the settings. It does not look at the file.
func (s *Settings) Validate() []connectors.Finding {
	if s.Path == "" {
		return []connectors.Finding{{Path: "path", Text: "is missing", Hint: "write path: guests.yaml"}}
	}
	return nil
}

// Open returns the source without reading the file.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	if s.Path == "" {
		return nil, errors.New("path is missing")
	}
	return &source{path: s.File(env.Dir), env: env}, nil
}

// File returns where the list is; dir is where relative paths of the configuration start.
func (s *Settings) File(dir string) string {
	if filepath.IsAbs(s.Path) {
		return s.Path
	}
	return filepath.Join(dir, s.Path)
}

// Imagine returns the source as it would be if its file held a text.
func (s *Settings) Imagine(env connectors.Env, text []byte) connectors.Source {
	return &source{path: s.File(env.Dir), env: env, imagined: text}
}

type source struct {
	path     string
	env      connectors.Env
	imagined []byte // instead of the file; nil: the file
}

// Fetch reads the whole file, or finds that it is the same as at the cursor.
func (s *source) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	receipt := directory.Receipt{Coverage: directory.Delta, At: s.env.Now(), Next: directory.Cursor{Shape: s.shape()}}
	data, err := s.read(ctx)
	if err != nil {
		return directory.Receipt{}, err
	}
	digest := sha256.Sum256(data)
	receipt.Next.Token = digest[:]
	if since.Shape == receipt.Next.Shape && string(since.Token) == string(digest[:]) {
		return receipt, nil
	}
	l, problems := parse(data)
	if len(problems) > 0 {
		return directory.Receipt{}, &Invalid{s.path, problems}
	}
	receipt.Coverage = directory.Complete
	receipt.Proof = directory.Proof{Pages: 1, Entries: len(l.people) + len(l.groups)}
	return receipt, l.records(s.env.Attributes, put)
}

// Check says what is in the file, or what is wrong with it.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	data, err := s.read(ctx)
	if err != nil {
		return []connectors.Finding{{Path: "path", Text: err.Error()}}
	}
	l, problems := parse(data)
	var f []connectors.Finding
	for _, p := range problems {
		f = append(f, connectors.Finding{Path: "path", Text: p.in(s.path), Hint: p.Hint})
	}
	if len(f) > 0 {
		return f
	}
	return []connectors.Finding{{Level: connectors.Good, Text: fmt.Sprintf("%d people, %d groups", len(l.people), len(l.groups))}}
}

// shape makes positions of another file, or of other attributes, void.
func (s *source) shape() [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "list 2 %q %q", s.path, s.env.Attributes))
}

// read returns the file once it has been left alone for a while and did not change under our eyes.
func (s *source) read(ctx context.Context) ([]byte, error) {
	if s.imagined != nil {
		return s.imagined, nil
	}
	for range patience {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		data, calm, err := s.look()
		if err != nil || calm {
			return data, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(settled):
		}
	}
	return nil, fmt.Errorf("%s is being written all the time; write it elsewhere and rename it into place", s.path)
}

// look reads the file once and says whether it is calm.
func (s *source) look() ([]byte, bool, error) {
	before, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, fmt.Errorf("%s does not exist; a list without people says `people: []`", s.path)
	case err != nil:
		return nil, false, fmt.Errorf("look at the list: %w", err)
	case !before.Mode().IsRegular():
		return nil, false, fmt.Errorf("%s is not a regular file", s.path)
	case before.Size() > maxSize:
		return nil, false, fmt.Errorf("%s is larger than %d MiB; so many people belong into a directory", s.path, maxSize>>20)
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		return nil, false, fmt.Errorf("read the list: %w", err)
	}
	after, err := os.Stat(s.path)
	if err != nil {
		return nil, false, fmt.Errorf("look at the list again: %w", err)
	}
	same := before.Size() == after.Size() && before.ModTime().Equal(after.ModTime()) && int64(len(data)) == after.Size()
	age := s.env.Now().Sub(after.ModTime()) // below zero when the file server's clock is ahead
	return data, same && age.Abs() >= settled, nil
}
