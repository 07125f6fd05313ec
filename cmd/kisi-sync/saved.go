package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// outFile is where a plan or a review will be written. It is made before any work begins, so that a mistake in its name costs nothing, and
// takes its place only when it is whole. It can be read by its owner alone: it names people.
type outFile struct {
	what string // "the plan"
	path string
	file *os.File
	temp bool // the file stands beside its place
}

// newOutFile makes room for a file. What is at path stays until commit.
func newOutFile(what, path string) (*outFile, error) {
	cannot := func(err error) (*outFile, error) {
		return nil, exit.Usage(fmt.Errorf("--out: %s cannot be written there: %w", what, err), "nothing was contacted; name a file in a folder that you can write to")
	}
	info, err := os.Stat(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return cannot(err)
	case err == nil && info.IsDir():
		return cannot(errors.New(path + " is a folder"))
	case err == nil && !info.Mode().IsRegular(): // a pipe, or /dev/null
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return cannot(err)
		}
		return &outFile{what: what, path: path, file: file}, nil
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".kisi-sync-out-*")
	if err != nil {
		return cannot(fmt.Errorf("make a file in %s: %w", filepath.Dir(path), errors.Unwrap(err)))
	}
	return &outFile{what: what, path: path, file: file, temp: true}, nil
}

// commit writes the file and puts it in its place.
func (p *outFile) commit(data []byte) error {
	_, err := p.file.Write(data)
	if err == nil {
		err = p.file.Close()
	}
	if err == nil && p.temp {
		err = os.Rename(p.file.Name(), p.path)
	}
	if err != nil {
		return fmt.Errorf("write %s to %s: %w", p.what, p.path, err)
	}
	p.temp = false
	return nil
}

// discard takes away what was not committed. It may always be called.
func (p *outFile) discard() {
	_ = p.file.Close()
	if p.temp {
		_ = os.Remove(p.file.Name())
	}
}

// commitPlan writes a plan.
func (p *outFile) commitPlan(saved plan.Saved) error {
	data, err := json.MarshalIndent(saved, "", "  ")
	if err != nil {
		return err
	}
	return p.commit(append(data, '\n'))
}

// readPlan reads a plan and refuses one that was edited.
func readPlan(path string) (*plan.Saved, error) {
	const hint = "kisi-sync plan --out FILE writes one"
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, exit.Usage(fmt.Errorf("read the plan: %w", err), hint)
	}
	var saved plan.Saved
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, exit.Usage(fmt.Errorf("%s is not a plan: %w", path, err), hint)
	}
	switch {
	case saved.Version == 0:
		return nil, exit.Usage(fmt.Errorf("%s is not a plan", path), hint)
	case saved.Version != plan.SavedVersion:
		return nil, exit.Usage(fmt.Errorf("%s is a plan of version %d, this program knows version %d", path, saved.Version, plan.SavedVersion), "make the plan again")
	case !saved.Intact():
		return nil, exit.Usage(fmt.Errorf("%s was changed after it was made", path), "make the plan again; to leave something out, change rules or limits")
	}
	return &saved, nil
}
