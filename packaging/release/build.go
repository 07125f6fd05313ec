package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// target is one system that is built for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

func (t target) program() string {
	if t.os == "windows" {
		return "kisi-sync.exe"
	}
	return "kisi-sync"
}

// targets returns all systems that are built for.
func targets() []target {
	return []target{{"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"darwin", "arm64"}}
}

// chosen returns the systems of a list such as "linux/amd64,windows/amd64", or all.
func chosen(list string) ([]target, error) {
	if list == "" {
		return targets(), nil
	}
	var some []target
	for word := range strings.SplitSeq(list, ",") {
		system, arch, _ := strings.Cut(word, "/")
		if t := (target{system, arch}); slices.Contains(targets(), t) {
			some = append(some, t)
			continue
		}
		return nil, fmt.Errorf("%q is not built for; there are %v", word, targets())
	}
	return some, nil
}

// environment is what the go command sees: what could change the result is said, whatever the caller's says.
func (t target) environment() []string {
	return []string{"CGO_ENABLED=0", "GOOS=" + t.os, "GOARCH=" + t.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFLAGS=", "GOWORK=off"}
}

// build builds the program. The commit is handed over rather than left to -buildvcs, so that an unpacked archive of the source
// gives the same bytes as a checkout.
func (r *release) build(ctx context.Context, t target, program string) error {
	_, _ = fmt.Fprintf(r.say, "build %s\n", t)
	ldflags := fmt.Sprintf("-s -w -buildid= -X main.release=v%s -X main.commit=%s", r.version, r.commit)
	environment := t.environment()
	if r.cache != "" {
		environment = append(environment, "GOCACHE="+r.cache)
	}
	_, err := output(ctx, r.root, environment, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", program, "./cmd/kisi-sync")
	return err
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	mod, err := output(ctx, "", nil, "go", "env", "GOMOD")
	if err != nil {
		return "", err
	}
	if mod == "" || mod == os.DevNull {
		return "", errors.New("this folder is in no module; call it from the checkout")
	}
	return filepath.Dir(mod), nil
}

// output runs a program in a folder, with more environment, and returns what it printed. What it complained of is the error.
func output(ctx context.Context, dir string, environment []string, name string, args ...string) (string, error) {
	var printed, complained bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &printed, &complained
	cmd.Env = append(os.Environ(), environment...)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, complained.String())
	}
	return strings.TrimSpace(printed.String()), nil
}
