// Package connectors says what a connector is: the shape of a source, its settings and its surroundings. It holds no code
// that reads a directory; each of those has a folder below.
//
// A connector reports facts and decides nothing: which people get which door is the rules' business (package mapping). It
// promises that a read which ended without an error was whole. See connectortest for the contract as a tour.
package connectors

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Source reads one directory and writes nowhere.
//
// Fetch puts what changed since the cursor, or everything, and says in the receipt which of the two. The zero Cursor asks for
// everything; so does one whose Shape is not the source's. After an error, all that was put is dropped by the caller, so a
// Source returns an error for anything that makes the read less than whole: a size limit, a lost connection, a page that did
// not come. An error of put is returned as it is. Receipt.Next is taken before the first entry is read. A delta covers what left
// the base or the filter; a source that cannot tell reads everything. Fetch stops soon after ctx ended. Fetches of one Source
// do not overlap.
type Source interface {
	Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error)
}

// Checker is a Source that can be examined by `check`: it connects read-only and says what it found, good and bad.
type Checker interface {
	Check(ctx context.Context) []Finding
}

// Revealer is a Source that can show what its directory says of one object, before anything was made of it.
type Revealer interface {
	// Reveal returns everything that the directory shows of an object, in the directory's own names, order and spelling; values may be bytes
	// that are no text. of is as a Fetch put it. Passwords and the like are left out. It may run beside a Fetch.
	Reveal(ctx context.Context, of *directory.Record) ([]directory.Attr, error)
}

// Watcher is a Source that is told of changes. Watch has its own connection, runs beside Fetch, calls ping once when it is
// listening and after each change, and returns only when the watch broke or ctx ended. What it hears is told to nobody: it only pings,
// Fetch reads. Listening must not cost the directory a read of everything. Watches of one Source do not overlap.
type Watcher interface {
	Watch(ctx context.Context, ping func()) error
}

// Consenter is a Source that reads in the name of somebody who consents to it once, in a browser. Consent calls show with the address
// that is to be opened in a browser on this machine, waits for the answer, and returns where it is kept. With a port other than 0 the
// browser comes back to that one.
type Consenter interface {
	Consent(ctx context.Context, port int, show func(address string)) (kept string, err error)
}

// ErrUnwatchable is returned by a Watch for which the directory is not set up. Trying again soon is of no use.
var ErrUnwatchable = errors.New("the directory does not tell of changes")

// Config is the settings of one source, decoded strictly from the file over its defaults. It is the factory of its Source.
type Config interface {
	// Validate returns every problem of the settings, nil when there is none. It touches nothing outside the process.
	Validate() []Finding
	// Open returns the source without connecting to it.
	Open(Env) (Source, error)
}

// AttributeLister is a Config that knows which attributes its people have without being told in the file, such as the columns
// of a list.
type AttributeLister interface {
	Attributes() []string
}

// AccessLister is a Config whose people may come with what they are to have, as package listed says it. Rules give it by grant_listed.
type AccessLister interface {
	ListsAccess() bool
}

// Readdressable is a Config that may know people by their address, for want of an id that never changes. Who gets another address looks
// like somebody who left and somebody who came then; the rules hold both.
type Readdressable interface {
	ByAddress() bool
}

// Certified is a Config that names certificates in files, whose end should be known before it comes: paths as the file says them, by
// the key that names them.
type Certified interface {
	Certificates() map[string]string
}

// Level says how serious a Finding is.
type Level uint8

// The levels of a Finding: Problem must be mended, Warning may hurt later, Good is something that works.
const (
	Problem Level = iota
	Warning
	Good
)

// Finding is one thing that a person should know about a source.
type Finding struct {
	Level Level
	Path  string // the setting within the source's block ("login.password"), "" for the block itself
	Text  string // what is so, in one lower-case sentence without a full stop
	Hint  string // what to do next; "" when nothing is to be done
}

// Docs keeps what is pushed to a source, in rows that the source names itself, across restarts. It may be used by many goroutines.
type Docs interface {
	// View reads rows as they are at one moment. What it hands out is good until read returns.
	View(ctx context.Context, read func(Shelf) error) error
	// Update changes rows: everything that change wrote, or nothing after an error, which comes back as it is. It is on the disk when Update
	// returns. change must wait for nothing; several of them may be written together.
	Update(ctx context.Context, change func(Shelf) error) error
}

// Shelf is the rows of a source at one moment.
type Shelf interface {
	// Get returns a row, nil when there is none. It must not be changed.
	Get(key string) ([]byte, error)
	// Put keeps a row, nil deletes it. It panics in a View.
	Put(key string, row []byte)
	// Each calls yield with the rows whose keys begin with prefix, ascending, from the key from on, until yield returns false. What the
	// same Update has put is not among them.
	Each(prefix, from string, yield func(key string, row []byte) bool) error
}

// Listener is a Source that its directory pushes to, over HTTP. Handle answers requests below prefix, such as "/scim/okta/v2"; address is
// what stands before it in addresses that are given back ("https://scim.example.com"), "" where the request is to be asked. Whatever
// it takes in is on the disk before it says so.
type Listener interface {
	Handle(address, prefix string) http.Handler
}

// Env is a source's surroundings.
type Env struct {
	Name       string           // the source's name in the file
	Dir        string           // where relative paths of the file start
	Attributes []string         // the directory's own names of the attributes that rules read, sorted; nothing else is fetched
	Log        *slog.Logger     // carries the source's name already
	HTTP       *http.Client     // paced and proxied; nil for sources that do not speak HTTP
	Reach      time.Duration    // how long to look for a directory that is not there; 0: as long as suits an unattended run
	Now        func() time.Time // never nil
	Docs       Docs             // nil unless the source is pushed to
}

// Types is the table of source types: the word behind `type:` and a maker of settings filled with defaults.
type Types map[string]func() Config
