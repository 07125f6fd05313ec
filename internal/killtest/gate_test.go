//go:build unix

package killtest

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
)

var errNoGate = errors.New("no gate was handed over")

// kind is what a write to the state file is. A commit of bbolt writes pages, waits for the disk, writes one of the two meta pages,
// which makes the commit so, and waits for the disk again. Now and then the file grows first.
type kind string

const (
	data    kind = "pages"
	syncing kind = "sync"
	meta    kind = "meta page"
	growing kind = "grow"
)

// write is one system call by which the state file is about to change.
type write struct{ kind kind }

// verdict is what the kernel does with it: let it pass, or fail with this error.
type verdict syscall.Errno

const pass verdict = 0

// place is a write, counted within its commit: "sync 1 of commit 7" is about to make the pages of that commit durable, "sync 2" its
// meta page, which a kill -9 does not lose.
type place struct {
	commit int // from 1
	kind   kind
	nth    int // of its kind in the commit, from 1
}

func (p place) String() string {
	return fmt.Sprintf("before %s %d of commit %d", p.kind, p.nth, p.commit)
}

// committed says that a process that ends here has made its commit so: the meta page is written.
func (p place) committed() bool { return p.kind == syncing && p.nth == 2 }

// tally finds the place of each write.
type tally struct {
	commits int
	seen    map[kind]int // in the commit under way
}

func (t *tally) next(w write) place {
	if t.seen == nil {
		t.seen = map[kind]int{}
	}
	t.seen[w.kind]++
	p := place{t.commits + 1, w.kind, t.seen[w.kind]}
	if p.committed() {
		t.commits, t.seen = t.commits+1, nil
	}
	return p
}

// gate keeps a process: it notes where it writes, and ends or disturbs it at one place.
type gate struct {
	mu    sync.Mutex
	tally tally
	past  []place
	at    func(place) verdict // nil: everything passes
}

func (g *gate) keep(w write) verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.tally.next(w)
	g.past = append(g.past, p)
	if g.at == nil {
		return pass
	}
	return g.at(p)
}

func (g *gate) places() []place {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.past
}
