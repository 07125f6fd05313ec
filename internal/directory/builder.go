package directory

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Builder collects the records of one read on top of what was known before. It copies what it keeps. After Seal, or after an
// error, it must not be used.
type Builder struct {
	source string
	last   *Snapshot
	in     *interner
	people stage
	groups stage
	marks  map[string]Kind // Gone or Unsure, by ID
	erased map[string]bool // the ids among the gone of which memberships end, too
	lists  map[string]*memberEdit
	tombs  map[string]Tombstone
	doubts map[string]int64
	stays  map[string]bool // people who stay in their groups
	row    row

	noneMissing bool

	clockGood bool
	accepted  bool
}

// Accept says that a person has looked at what the source has, and that it is so: all there is of one that gathers, and what one shows that is
// behind.
func (b *Builder) Accept() { b.accepted = true }

// TrustClock says that the clock which this read is dated by is right. Losses that were written down as later than the read, by a clock that
// was wrong, count from the read then; otherwise their grace would end when that time comes.
func (b *Builder) TrustClock() { b.clockGood = true }

// memberEdit is what was read of one group's members.
type memberEdit struct {
	whole bool
	add   []uint32
	said  map[uint32]bool // the last word about each since the first was said to be gone; nil while none was
}

func (e *memberEdit) say(member uint32, is bool) {
	if is {
		e.add = append(e.add, member)
	} else if e.said == nil {
		e.said = map[uint32]bool{}
	}
	if e.said != nil {
		e.said[member] = is
	}
}

// Build begins the next snapshot of a source. last is what was known before; nil when nothing was.
func Build(source string, last *Snapshot) *Builder {
	if last == nil {
		last = &Snapshot{source: source}
	}
	return &Builder{
		source: source, last: last, in: newInterner(&last.refs),
		people: newStage(&last.people), groups: newStage(&last.groups),
		marks: map[string]Kind{}, erased: map[string]bool{}, lists: map[string]*memberEdit{}, tombs: map[string]Tombstone{}, doubts: map[string]int64{}, stays: map[string]bool{},
	}
}

// Put takes one record. The order of records does not matter but for those with the same ID: there the last word counts. It
// refuses a record without an ID, an unknown kind and a member without a value; the reader must then give up.
func (b *Builder) Put(r *Record) error {
	if r.Kind == NoneMissing {
		b.noneMissing = true
		return nil
	}
	if r.ID == "" {
		return errors.New("record without an id")
	}
	switch r.Kind {
	case PersonIs:
		return b.stage(&b.people, r)
	case GroupIs:
		return b.stage(&b.groups, r)
	case MembersFrom:
		*b.edit(r.ID) = memberEdit{whole: true}
		return nil
	case MemberIs, MemberGone:
		return b.member(r)
	case Gone, Unsure, Erased:
		b.mark(string([]byte(r.ID)), r.Kind)
		return nil
	case MembershipsStay:
		b.stays[string([]byte(r.ID))] = true
		return nil
	}
	return fmt.Errorf("record %s: unknown kind %d", r.ID, r.Kind)
}

func (b *Builder) mark(id string, kind Kind) {
	delete(b.erased, id)
	if kind == Erased {
		b.erased[id], kind = true, Gone
	}
	b.marks[id] = kind
}

func (b *Builder) stage(s *stage, r *Record) error {
	delete(b.marks, r.ID)
	delete(b.erased, r.ID)
	old, known := s.known(r.ID)
	if known && b.last.states(s.old, old, r) && s.putSame(old) {
		return nil
	}
	b.row = row{id: r.ID, email: r.Email, name: r.Name, active: r.Active, changed: unix(r.Changed),
		handles: b.row.handles[:0], attrs: r.Attrs}
	for _, h := range r.Handles {
		if h.Value == "" {
			continue
		}
		n, err := b.in.number(h)
		if err != nil {
			return err
		}
		b.row.handles = append(b.row.handles, n)
	}
	slices.Sort(b.row.handles)
	b.row.handles = slices.Compact(b.row.handles)
	return s.put(&b.row, old, known)
}

func (b *Builder) member(r *Record) error {
	if r.Member.Kind == 0 || r.Member.Value == "" {
		return fmt.Errorf("group %s: member without a name", r.ID)
	}
	n, err := b.in.number(r.Member)
	if err != nil {
		return err
	}
	b.edit(r.ID).say(n, r.Kind == MemberIs)
	return nil
}

func (b *Builder) edit(id string) *memberEdit {
	e := b.lists[id]
	if e == nil {
		e = &memberEdit{}
		b.lists[string([]byte(id))] = e
	}
	return e
}

// Bury remembers an object that was there once, when a snapshot is brought back from storage.
func (b *Builder) Bury(t Tombstone) { b.tombs[t.ID] = t }

// Doubt marks an object as one whose absence is not believed, when a snapshot is brought back from storage.
func (b *Builder) Doubt(id string, since time.Time) { b.doubts[id] = unix(since) }

// Seal ends the read. It compares what was read with what was known and asks believable, unless nil, whether that may be so.
// When not, what was stated goes in (new and changed people, explicit disables) but nothing that is missing goes out: absent
// people and groups are kept and doubted, absent members and values stay, and of the cursor only the past is kept so that the next read is
// complete. It returns an error when the read contradicts itself; nothing is known from it then.
func (b *Builder) Seal(r Receipt, believable func(Diff) bool) (*Snapshot, Diff, error) {
	if r.Coverage != Delta && r.Coverage != Complete {
		return nil, Diff{}, errors.New("receipt without coverage")
	}
	if r.Behind != "" && !b.accepted && !b.last.at.IsZero() {
		return b.behind(r)
	}
	s := &seal{b: b, receipt: r}
	s.people = b.people.against(b.marks, s.coverage())
	s.findStaying()
	s.groups = b.groups.against(b.marks, s.coverage())
	if id, ok := s.twice(); ok {
		return nil, Diff{}, fmt.Errorf("%s is both a person and a group", id)
	}
	s.readMembers()
	diff := s.diff()
	s.believed = believable == nil || !diff.Missing() || believable(diff)
	if !s.believed {
		s.restore()
	}
	next, err := s.snapshot()
	return next, diff, err
}
