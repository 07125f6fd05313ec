package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Several domains of a forest as one source. Ids are unique within a forest, so a group of one domain may hold people of another. A read is
// whole when it is of all domains: an increment is one where each domain has one, and otherwise everything is read everywhere.

// ForestDomain is one domain of a forest. Everything else is as the source says it.
type ForestDomain struct {
	URL    string   `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=A controller of this domain"`
	URLs   []string `yaml:"urls,omitempty" json:"urls,omitempty" jsonschema:"description=Several controllers of this domain"`
	Domain string   `yaml:"domain,omitempty" json:"domain,omitempty" jsonschema:"description=In place of controllers: the domain whose controllers DNS names"`
	Site   string   `yaml:"site,omitempty" json:"site,omitempty" jsonschema:"description=Of the domain: only controllers of this site"`
	Base   string   `yaml:"base,omitempty" json:"base,omitempty" jsonschema:"description=Where people and groups of this domain are"`
	Login  *Login   `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=The account that reads this domain, if it is another one"`
}

// of is the settings of one domain.
func (d ForestDomain) of(s *Settings) *Settings {
	own := *s
	if d.Login != nil {
		own.Login = *d.Login
	}
	own.URL, own.URLs, own.Domain, own.Site, own.Base, own.Domains = d.URL, d.URLs, d.Domain, d.Site, d.Base, nil
	return &own
}

// openForest makes one source of all domains.
func (s *Settings) openForest(env connectors.Env) connectors.Source {
	f := &forest{env: env}
	for _, d := range s.Domains {
		own := d.of(s)
		l, _ := own.layout() // Validate has seen its problems
		for _, other := range s.Domains {
			l.forest = append(l.forest, other.Base)
		}
		f.parts = append(f.parts, newSource(own, env, l))
	}
	if s.Watch {
		return &watchedForest{f}
	}
	return f
}

type forest struct {
	env   connectors.Env
	parts []*source
}

var (
	_ connectors.Source   = (*forest)(nil)
	_ connectors.Checker  = (*forest)(nil)
	_ connectors.Revealer = (*forest)(nil)
	_ connectors.Watcher  = (*watchedForest)(nil)
)

// Fetch reads what changed in all domains, or everything in all of them.
func (f *forest) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	at := f.env.Now()
	var why string
	if olds := f.positions(since); olds != nil {
		receipt, err := f.delta(ctx, olds, put)
		receipt.At = at
		reason := new(useless)
		if !errors.As(err, &reason) {
			return receipt, err
		}
		why = reason.Error()
	}
	receipts := make([]directory.Receipt, len(f.parts))
	for i, part := range f.parts {
		var err error
		if receipts[i], err = part.read(ctx, directory.Cursor{}, put); err != nil {
			return directory.Receipt{}, fmt.Errorf("%s: %w", part.settings.Base, err)
		}
	}
	receipt, err := f.combine(directory.Complete, receipts)
	receipt.At, receipt.Proof.Note = at, strings.TrimPrefix(receipt.Proof.Note+"; "+why, "; ")
	return receipt, err
}

// delta keeps what changed until it is known of all domains. What went is told before what came, as somebody may go in one and come in
// another; then everything is read, since no group tells how such a move went.
func (f *forest) delta(ctx context.Context, olds []directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	receipts := make([]directory.Receipt, len(f.parts))
	var all []*directory.Record
	gone, here := map[string]bool{}, map[string]bool{}
	for i, part := range f.parts {
		if olds[i].IsZero() {
			return directory.Receipt{}, &useless{fmt.Errorf("%s has no position", part.settings.Base)}
		}
		var err error
		receipts[i], err = part.changes(ctx, olds[i], func(r *directory.Record) error {
			all = append(all, lasting(r))
			switch r.Kind {
			case directory.Gone, directory.Erased:
				gone[r.ID] = true
			case directory.PersonIs, directory.GroupIs:
				here[r.ID] = true
			}
			return nil
		})
		if err != nil {
			return directory.Receipt{}, fmt.Errorf("%s: %w", part.settings.Base, err)
		}
	}
	for id := range here {
		if gone[id] {
			return directory.Receipt{}, &useless{errors.New("somebody moved from one domain to another")}
		}
	}
	for _, r := range all {
		if err := put(r); err != nil {
			return directory.Receipt{}, err
		}
	}
	return f.combine(directory.Delta, receipts)
}

