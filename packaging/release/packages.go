package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// linuxPackages makes the .deb and the .rpm. What is in them is said in packaging/nfpm.yaml.
func (r *release) linuxPackages(ctx context.Context, t target, program string) error {
	tool, err := r.nfpm(ctx)
	if err != nil {
		return err
	}
	example, err := r.example(t)
	if err != nil {
		return err
	}
	environment := []string{"EXAMPLE=" + example, "VERSION=" + r.version, "ARCH=" + t.arch, "PROGRAM=" + program, "SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.moment.Unix(), 10)}
	for _, kind := range []string{"deb", "rpm"} {
		_, err := output(ctx, r.root, environment, tool, "package", "--config", "packaging/nfpm.yaml", "--packager", kind, "--target", r.name(t, "."+kind))
		if err != nil {
			return err
		}
	}
	return nil
}

// nfpm builds the tool that makes packages, in the version of .ci/tools.mod.
func (r *release) nfpm(ctx context.Context) (string, error) {
	tool := filepath.Join(cmp.Or(r.tools, filepath.Join(r.out, ".work")), "nfpm")
	if _, err := os.Stat(tool); err == nil {
		return tool, nil
	}
	_, err := output(ctx, r.root, []string{"GOFLAGS=", "CGO_ENABLED=0"}, "go", "build", "-modfile=.ci/tools.mod", "-o", tool, "github.com/goreleaser/nfpm/v2/cmd/nfpm")
	return tool, err
}

// windowsPackage makes the .msi with wixl (Debian: apt-get install wixl). What is in it is said in packaging/msi/kisi-sync.wxs.
func (r *release) windowsPackage(ctx context.Context, t target, program string) error {
	example, err := r.example(t)
	if err != nil {
		return err
	}
	// wixl finds relative paths only.
	relative, err := filepath.Rel(r.root, program)
	if err != nil {
		return err
	}
	if example, err = filepath.Rel(r.root, example); err != nil {
		return err
	}
	version, _, _ := strings.Cut(r.version, "-") // Windows knows three numbers and no more
	_, err = output(ctx, r.root, nil, "wixl", "--arch", "x64", "-D", "VERSION="+version, "-D", "PROGRAM="+relative, "-D", "EXAMPLE="+example,
		"-o", r.name(t, ".msi"), "packaging/msi/kisi-sync.wxs")
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("make the .msi: %w; install it (Debian: apt-get install wixl)", err)
	}
	if err != nil {
		return fmt.Errorf("make the .msi: %w", err)
	}
	return nil
}
