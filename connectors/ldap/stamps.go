package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// The last resort, for servers that do not tell what changed. Each time the id, the name and modifyTimestamp (RFC 4512 section 3.4.2) of every
// entry are read, and compared with those of before; only entries for which they differ are read whole. So who left the base or the filter
// is noticed, whatever moved them. The comparison is by sums over buckets of entries, so that a position stays small: all entries of a
// bucket whose sum differs are read.
//
//   - Times are compared for being other ones, never for being later: a change that arrives late from another server is a change.
//   - modifyTimestamp counts seconds. An entry that is changed twice in one second bears the same time; so entries that changed shortly
//     before they were read are read once more.
//   - What a server changes without a new modifyTimestamp goes unseen. So everything is read once an hour.

const (
	mostUnread  = time.Hour       // how long entries may go by without being read whole
	fresh       = time.Minute     // how long an entry counts as changed just now
	settled     = 2 * time.Minute // without any change: nothing is fresh any more
	bucketSize  = 16              // entries for each bucket, about
	mostBuckets = 8192            // 64 KiB of sums
)

// mark is one entry as it was read.
type mark struct {
	id, sum uint64 // digests, of the id and of everything
	at      int64  // seconds; the second of its last change
}

// tally collects the marks of a read; unmarked counts entries without a time.
type tally struct {
	marks    []mark
	unmarked int
}

func digest(parts ...string) uint64 {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return binary.BigEndian.Uint64(h[:])
}

// add takes note of an entry. The name is in its canonical form.
func (t *tally) add(kind directory.Kind, id, name, changed string) mark {
	at := moment(changed)
	if at.IsZero() {
		t.unmarked++
	}
	m := mark{digest(id), digest(fmt.Sprint(kind), id, name, changed), at.Unix()}
	t.marks = append(t.marks, m)
	return m
}

// stamps is a position: what the directory looked like.
type stamps struct {
	Server string    `json:"server"` // which was asked
	Read   time.Time `json:"read"`   // when everything was read, by our clock
	Latest int64     `json:"latest"` // the latest change of an entry, by the server's clock
	Since  time.Time `json:"since"`  // when that was first seen, by ours
	Known  int       `json:"known"`
	Sums   []uint64  `json:"sums"`
	Again  []int     `json:"again,omitempty"` // buckets with fresh entries: they are read next time, too
}

// position makes one of the marks. old is the one before, nil if there is none that is ours; buckets is how many sums it has.
func (t *tally) position(old *stamps, buckets int, now time.Time) stamps {
	s := stamps{Since: now, Known: len(t.marks), Sums: make([]uint64, buckets)}
	for _, m := range t.marks {
		s.Latest = max(s.Latest, m.at)
	}
	if old != nil && old.Latest == s.Latest && !old.Since.After(now) {
		s.Since = old.Since
	}
	again := make([]bool, buckets)
	quiet := now.Sub(s.Since) > settled
	for _, m := range t.marks {
		b := m.id % uint64(buckets)
		s.Sums[b] += m.sum
		again[b] = again[b] || !quiet && s.Latest-m.at <= int64(fresh/time.Second)
	}
	for b, is := range again {
		if is {
			s.Again = append(s.Again, b)
		}
	}
	return s
}

// buckets are how many sums suit so many entries.
func (t *tally) buckets() int { return min(max(1, len(t.marks)/bucketSize), mostBuckets) }

// suspects are the buckets in which something may have changed from one position to the next.
func (s *stamps) suspects(next *stamps) []bool {
	out := make([]bool, len(s.Sums))
	for b := range s.Sums {
		out[b] = s.Sums[b] != next.Sums[b]
	}
	for _, b := range s.Again {
		if b >= 0 && b < len(out) {
			out[b] = true
		}
	}
	return out
}

func (s stamps) receipt(shape [32]byte) (directory.Receipt, error) {
	raw, err := json.Marshal(s)
	return directory.Receipt{Coverage: directory.Complete, Next: directory.Cursor{Shape: shape, Token: raw}}, err
}

// stamped is a reading that goes by modifyTimestamp.
type stamped struct{ *reading }

// shape is what a position is good for, nil where this way is not to be had.
func (r stamped) shape(ctx context.Context) (*[32]byte, error) {
	if r.layout.windows || !r.source.settings.Increments || r.untraceable() != "" {
		return nil, nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "ldap stamps 1 %q\n", r.c.server)
	for _, q := range []query{r.peopleQ, r.groupQ} {
		id, err := r.c.identity(ctx, q.base)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%q %q %q %d %q\n", id, q.base, q.filter, q.scope, q.attributes)
	}
	return (*[32]byte)(h.Sum(nil)), nil
}

