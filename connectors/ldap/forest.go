package ldap

import (
	"cmp"
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
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// Several domains of a forest as one source. Ids are unique within a forest, so a group of one domain may hold people of another. A read is
// whole when it is of all domains: an increment is one where each domain has one, and otherwise everything is read everywhere.

// ForestDomain is one domain of a forest. Everything else is as the source says it.
type ForestDomain struct {
	URL    string    `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=A controller of this domain"`
	URLs   []string  `yaml:"urls,omitempty" json:"urls,omitempty" jsonschema:"description=Several controllers of this domain"`
	Domain string    `yaml:"domain,omitempty" json:"domain,omitempty" jsonschema:"description=In place of controllers: the domain whose controllers DNS names"`
	Site   string    `yaml:"site,omitempty" json:"site,omitempty" jsonschema:"description=Of the domain: only controllers of this site"`
	Base   string    `yaml:"base,omitempty" json:"base,omitempty" jsonschema:"description=Where people and groups of this domain are"`
	Login  *Login    `yaml:"login,omitempty" json:"login,omitempty" jsonschema:"description=The account that reads this domain, if it is another one"`
	TLS    DomainTLS `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema:"description=How the controllers of this domain prove who they are, if otherwise"`
}

// DomainTLS is what the controllers of one domain have instead of what the source says for all.
type DomainTLS struct {
	CA         string `yaml:"ca,omitempty" json:"ca,omitempty" jsonschema:"description=PEM file with the authorities to trust for this domain"`
	ServerName string `yaml:"server_name,omitempty" json:"server_name,omitempty" jsonschema:"description=The name in the certificates of this domain if it is not the host of the URL"`
}

// of is the settings of one domain.
func (d ForestDomain) of(s *Settings) *Settings {
	own := *s
	if d.Login != nil {
		own.Login = *d.Login
	}
	own.TLS.CA, own.TLS.ServerName = or(d.TLS.CA, s.TLS.CA), or(d.TLS.ServerName, s.TLS.ServerName)
	own.URL, own.URLs, own.Domain, own.Site, own.Base, own.Domains = d.URL, d.URLs, d.Domain, d.Site, d.Base, nil
	return &own
}

// openForest makes one source of all domains.
func (s *Settings) openForest(env connectors.Env) connectors.Source {
	f := &forest{env: env, domains: s.Domains}
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
	env     connectors.Env
	domains []ForestDomain
	parts   []*source // of the domains
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
	old, ours := f.position(since)
	if ours && !since.IsZero() {
		receipt, err := f.delta(ctx, old, put)
		receipt.At = at
		reason := new(useless)
		if !errors.As(err, &reason) {
			return receipt, err
		}
		why = reason.Error()
	}
	receipts := make([]directory.Receipt, len(f.parts))
	for i, part := range f.parts {
		var past directory.Cursor
		if ours {
			past = old.Parts[i].Past()
		}
		var err error
		if receipts[i], err = part.read(ctx, past, put); err != nil {
			return directory.Receipt{}, fmt.Errorf("%s: %w", part.settings.Base, err)
		}
	}
	receipt, err := f.combine(directory.Complete, receipts, nil)
	if err == nil && ours {
		err = f.hold(&receipt, old, receipts)
	}
	receipt.At, receipt.Proof.Note = at, strings.TrimPrefix(receipt.Proof.Note+"; "+why, "; ")
	return receipt, err
}

// delta keeps what changed until it is known of all domains. Somebody may go in one domain and come in another, and no group tells of that; then
// everything is read. As each domain is asked at a controller that learns of the others' changes when it does, the two need not be in one
// increment: who went is looked for in the other domains, and who was deleted is remembered, as memberships end with that.
func (f *forest) delta(ctx context.Context, old forestPosition, put func(*directory.Record) error) (directory.Receipt, error) {
	receipts := make([]directory.Receipt, len(f.parts))
	var all []*directory.Record
	gone, here := make([][]string, len(f.parts)), map[string]bool{}
	erased := old.Erased
	for i, part := range f.parts {
		if old.Parts[i].IsZero() {
			return directory.Receipt{}, &useless{fmt.Errorf("%s has no position", part.settings.Base)}
		}
		var err error
		receipts[i], err = part.changes(ctx, old.Parts[i], func(r *directory.Record) error {
			all = append(all, lasting(r))
			switch r.Kind {
			case directory.Gone, directory.Erased:
				if gone[i] = append(gone[i], r.ID); r.Kind == directory.Erased {
					erased = append(erased, r.ID)
				}
			case directory.PersonIs, directory.GroupIs:
				here[r.ID] = true
			}
			return nil
		})
		if err != nil {
			return directory.Receipt{}, fmt.Errorf("%s: %w", part.settings.Base, err)
		}
	}
	if err := f.nobodyMoved(ctx, gone, erased, here); err != nil {
		return directory.Receipt{}, err
	}
	for _, r := range all {
		if err := put(r); err != nil {
			return directory.Receipt{}, err
		}
	}
	receipt, err := f.combine(directory.Delta, receipts, erased)
	if err == nil {
		err = f.hold(&receipt, old, receipts)
	}
	return receipt, err
}

// hold says what was heard of domains whose controllers are behind, to be added to the position of before.
func (f *forest) hold(whole *directory.Receipt, old forestPosition, all []directory.Receipt) error {
	var behind []string
	held := forestPosition{Parts: slices.Clone(old.Parts), Erased: old.Erased}
	for i, r := range all {
		if r.Behind != "" {
			behind = append(behind, r.Behind)
		}
		if r.Held != nil {
			held.Parts[i].Token = r.Held
		}
	}
	if len(behind) == 0 {
		return nil
	}
	raw, err := json.Marshal(held)
	whole.Behind, whole.Held = strings.Join(behind, "; "), raw
	return err
}

var errMoved = &useless{errors.New("somebody moved from one domain to another")}

// nobodyMoved holds those who went, by the domain that says so, and those who were deleted since everything was read, against the others.
func (f *forest) nobodyMoved(ctx context.Context, gone [][]string, erased []string, here map[string]bool) error {
	if slices.ContainsFunc(append(slices.Concat(gone...), erased...), func(id string) bool { return here[id] }) {
		return errMoved
	}
	if len(erased) > mostErased {
		return &useless{fmt.Errorf("more than %d objects were deleted since everything was read", mostErased)}
	}
	for i, part := range f.parts {
		others := slices.Concat(slices.Delete(slices.Clone(gone), i, i+1)...)
		if has, err := part.hasAny(ctx, others); err != nil || has {
			return cmp.Or(err, error(errMoved))
		}
	}
	return nil
}

// hasAny says whether any of these ids is somebody, or a group, here.
func (s *source) hasAny(ctx context.Context, ids []string) (has bool, err error) {
	if len(ids) == 0 {
		return false, nil
	}
	c, err := s.connect(ctx)
	if err != nil {
		return false, err
	}
	defer c.Close()
	r := s.reading(c, nil)
	for some := range slices.Chunk(ids, lookup) {
		for _, q := range []query{r.peopleQ, r.groupQ} {
			q.filter, q.attributes = only(q.filter, some), []string{"1.1"}
			if _, err := c.page(ctx, q, nil, r.proof, func(*ldapwire.Entry) error { has = true; return nil }); err != nil || has {
				return has, err
			}
		}
	}
	return false, nil
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
	return sha256.Sum256(fmt.Appendf(nil, "ldap forest 2 %q", bases))
}

// forestPosition is where all domains were.
type forestPosition struct {
	Parts  []directory.Cursor `json:"parts"`
	Erased []string           `json:"erased,omitempty"` // the ids of who was deleted since everything was read
}

// mostErased is how many deletions are remembered; with more of them everything is read once.
const mostErased = 5000

// position is the one in a cursor, false if the cursor is none of ours. What remains of one is one, too.
func (f *forest) position(c directory.Cursor) (p forestPosition, ok bool) {
	ok = (c.IsZero() || c.Shape == f.shape()) && json.Unmarshal(c.Token, &p) == nil && len(p.Parts) == len(f.parts)
	return p, ok
}

// combine makes one receipt of those of all domains; erased is remembered until the next complete read.
func (f *forest) combine(c directory.Coverage, all []directory.Receipt, erased []string) (directory.Receipt, error) {
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
	raw, err := json.Marshal(forestPosition{Parts: next, Erased: erased})
	whole.Next = directory.Cursor{Shape: f.shape(), Token: raw}
	if slices.ContainsFunc(next, directory.Cursor.IsZero) {
		whole.Next = whole.Next.Past() // one domain without increments makes them worthless for all
	}
	return whole, err
}

// says tells whether a setting is the domain's own, or has its place there.
func (d ForestDomain) says(path string) bool {
	setting, _, _ := strings.Cut(path, ".")
	switch {
	case setting == "login":
		return d.Login != nil
	case path == "tls.ca":
		return d.TLS.CA != ""
	}
	return slices.Contains([]string{"url", "urls", "domain", "site", "base", "tls.server_name"}, path)
}

// Check examines one domain after the other.
func (f *forest) Check(ctx context.Context) []connectors.Finding {
	var all []connectors.Finding
	for i, part := range f.parts {
		for _, finding := range part.Check(ctx) {
			if f.domains[i].says(finding.Path) {
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
