package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// maxSize bounds a secret file; a service account's JSON key has about 2 KiB.
const maxSize = 64 << 10

// credentialsDirectory is the variable in which systemd names the folder of a
// unit's LoadCredential= files (systemd.exec(5), section Credentials).
const credentialsDirectory = "CREDENTIALS_DIRECTORY"

// Ref says where a secret is kept. Exactly one of Env and File is set; [Ref.Validate]
// checks it, because a YAML decoder cannot.
type Ref struct {
	// Env names an environment variable.
	Env string `yaml:"env,omitempty" json:"env,omitempty" jsonschema:"description=Name of the environment variable that holds the secret"`

	// File is a path. A relative one starts at the folder of the
	// configuration file; a bare name is looked for in systemd's credentials
	// directory first.
	File string `yaml:"file,omitempty" json:"file,omitempty" jsonschema:"description=File that holds nothing but the secret; a bare name is first looked for among systemd's credentials"`

	// Expires is the day on which the secret ends, 2027-03-01, as somebody has
	// stated it: nothing in a password or a key says so. "": nobody has.
	Expires string `yaml:"expires,omitempty" json:"expires,omitempty" jsonschema:"description=The day on which it ends; people are told weeks before"`
}

// Place is what a Ref is resolved against. The zero value is this process's
// environment, this machine's files and the working directory.
type Place struct {
	// Base is the folder at which relative paths start.
	Base string
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (string, bool)
	// Open opens a file without waiting for one that is not regular; nil
	// means the machine's files.
	Open func(path string) (fs.File, error)
}

// Error says which secret could not be had, why, and what to do. It never
// holds the secret or a part of it.
type Error struct {
	Ref     string // "file /etc/kisi-sync/key" or "environment variable KEY"
	Problem string // "is empty"
	Hint    string // what to do next; may be empty
	Err     error  // the cause, or nil
}

// Error gives reference, problem and hint on one line.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Ref + " " + e.Problem
	}
	return e.Ref + " " + e.Problem + "; " + e.Hint
}

// Unwrap returns the cause, for instance [fs.ErrNotExist].
func (e *Error) Unwrap() error { return e.Err }

// Validate reports whether exactly one place is named.
func (r Ref) Validate() error {
	switch {
	case r.Env == "" && r.File == "":
		return errors.New("names no place for the secret; write {file: PATH} or {env: NAME}")
	case r.Env != "" && r.File != "":
		return errors.New("names two places for one secret; keep either file or env")
	case strings.ContainsAny(r.Env, "= \t\n\x00"):
		return fmt.Errorf("env: %q cannot be the name of an environment variable", r.Env)
	}
	if _, err := time.Parse(time.DateOnly, r.Expires); err != nil && r.Expires != "" {
		return fmt.Errorf("expires: %q is no day; write expires: 2027-03-01", r.Expires)
	}
	return nil
}

// End returns the beginning of the day on which the secret ends, in a zone; false when nobody has stated one.
func (r Ref) End(zone *time.Location) (time.Time, bool) {
	end, err := time.ParseInLocation(time.DateOnly, r.Expires, zone)
	return end, err == nil
}

// IsZero reports whether no place is named.
func (r Ref) IsZero() bool { return r.Env == "" && r.File == "" }

// String names the place as the configuration file does: "file kisi-api-key".
func (r Ref) String() string {
	if r.Env != "" {
		return "environment variable " + r.Env
	}
	return "file " + r.File
}

// Resolve reads the secret, anew at each call. One trailing newline is not
// part of it. A secret that is missing, empty or open to other accounts of the
// machine is an *[Error].
func (r Ref) Resolve(p Place) (String, error) {
	if err := r.Validate(); err != nil {
		return String{}, err
	}
	if r.Env != "" {
		return r.resolveEnv(p)
	}
	return r.resolveFile(p)
}

// ResolveBinary is Resolve for a file that is no text, such as a keytab: what it returns are its bytes as they are.
func (r Ref) ResolveBinary(p Place) (String, error) {
	where, raw, err := r.readFile(p)
	if err == nil && len(raw) == 0 {
		err = &Error{Ref: where, Problem: "is empty"}
	}
	if err != nil {
		return String{}, err
	}
	return New(string(raw)), nil
}

