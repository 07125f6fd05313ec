// Package support collects what somebody who helps needs to see into one archive, without secrets, and with pseudonyms for people. Who is
// who stands in a second file, which stays with whoever made the archive.
//
// What goes in is what the verbs print, and the files that are named. Addresses are replaced wherever they stand, names as far
// as the state file knows them. It writes over nothing, and sends nothing anywhere.
package support

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

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// Order says what to collect.
type Order struct {
	Config  string   // the configuration's file
	File    string   // the archive's, which must not be there
	Add     []string // files to put in
	Offline bool     // ask neither the directories nor Kisi
	Now     func() time.Time
	// run carries out a command line of this program, and returns its exit code.
	Run func(ctx context.Context, s voice.Streams, args []string) int
}

// supporter collects what goes into the archive.
type supporter struct {
	Order
	ui     *voice.Voice
	people *pseudonyms
}

// part is one file of the archive: what a verb prints.
type part struct {
	name   string
	online bool // asks the directories and Kisi
	args   []string
}

// parts are the verbs whose answers help. Those that fail say why in the archive, which helps too.
func (s *supporter) parts() []part {
	week := s.Now().Add(-7 * 24 * time.Hour).Format(time.DateOnly)
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

// Collect writes the archive, and beside it who is who, and says so. A verb whose answer is collected may fail: what it says goes in.
func Collect(ctx context.Context, ui *voice.Voice, o Order) (err error) {
	s := &supporter{Order: o, ui: ui}
	if s.people, err = s.knownPeople(ctx); err != nil {
		return err
	}
	names := strings.TrimSuffix(s.File, ".zip") + "-names.tsv"
	f, err := createNew(s.File)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(f)
	err = s.fill(ctx, archive)
	if err = exit.Also(err, archive.Close(), f.Close()); err != nil {
		return exit.Also(err, os.Remove(s.File))
	}
	table, err := createNew(names)
	if err != nil {
		return err
	}
	_, err = table.WriteString(s.people.table())
	if err = exit.Also(err, table.Close()); err != nil {
		return err
	}
	s.ui.Say("%s is ready. Look at it before you give it away.\n%s says who is who: keep it.", s.File, names)
	return s.ui.PrintJSON(map[string]string{"archive": s.File, "names": names})
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
	if err := s.put(archive, "machine.txt", []byte(s.machine())); err != nil {
		return err
	}
	for _, p := range s.parts() {
		if p.online && s.Offline {
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
	for _, path := range s.Add {
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
	code := s.Run(ctx, voice.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, append(args, "--config", s.Config))
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

func (s *supporter) machine() string {
	return fmt.Sprintf("%s/%s, %d cores, %s\n%s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), s.Now().Format(time.RFC3339))
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
	preview, err := store.OpenPreview(copied, store.Options{Now: s.Now})
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
