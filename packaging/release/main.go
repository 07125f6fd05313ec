// Command release makes everything that is published of one version, from a clean checkout and with one call:
//
//	go run ./packaging/release 1.2.3
//
// For each system a static program in an archive and its bill of materials (CycloneDX); .deb and .rpm, the .msi, the checksums
// of all. The same commit and the same Go give the same bytes on any machine in any folder, except for the .msi; -twice proves it.
// It publishes and signs nothing. `go run ./packaging/release notices` writes packaging/THIRD_PARTY_NOTICES anew.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// release is one version that is being made.
type release struct {
	root    string // of the module
	out     string // where the files go
	version string // 1.2.3, without v
	commit  string // in full; "" when it is not known
	moment  time.Time
	targets []target
	tools   string // where tools are put that it takes; "": in a folder that goes when it is done
	cache   string // the go command's; "": the usual one
	say     io.Writer
}

func run(ctx context.Context, args []string, say io.Writer) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	out := flags.String("out", "dist", "`FOLDER` for the files; what is in it is replaced")
	only := flags.String("only", "", "only `SYSTEMS` such as linux/amd64,windows/amd64; default: all")
	twice := flags.Bool("twice", false, "make everything a second time elsewhere, and compare; takes minutes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("usage: release [-out FOLDER] [-only SYSTEMS] [-twice] VERSION, or: release notices")
	}
	if flags.Arg(0) == "notices" {
		return writeNotices(ctx, root)
	}
	r := &release{root: root, version: flags.Arg(0), say: say}
	if r.targets, err = chosen(*only); err != nil {
		return err
	}
	if r.out, err = filepath.Abs(*out); err != nil {
		return err
	}
	if err := r.fromGit(ctx); err != nil {
		return err
	}
	if err := r.make(ctx); err != nil || !*twice {
		return err
	}
	return r.verify(ctx)
}

// fromGit takes the commit and its moment from the checkout. What no commit has cannot be built again, and is refused.
func (r *release) fromGit(ctx context.Context) error {
	changed, err := output(ctx, r.root, nil, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("the checkout has changes that are in no commit; commit or stash them:\n%s", changed)
	}
	line, err := output(ctx, r.root, nil, "git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return err
	}
	commit, seconds, _ := strings.Cut(line, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("read the moment of the commit: %w", err)
	}
	r.commit, r.moment = commit, time.Unix(unix, 0).UTC()
	return nil
}

// make makes all files of the release.
func (r *release) make(ctx context.Context) error {
	if !regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$`).MatchString(r.version) {
		return fmt.Errorf("%q is no version; write it as 1.2.3 or 1.2.3-rc.1", r.version)
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(r.out, ".work"), 0o755); err != nil {
		return err
	}
	licences, err := licencesOf(ctx, r.root)
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		if err := r.makeFor(ctx, t, licences); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(r.out, ".work")); err != nil {
		return err
	}
	return r.checksums()
}

// makeFor makes the files for one system.
func (r *release) makeFor(ctx context.Context, t target, licences map[string]string) error {
	program := filepath.Join(r.out, ".work", t.os+"_"+t.arch, t.program())
	if err := r.build(ctx, t, program); err != nil {
		return err
	}
	if err := r.archive(t, program); err != nil {
		return err
	}
	if err := r.billOfMaterials(t, program, licences); err != nil {
		return err
	}
	if t.os == "linux" {
		if err := r.linuxPackages(ctx, t, program); err != nil {
			return err
		}
	}
	if t.os == "windows" {
		return r.windowsPackage(ctx, t, program)
	}
	return nil
}

// name returns the path of a file of the release: kisi-sync_1.2.3_linux_amd64 and an ending.
func (r *release) name(t target, ending string) string {
	return filepath.Join(r.out, fmt.Sprintf("kisi-sync_%s_%s_%s%s", r.version, t.os, t.arch, ending))
}
