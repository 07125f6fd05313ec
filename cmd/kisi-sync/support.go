package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

const supportLong = `Writes one archive for whoever helps you: the configuration without secrets, versions, what check finds,
the plan, what waits for a decision, the runs, the state of the state file, and the last days of the
audit trail; with --add, logs too.

People are replaced by pseudonyms, everywhere the same: addresses keep their domain, and names that are
known from Kisi go. Which pseudonym is whom stands in a second file, which stays with you. Groups, doors
and places keep their names. Look at the archive before you give it away.`

const supportExample = `  kisi-sync support
  kisi-sync support --add /var/log/kisi-sync.log ticket-4711.zip
  journalctl --unit kisi-sync.service --since -3d > log.txt; kisi-sync support --add log.txt`

func supportVerb(ui *call, c *common) *cobra.Command {
	s := &supporter{ui: ui, config: c.config}
	cmd := &cobra.Command{Use: "support [FILE]", Short: "Write an archive for whoever helps you, without names and secrets", Long: supportLong, Example: supportExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exit.Usage(errors.New("expected: kisi-sync support [FILE]"), seeHelp(cmd))
			}
			return nil
		}}
	cmd.Flags().StringArrayVar(&s.add, "add", nil, "put this `FILE` into the archive too, such as a log")
	cmd.Flags().BoolVar(&s.offline, "offline", false, "ask neither the directories nor Kisi")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s.file = "kisi-sync-support-" + now().Format("20060102-1504") + ".zip"
		if len(args) == 1 {
			s.file = args[0]
		}
		return s.collect(cmd.Context())
	}
	return cmd
}

// supporter collects what goes into the archive.
type supporter struct {
	ui      *call
	config  string
	file    string
	add     []string
	offline bool
	people  *pseudonyms
}

// part is one file of the archive: what a verb prints.
type part struct {
	name   string
	online bool // asks the directories and Kisi
	args   []string
}

// parts are the verbs whose answers help. Those that fail say why in the archive, which helps too.
func parts() []part {
	week := now().Add(-7 * 24 * time.Hour).Format(time.DateOnly)
	return []part{
		{"version.json", false, []string{"version", "--json"}},
		{"config.yaml", false, []string{"config", "show"}},
		{"state.json", false, []string{"state", "check", "--json"}},
		{"status.json", false, []string{"status", "--json"}},
		{"runs.json", false, []string{"runs", "--json"}},
		{"plans.json", false, []string{"plans", "--json"}},
		{"audit.jsonl", false, []string{"audit", "export", "--jsonl", "--since", week}},
		{"check.json", true, []string{"check", "--json"}},
		{"plan.json", true, []string{"plan", "--json"}},
	}
}

func (s *supporter) collect(ctx context.Context) (err error) {
	if s.people, err = s.knownPeople(ctx); err != nil {
		return err
	}
	names := strings.TrimSuffix(s.file, ".zip") + "-names.tsv"
	f, err := createNew(s.file)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(f)
	err = s.fill(ctx, archive)
	if err = exit.Also(err, archive.Close(), f.Close()); err != nil {
		return exit.Also(err, os.Remove(s.file))
	}
	table, err := createNew(names)
	if err != nil {
		return err
	}
	_, err = table.WriteString(s.people.table())
	if err = exit.Also(err, table.Close()); err != nil {
		return err
	}
	s.ui.Say("%s is ready. Look at it before you give it away.\n%s says who is who: keep it.", s.file, names)
	return s.ui.PrintJSON(map[string]string{"archive": s.file, "names": names})
}

// createNew makes a file that was not there, for its owner alone.
func createNew(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, exit.Usage(fmt.Errorf("%s is there already", path), "name another file")
	case err != nil:
		return nil, exit.Failed(err, "")
	}
	return f, nil
}

func (s *supporter) fill(ctx context.Context, archive *zip.Writer) error {
	if err := s.put(archive, "machine.txt", []byte(machine())); err != nil {
		return err
	}
	for _, p := range parts() {
		if p.online && s.offline {
			continue
		}
		stop := s.ui.During(func() string { return "kisi-sync " + strings.Join(p.args, " ") })
		out, code := s.verb(ctx, p.args)
		stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if code != 0 {
			out = fmt.Appendf(out, "\n(kisi-sync %s ended with exit code %d)\n", strings.Join(p.args, " "), code)
		}
		if err := s.put(archive, p.name, out); err != nil {
			return err
		}
	}
	for _, path := range s.add {
		text, err := os.ReadFile(path)
		if err != nil {
			return exit.Usage(err, "")
		}
		if err := s.put(archive, "added/"+filepath.Base(path), text); err != nil {
			return err
		}
	}
	return nil
}

// verb runs a verb of this program and returns what it prints.
func (s *supporter) verb(ctx context.Context, args []string) ([]byte, int) {
	var out bytes.Buffer
	code := run(ctx, world{in: strings.NewReader(""), out: &out, err: &out, args: append(args, "--config", s.config)})
	return out.Bytes(), code
}

func (s *supporter) put(archive *zip.Writer, name string, text []byte) error {
	w, err := archive.Create("kisi-sync-support/" + name)
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(s.people.replace(string(text))))
	return err
}

func machine() string {
	return fmt.Sprintf("%s/%s, %d cores, %s\n%s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), now().Format(time.RFC3339))
}

// knownPeople reads who has a Kisi user that we know of, from a copy of the state file: the file itself may be in use.
func (s *supporter) knownPeople(ctx context.Context) (*pseudonyms, error) {
	people, err := newPseudonyms()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "kisi-sync-support")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "state.db")
	if _, code := s.verb(ctx, []string{"state", "backup", copied}); code != 0 {
		s.ui.Tell("%s the state file cannot be read, so names of people may be left in what is collected; addresses are replaced", s.ui.Yellow("warning:"))
		return people, nil
	}
	preview, err := store.OpenPreview(copied, store.Options{Now: now})
	if err != nil {
		return nil, err
	}
	defer preview.Close()
	ledger, err := preview.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	for i := range ledger.Accounts {
		a := &ledger.Accounts[i]
		people.know(a.Known.Email, a.Known.Name)
		people.know(a.Known.Email, a.Link.Name)
	}
	return people, nil
}