// lasting is a copy of a record that its reader uses again.
func lasting(r *directory.Record) *directory.Record {
	c := *r
	c.Handles, c.Attrs = slices.Clone(r.Handles), slices.Clone(r.Attrs)
	for i := range c.Attrs {
		c.Attrs[i].Values = slices.Clone(c.Attrs[i].Values)
	}
	return &c
}

// shape is a digest of which domains there are; whose a position is, each domain knows.
func (f *forest) shape() [32]byte {
	var bases []string
	for _, p := range f.parts {
		bases = append(bases, p.settings.Base)
	}
	return sha256.Sum256(fmt.Appendf(nil, "ldap forest 1 %q", bases))
}

// positions are those of all domains, nil if the cursor is none of ours.
func (f *forest) positions(c directory.Cursor) []directory.Cursor {
	var all []directory.Cursor
	if c.Shape != f.shape() || json.Unmarshal(c.Token, &all) != nil || len(all) != len(f.parts) {
		return nil
	}
	return all
}

// combine makes one receipt of those of all domains.
func (f *forest) combine(c directory.Coverage, all []directory.Receipt) (directory.Receipt, error) {
	whole := directory.Receipt{Coverage: c}
	var next []directory.Cursor
	var notes []string
	for i, r := range all {
		p := &whole.Proof
		p.Pages, p.Entries, p.Referrals, p.Ignored = p.Pages+r.Proof.Pages, p.Entries+r.Proof.Entries, p.Referrals+r.Proof.Referrals, p.Ignored+r.Proof.Ignored
		if r.Proof.Note != "" {
			notes = append(notes, f.parts[i].settings.Base+": "+r.Proof.Note)
		}
		next = append(next, r.Next)
	}
	whole.Proof.Note = strings.Join(notes, "; ")
	if slices.ContainsFunc(next, directory.Cursor.IsZero) {
		return whole, nil // one domain without increments makes them worthless for all
	}
	raw, err := json.Marshal(next)
	whole.Next = directory.Cursor{Shape: f.shape(), Token: raw}
	return whole, err
}

// Check examines one domain after the other.
func (f *forest) Check(ctx context.Context) []connectors.Finding {
	var all []connectors.Finding
	for i, part := range f.parts {
		for _, finding := range part.Check(ctx) {
			if slices.Contains([]string{"url", "urls", "domain", "site", "base"}, finding.Path) {
				finding.Path = fmt.Sprintf("domains[%d].%s", i, finding.Path)
			}
			finding.Text = part.settings.Base + ": " + finding.Text
			all = append(all, finding)
		}
	}
	return all
}

// Reveal asks the domain in which an object is: that of the longest base, as a domain may lie below another.
func (f *forest) Reveal(ctx context.Context, of *directory.Record) ([]directory.Attr, error) {
	var best *source
	for _, h := range of.Handles {
		for _, part := range f.parts {
			if h.Kind == directory.ByDN && within(h.Value, part.settings.Base) && (best == nil || len(part.settings.Base) > len(best.settings.Base)) {
				best = part
			}
		}
	}
	if best == nil {
		return nil, errors.New("it lies in none of the domains")
	}
	return best.Reveal(ctx, of)
}

// watchedForest is a forest of which each domain tells of changes.
type watchedForest struct{ *forest }

// Watch implements connectors.Watcher: it listens once all domains do, and ends with the first that breaks.
func (f *watchedForest) Watch(ctx context.Context, ping func()) error {
	within, stop := context.WithCancel(ctx)
	defer stop()
	var crew sync.WaitGroup
	var deaf atomic.Int64
	deaf.Store(int64(len(f.parts)))
	pings, ended := make(chan struct{}), make(chan error, len(f.parts))
	for _, part := range f.parts {
		crew.Go(func() {
			var once sync.Once
			ended <- (&watched{part}).Watch(within, func() {
				once.Do(func() { deaf.Add(-1) })
				select {
				case pings <- struct{}{}:
				case <-within.Done():
				}
			})
		})
	}
	defer crew.Wait()
	defer stop()
	for {
		select {
		case <-pings:
			if deaf.Load() == 0 {
				ping()
			}
		case err := <-ended:
			return err
		}
	}
}