func (r Ref) resolveEnv(p Place) (String, error) {
	value, ok := p.lookupEnv(r.Env)
	if !ok {
		return String{}, &Error{Ref: r.String(), Problem: "is not set", Hint: "set it in the service's environment, or keep the secret in a file"}
	}
	return clean(r.String(), []byte(value))
}

func (r Ref) resolveFile(p Place) (String, error) {
	where, raw, err := r.readFile(p)
	if err != nil {
		return String{}, err
	}
	return clean(where, raw)
}

// readFile reads a file that nobody else may read, up to a byte more than a secret may have.
func (r Ref) readFile(p Place) (where string, raw []byte, err error) {
	path, file, err := p.find(r.File)
	where = "file " + path
	if err != nil {
		return where, nil, openError(where, err)
	}
	defer func() { _ = file.Close() }() // opened for reading only
	info, err := file.Stat()
	if err != nil {
		return where, nil, &Error{Ref: where, Problem: "cannot be examined: " + reason(err), Err: err}
	}
	if err := private(where, path, info); err != nil {
		return where, nil, err
	}
	raw, err = io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return where, nil, &Error{Ref: where, Problem: "cannot be read: " + reason(err), Err: err}
	}
	return where, raw, nil
}

// find opens the first of the places where name may be.
func (p Place) find(name string) (string, fs.File, error) {
	if dir, ok := p.lookupEnv(credentialsDirectory); ok && dir != "" && name == filepath.Base(name) {
		path := filepath.Join(dir, name)
		file, err := p.open(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return path, file, err
		}
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.Base, path)
	}
	file, err := p.open(path)
	return path, file, err
}

func (p Place) lookupEnv(name string) (string, bool) {
	if p.LookupEnv != nil {
		return p.LookupEnv(name)
	}
	return os.LookupEnv(name)
}

func (p Place) open(path string) (fs.File, error) {
	if p.Open != nil {
		return p.Open(path)
	}
	// Looked at before it is opened: opening a named pipe would wait for its
	// writer. What counts is examined once more on the open file.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	return os.Open(path)
}

var errNotRegular = errors.New("not a regular file")

func openError(where string, err error) error {
	e := &Error{Ref: where, Problem: "cannot be opened: " + reason(err), Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Problem, e.Hint = "does not exist", "create it with nothing but the secret in it, readable by the service's account only"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "let the service's account read it, or hand it over with systemd's LoadCredential="
	case errors.Is(err, errNotRegular):
		e.Problem, e.Hint = "is not a regular file", "name the file itself, not its folder"
	}
	return e
}

// private refuses what is no regular file, and what other accounts can read or
// replace. Reading by the file's group is allowed: a service often gets its
// secrets through one.
func private(where, path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return openError(where, errNotRegular)
	}
	if runtime.GOOS == "windows" { // mode bits say nothing there; access lists rule
		return listed(where, path)
	}
	mode := info.Mode().Perm()
	hint := fmt.Sprintf("run: chmod %#o %s", mode&^0o027, path)
	switch {
	case mode&0o007 != 0:
		return &Error{Ref: where, Problem: fmt.Sprintf("is open to every account of this machine (mode %#o)", mode), Hint: hint}
	case mode&0o020 != 0:
		return &Error{Ref: where, Problem: fmt.Sprintf("can be changed by its whole group (mode %#o)", mode), Hint: hint}
	}
	return nil
}

// clean takes off one trailing newline and refuses what cannot be a secret.
func clean(where string, raw []byte) (String, error) {
	if len(raw) > maxSize {
		return String{}, &Error{Ref: where, Problem: fmt.Sprintf("is larger than %d KiB", maxSize>>10), Hint: "it must hold nothing but the secret"}
	}
	for _, mark := range [][]byte{{0xEF, 0xBB, 0xBF}, {0xFF, 0xFE}, {0xFE, 0xFF}} {
		if bytes.HasPrefix(raw, mark) {
			return String{}, &Error{Ref: where, Problem: "begins with a byte order mark", Hint: "save it as UTF-8 without one"}
		}
	}
	text, ended := strings.CutSuffix(string(raw), "\n")
	if ended {
		text = strings.TrimSuffix(text, "\r")
	}
	if strings.TrimSpace(text) == "" {
		return String{}, &Error{Ref: where, Problem: "is empty"}
	}
	return New(text), nil
}

// reason is the inmost text of a file error, without the path that the message
// names already.
func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
