package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// Loader reads configuration files. The zero Loader knows no types of sources.
type Loader struct {
	Types connectors.Types
	// SkipSecrets does not look whether secrets can be had, for editors and for machines that have none.
	SkipSecrets bool
	// LookupEnv reads the environment; nil means os.LookupEnv. STATE_DIRECTORY (systemd.exec(5)) and secrets come from it.
	LookupEnv func(name string) (string, bool)
	// Place is where the file is going to be: relative paths in it begin there, and so does the state file. "": where it is.
	Place string
	// Exists says whether a file or a folder is there; nil means that the disk is asked.
	Exists func(path string) bool
}

// Load reads a file as Loader.Load does, with the environment of this process.
func Load(path string, types connectors.Types) (*Settings, error) {
	return Loader{Types: types}.Load(path)
}

// Parse reads a text as Loader.Parse does, with the environment of this process.
func Parse(name string, data []byte, types connectors.Types) (*Settings, error) {
	return Loader{Types: types}.Parse(name, data)
}

// Load reads the file and returns its settings, or a *Problems with everything that is wrong with it, or another error when
// the file cannot be read at all. Relative paths in the file begin at its folder.
func (l Loader) Load(path string) (*Settings, error) {
	data, mode, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	r := newReport(path)
	r.permissions(path, mode)
	return l.parse(r, data)
}

// Parse is Load for a text; name is what messages call it, and where relative paths begin.
func (l Loader) Parse(name string, data []byte) (*Settings, error) {
	return l.parse(newReport(name), data)
}

func (l Loader) parse(r *report, data []byte) (*Settings, error) {
	r.beside = true
	root := readTree(r, data)
	if root == nil || r.full() {
		return nil, r.problems()
	}
	f := &file{}
	d := &decoder{report: r, types: l.Types}
	d.decode(root, reflect.ValueOf(f).Elem(), "")
	if r.full() {
		return nil, r.problems()
	}
	newChecker(r, f).check()
	s, err := l.settings(r, f)
	if err != nil {
		return nil, err
	}
	s.compile(r)
	if !l.SkipSecrets {
		s.checkSecrets(r, d.secrets)
	}
	if err := r.problems(); err != nil {
		return nil, err
	}
	r.sort(r.warnings)
	s.ends = endsOf(d.secrets, s.zone)
	s.Warnings, s.included = r.warnings, r.paths()
	s.Digest = sha256.Sum256(r.text(data))
	return s, nil
}

// compile has mapping check who should hold what. Without a source that could be read, all it would say is that there is none.
func (s *Settings) compile(r *report) {
	if len(s.Sources) == 0 || r.full() {
		return
	}
	if slices.ContainsFunc(s.Sources, func(source Source) bool { return source.Config == nil }) {
		r.excused = append(r.excused, "people.attributes_from") // who knows how many sources are meant
	}
	rules, problems := mapping.Compile(s.MappingSpec())
	before := len(r.found)
	for _, p := range problems {
		r.addNew(before, p.Path, p.Text, p.Hint)
	}
	s.rules = rules
}

// endsOf returns when secrets end of which the file says so, by their keys.
func endsOf(secrets []located, zone *time.Location) map[string]time.Time {
	ends := map[string]time.Time{}
	for _, at := range secrets {
		if end, ok := at.ref.End(zone); ok {
			ends[at.path] = end
		}
	}
	return ends
}

// SecretEnds returns when secrets end, by the keys of the file that say so.
func (s *Settings) SecretEnds() map[string]time.Time { return maps.Clone(s.ends) }

// checkSecrets reports the secrets that cannot be had now. Their values are dropped at once.
func (s *Settings) checkSecrets(r *report, secrets []located) {
	for _, at := range secrets {
		_, err := at.ref.Resolve(s.Secrets())
		var known *secret.Error
		switch {
		case errors.As(err, &known):
			r.add(at.path, known.Ref+" "+known.Problem, known.Hint)
		case err != nil:
			r.add(at.path, err.Error(), "")
		}
	}
}

// readFile reads at most one byte more than a file may have. It looks before it opens: opening a named pipe would wait for
// its writer.
func readFile(path string) ([]byte, fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	return data, info.Mode().Perm(), err
}

// permissions reports a file that other accounts of the machine may write, as it decides over doors, and warns of one that
// they may read, as it tells of people and doors. It holds no secrets: they are only named in it.
func (r *report) permissions(path string, mode fs.FileMode) {
	if runtime.GOOS == "windows" {
		return // mode bits say nothing there; access lists rule
	}
	hint := fmt.Sprintf("run: chmod %#o %s", mode&^0o027, path)
	switch {
	case mode&0o002 != 0:
		r.add("", fmt.Sprintf("every account of this machine may change the file (mode %#o)", mode), hint)
	case mode&0o020 != 0:
		r.warn("", fmt.Sprintf("the file's whole group may change it (mode %#o)", mode), hint)
	case mode&0o004 != 0:
		r.warn("", fmt.Sprintf("every account of this machine may read the file (mode %#o)", mode), hint)
	}
}

// folder returns the absolute folder of the file.
func folder(path string) (string, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the folder of %s: %w", path, err)
	}
	return filepath.Dir(whole), nil
}