// fetch reads what changed since a position that is ours, or everything.
func (r stamped) fetch(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	shape, err := r.shape(ctx)
	if err != nil {
		return directory.Receipt{}, err
	}
	var old *stamps
	if shape != nil && since.Shape == *shape {
		old = readStamps(since.Token)
	}
	if old != nil {
		next, err := r.delta(ctx, old)
		if err == nil {
			r.proof.Note = fmt.Sprintf("compared by %s with what was there", r.changed)
			return next.receipt(*shape)
		}
		why := new(useless)
		if !errors.As(err, &why) {
			return directory.Receipt{}, err
		}
		r.proof.Note = why.Error()
	}
	r.tally = &tally{}
	if err := r.everything(ctx); err != nil {
		return directory.Receipt{}, err
	}
	if shape == nil || r.tally.unmarked > 0 {
		return directory.Receipt{Coverage: directory.Complete}, nil
	}
	next := r.tally.position(old, r.tally.buckets(), r.began)
	next.Read, next.Server = r.began, r.c.server
	return next.receipt(*shape)
}

// readStamps is the position in a token, nil if there is none.
func readStamps(token []byte) *stamps {
	s := &stamps{}
	if err := json.Unmarshal(token, s); err != nil || len(s.Sums) == 0 {
		return nil
	}
	return s
}

// delta puts who changed, and that all others are still there: its coverage is complete. It is useless, and nothing was put, where most may
// have changed.
func (r stamped) delta(ctx context.Context, old *stamps) (stamps, error) {
	if age := r.began.Sub(old.Read); age < 0 || age >= mostUnread {
		return stamps{}, &useless{errors.New("an hour went by in which not everything was read")}
	}
	seen := &tally{}
	var ids []string
	for _, q := range []query{r.peopleQ, r.groupQ} {
		some, err := r.present(ctx, q, seen)
		if err != nil {
			return stamps{}, err
		}
		ids = append(ids, some...)
	}
	if seen.unmarked > 0 {
		return stamps{}, &useless{errors.New("entries do not show when they were changed")}
	}
	next := seen.position(old, len(old.Sums), r.began)
	next.Read, next.Server = old.Read, r.c.server
	return next, r.compare(ctx, ids, seen.marks, old.suspects(&next))
}

// present reads who is there: ids, names and times of entries.
func (r stamped) present(ctx context.Context, q query, seen *tally) (ids []string, err error) {
	c, kind := &r.people, directory.PersonIs
	if q.what == "groups" {
		c, kind = &r.groups, directory.GroupIs
	}
	q.attributes = []string{c.id.attribute, r.changed}
	err = r.c.pages(ctx, q, r.source.settings.PageSize, r.proof, func(e *ldapwire.Entry) error {
		id, name, err := r.named(c, e)
		if err == nil {
			ids = append(ids, id)
			seen.add(kind, id, name, first(e, r.changed))
		}
		return err
	})
	return ids, err
}

// compare puts that those of good buckets are there, and reads the others.
func (r stamped) compare(ctx context.Context, ids []string, marks []mark, suspect []bool) error {
	var again []string
	for i, id := range ids {
		if suspect[marks[i].id%uint64(len(suspect))] {
			again = append(again, id)
		}
	}
	if len(again) > max(len(ids)/2, bucketSize) {
		return &useless{errors.New("more than half of the directory may have changed")}
	}
	for i, id := range ids {
		if !suspect[marks[i].id%uint64(len(suspect))] {
			if err := r.put(&directory.Record{Kind: directory.Unsure, ID: id}); err != nil {
				return err
			}
		}
	}
	return r.byID(ctx, again)
}

// byID reads people and groups by their ids. Who is not found went meanwhile.
func (r stamped) byID(ctx context.Context, ids []string) error {
	for start := 0; start < len(ids); start += lookup {
		some := ids[start:min(start+lookup, len(ids))]
		for _, q := range []struct {
			query
			attribute string
			put       func(*ldapwire.Entry) error
		}{{r.peopleQ, r.people.id.attribute, r.person}, {r.groupQ, r.groups.id.attribute, r.group}} {
			var clauses strings.Builder
			for _, id := range some {
				fmt.Fprintf(&clauses, "(%s=%s)", q.attribute, ldap.EscapeFilter(id))
			}
			q.filter = "(&" + q.filter + "(|" + clauses.String() + "))"
			if _, err := r.c.page(ctx, q.query, nil, r.proof, q.put); err != nil {
				return err
			}
		}
	}
	return nil
}
