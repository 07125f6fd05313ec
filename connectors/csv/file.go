package csv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxSize bounds a file; one with a million people has about 80 MiB.
const maxSize = 1 << 30

// patience is how many times settle a file is waited for.
const patience = 4

// sighting is since when a file has looked as it does.
type sighting struct {
	size    int64
	changed time.Time
	since   time.Time
}

// input is one of the files of a source.
type input struct {
	part   string // people, groups, memberships
	path   string
	info   fs.FileInfo
	digest [sha256.Size]byte
}

// parts of a source, in the order in which they are read.
const (
	peoplePart      = "people"
	groupsPart      = "groups"
	membershipsPart = "memberships"
)

// find returns the files of the source.
func (s *source) find() ([]*input, error) {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s does not exist", s.path)
	case err != nil:
		return nil, fmt.Errorf("look for the file: %w", err)
	case !info.IsDir() && s.Files != (Files{}):
		return nil, fmt.Errorf("%s is a file, and files names those of a folder", s.path)
	case !info.IsDir():
		return []*input{{part: peoplePart, path: s.path}}, nil
	}
	var all []*input
	for _, f := range []struct{ part, name string }{{groupsPart, s.Files.Groups}, {peoplePart, s.Files.people()}, {membershipsPart, s.Files.Memberships}} {
		if f.name == "" {
			continue
		}
		path, err := newest(s.path, f.name)
		if err != nil {
			return nil, err
		}
		all = append(all, &input{part: f.part, path: path})
	}
	return all, nil
}

func (f Files) people() string {
	if f.People == "" {
		return "people.csv"
	}
	return f.People
}

// newest returns the file of a folder that has a name or, of those that fit a pattern, the one whose name sorts last.
func newest(dir, name string) (string, error) {
	if !strings.ContainsAny(name, "*?[") {
		return filepath.Join(dir, name), nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("look for files: %w", err)
	}
	for _, e := range slices.Backward(entries) { // sorted by name
		if fits, _ := filepath.Match(name, e.Name()); fits && !e.IsDir() {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", fmt.Errorf("%s has no file %s", dir, name)
}

// calm waits until a file has been left alone for as long as the settings say: by its own time, or by ours if its clock runs ahead.
func (s *source) calm(ctx context.Context, f *input) error {
	for began := s.env.Now(); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		info, err := stat(f.path)
		if err != nil {
			return err
		}
		now := s.env.Now()
		rest := s.unrest(f.path, info, now)
		if f.info = info; rest <= 0 {
			return s.marked(f)
		}
		if now.Sub(began) > patience*s.Settle {
			return fmt.Errorf("%s is being written all the time; write it under another name and rename it when it is whole", f.path)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(rest):
		}
	}
}

// unrest is how long a file must still be left alone.
func (s *source) unrest(path string, info fs.FileInfo, now time.Time) time.Duration {
	seen, known := s.seen[path]
	if !known || seen.size != info.Size() || !seen.changed.Equal(info.ModTime()) {
		seen = sighting{info.Size(), info.ModTime(), now}
		s.seen[path] = seen
	}
	age := now.Sub(info.ModTime())
	if age < 0 { // the clock of the file server is ahead of ours
		age = 0
	}
	return s.Settle - max(age, now.Sub(seen.since))
}

func stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s does not exist", path)
	case err != nil:
		return nil, fmt.Errorf("look at the file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxSize:
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxSize>>20)
	}
	return info, nil
}

// marked sees that the marker which says that a file is whole is there, and was written after it.
func (s *source) marked(f *input) error {
	if s.DoneMarker == "" {
		return nil
	}
	dir, name := filepath.Split(f.path)
	path := filepath.Join(dir, strings.ReplaceAll(s.DoneMarker, "{file}", name))
	marker, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is not there, so %s is not whole yet", path, name)
	case err != nil:
		return fmt.Errorf("look for the marker: %w", err)
	case marker.ModTime().Before(f.info.ModTime()):
		return fmt.Errorf("%s is older than %s, so that file is not whole yet", path, name)
	}
	return nil
}

// sum reads a file for its digest alone.
func (f *input) sum(ctx context.Context) error {
	in, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(io.Discard, in)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	f.digest = in.digest()
	return in.unchanged()
}

// reading is a file under way. It is watched: it must be the same file, of the same size and time, at the end as it was before.
type reading struct {
	file *os.File // not embedded: what reads it past Read is not counted
	ctx  context.Context
	f    *input
	hash hash.Hash
	n    int64
}

func (f *input) open(ctx context.Context) (*reading, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	in := &reading{file: file, ctx: ctx, f: f, hash: sha256.New()}
	info, err := file.Stat()
	if err == nil && !alike(info, f.info) {
		err = in.changed()
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return in, nil
}

// Read is that of the file until the context ends.
func (r *reading) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.file.Read(p)
	r.hash.Write(p[:n])
	r.n += int64(n)
	return n, err
}

// Close closes the file.
func (r *reading) Close() error { return r.file.Close() }

func (r *reading) digest() (d [sha256.Size]byte) {
	r.hash.Sum(d[:0])
	return d
}

// unchanged says that what was read was the whole of one file that nobody touched.
func (r *reading) unchanged() error {
	now, err := stat(r.f.path)
	if err != nil {
		return err
	}
	if !alike(now, r.f.info) || r.n != now.Size() {
		return r.changed()
	}
	return nil
}

// same says, besides, that it was what was read before.
func (r *reading) same() error {
	if _, err := io.Copy(io.Discard, r); err != nil { // what the last row left
		return fmt.Errorf("read %s: %w", r.f.path, err)
	}
	d := r.digest()
	if err := r.unchanged(); err != nil || bytes.Equal(d[:], r.f.digest[:]) {
		return err
	}
	return r.changed()
}

func (r *reading) changed() error {
	return fmt.Errorf("%s was changed while it was read; what was read of it is not used", r.f.path)
}

func alike(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
