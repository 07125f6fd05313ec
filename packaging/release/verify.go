package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// verify makes the release a second time, from a clone in another folder and with an empty build cache, and compares. It takes minutes.
func (r *release) verify(ctx context.Context) (err error) {
	elsewhere, err := os.MkdirTemp("", "kisi-sync-release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(elsewhere)) }()
	again := *r
	again.root, again.out, again.cache = filepath.Join(elsewhere, "another folder"), filepath.Join(elsewhere, "dist"), filepath.Join(elsewhere, "cache")
	if _, err := output(ctx, r.root, nil, "git", "clone", "--quiet", "--no-checkout", r.root, again.root); err != nil {
		return err
	}
	if _, err := output(ctx, again.root, nil, "git", "checkout", "--quiet", "--detach", r.commit); err != nil {
		return err
	}
	if err := again.make(ctx); err != nil {
		return fmt.Errorf("make it a second time: %w", err)
	}
	return r.compare(&again)
}

// compare says which files of two releases are not the same bytes. Each .msi has numbers and times of its own.
func (r *release) compare(again *release) error {
	lines := [2]string{}
	for i, out := range []string{r.out, again.out} {
		raw, err := os.ReadFile(filepath.Join(out, sumsFile))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(raw)) {
			if !strings.HasSuffix(line, ".msi\n") {
				lines[i] += line
			}
		}
	}
	if lines[0] != lines[1] {
		return fmt.Errorf("made twice, it is not the same:\n%s\n%s", lines[0], lines[1])
	}
	_, _ = fmt.Fprintf(r.say, "made twice, every file but the .msi is the same\n")
	return nil
}
