package csv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path/filepath"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// survey is what a first pass over all files finds: whether they can be used at all, which rows cannot, and whom those are about. Only a
// second pass tells anybody of anything.
type survey struct {
	*source
	ctx     context.Context
	seed    maphash.Seed
	keys    [2]maphash.Seed
	people  map[key]entry   // nil after the survey when nothing more is asked of it
	count   int             // how many they are
	peopleN int             // rows about them, if all can be used; else 0
	simple  bool            // each row is somebody's first, and can be used
	unsure  map[string]bool // the ids of those whose rows cannot all be used
	groups  *groups
	cols    *columns

	bad      []Bad // the first so many
	badRows  int
	rows     int
	empty    int
	nameless int          // rows that could be anybody's
	lists    map[int]bool // groups of which not all members could be read
	anyList  bool         // so it is with all groups
	dangling int          // memberships of people who are not there
	looks    []look
}

// look is what check tells of a file.
type look struct {
	*input
	encoding, delimiter string
	rows, bad, empty    int
	unused              []string
}

// key stands for an id: a million ids themselves would be the most of what a read needs. Its seeds are new in each survey, so nobody can
// make two ids that have one key, and by chance a million do once in 10^26 times.
type key [2]uint64

// entry is somebody who has a row.
type entry struct {
	digest uint64 // of what the first row says about the person
	line   int32  // where that is
}

func (v *survey) key(id string) key {
	return key{maphash.String(v.keys[0], id), maphash.String(v.keys[1], id)}
}

// Bad is a row that cannot be used.
type Bad struct {
	Path string
	Line int
	Text string
}

func (b Bad) String() string { return fmt.Sprintf("%s:%d: %s", filepath.Base(b.Path), b.Line, b.Text) }

// mostBad is how many of them are kept to be told.
const mostBad = 1000

// survey looks at all files. What it returns is about files that were whole when they were looked at.
func (s *source) survey(ctx context.Context, files []*input) (*survey, error) {
	v := &survey{source: s, ctx: ctx, seed: maphash.MakeSeed(), keys: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		people: map[key]entry{}, unsure: map[string]bool{}, groups: newGroups(), lists: map[int]bool{}}
	v.groups.declared = s.Files.Groups != ""
	for _, f := range files {
		if err := v.file(f); err != nil {
			return nil, err
		}
	}
	v.count = len(v.people)
	if v.simple = v.count == v.peopleN; v.simple && s.Files.Memberships == "" {
		v.people = nil // what is made of the rows needs the room
	}
	return v, nil
}

// file goes through one file.
func (v *survey) file(f *input) error {
	t, in, err := v.table(v.ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	read := map[string]func(*table) (func(row) string, error){groupsPart: v.groupRows, peoplePart: v.peopleRows, membershipsPart: v.membershipRows}[f.part]
	use, err := read(t)
	if err != nil {
		return named(err, f.path)
	}
	bad := v.badRows
	if err := v.each(t, f.path, use); err != nil {
		return named(err, f.path)
	}
	bad = v.badRows - bad
	l := look{input: f, encoding: t.text.encoding, delimiter: delimiterWord(t.comma), rows: t.n, bad: bad, empty: t.empty}
	if f.part == peoplePart {
		l.unused = v.cols.unused
	}
	v.looks = append(v.looks, l)
	if f.part == peoplePart && bad == 0 {
		v.peopleN = t.n
	}
	v.rows, v.empty = v.rows+t.n, v.empty+t.empty
	if err := v.judge(t, bad); err != nil {
		return named(err, f.path)
	}
	return in.same()
}

// each goes through the rows. use says what is wrong with one.
func (v *survey) each(t *table, path string, use func(row) string) error {
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if problem := use(r); problem != "" {
			v.note(path, r.line, problem)
		}
	}
}

func (v *survey) note(path string, line int, problem string) {
	if v.badRows++; len(v.bad) < mostBad {
		v.bad = append(v.bad, Bad{path, line, problem})
	}
}

// judge refuses a file of which too little is left.
func (v *survey) judge(t *table, bad int) error {
	if t.n == 0 && !v.MayBeEmpty {
		return refuse(0, "if nobody is meant, write may_be_empty: true", "there is a header and not a single row, as in an export that failed")
	}
	if v.EndsWithNewline && t.text.last != '\n' {
		return refuse(0, "it was cut off, or is being written", "the last line does not end")
	}
	if allowed := v.BadRows.allowed(t.n); bad > allowed {
		rows, told := v.bad[max(0, len(v.bad)-bad):], []string{}
		for _, b := range rows[:min(3, len(rows))] {
			told = append(told, fmt.Sprintf("line %d %s", b.Line, b.Text))
		}
		return &Refused{Bad: rows, Hint: "kisi-sync check lists them; bad_rows says how many are borne",
			Text: fmt.Sprintf("%d of %s cannot be used, and only %d may be: %s", bad, rowCount(t.n), allowed, strings.Join(told, "; "))}
	}
	return nil
}

func (v *survey) groupRows(t *table) (func(row) string, error) {
	c, err := v.groupFile(t)
	if err != nil {
		return nil, err
	}
	first := map[string]int{}
	return func(r row) string {
		id, name := at(r.cells, c.id), strings.Join(strings.Fields(at(r.cells, c.name)), " ")
		switch line, twice := first[id]; {
		case r.problem != "" && (c.id != 0 || !r.sound), id == "":
			v.nameless++
			return cmp.Or(r.problem, "a group without an id")
		case twice:
			v.groups.unsure = append(v.groups.unsure, groupPrefix+strings.Clone(id))
			return fmt.Sprintf("group %q is in line %d already", shorten(id), line)
		case r.problem == "" && name != "":
			first[strings.Clone(id)] = r.line
			v.groups.add(id, name)
			return ""
		}
		first[strings.Clone(id)] = r.line
		v.groups.add(id, cmp.Or(name, id)) // rows may name it
		v.groups.unsure = append(v.groups.unsure, groupPrefix+strings.Clone(id))
		return cmp.Or(r.problem, "a group without a name")
	}, nil
}

func (v *survey) peopleRows(t *table) (func(row) string, error) {
	c, err := v.peopleColumns(t)
	if err != nil {
		return nil, err
	}
	v.cols = c
	rows := v.personRows(c)
	return func(r row) string {
		x, problem := rows.read(r)
		if problem == "" {
			problem = v.groupsOf(x)
		}
		if x.id == "" {
			v.nameless++
			return problem
		}
		for i := range c.fates {
			c.fates[i].look(r)
		}
		return v.person(r, rows, x, problem)
	}, nil
}

func (v *survey) groupsOf(x person) (problem string) {
	for _, g := range x.groups {
		if _, wrong := v.groups.find(g); wrong != "" {
			problem = wrong
		}
	}
	return problem
}

// person notes who has a row. Somebody may have several if they differ only in the groups.
func (v *survey) person(r row, rows *personRows, x person, problem string) string {
	who := v.key(x.id)
	known, twice := v.people[who]
	digest := uint64(0)
	if rows.columns.groups != absent && problem == "" {
		digest = v.digest(r.cells, rows.columns.groups)
	}
	switch {
	case !twice:
		v.people[who] = entry{digest, int32(r.line)}
		if problem != "" {
			v.unsure[strings.Clone(x.id)] = true
		}
		return problem
	case problem == "" && known.digest == digest && digest != 0 && !v.unsure[x.id]:
		return ""
	case problem == "":
		problem = fmt.Sprintf("%s %q is in line %d already", rows.keyed, shorten(x.id), known.line)
		if digest != 0 {
			problem += ", and the rows differ in more than the groups"
		}
	}
	v.unsure[strings.Clone(x.id)] = true
	return problem
}

// digest is over everything in a row but one cell; never 0.
func (v *survey) digest(cells []string, but int) uint64 {
	var h maphash.Hash
	h.SetSeed(v.seed)
	for i, c := range cells {
		if i != but {
			h.WriteString(c)
			h.WriteByte(0)
		}
	}
	return max(h.Sum64(), 1)
}

func (v *survey) membershipRows(t *table) (func(row) string, error) {
	c, err := v.membershipFile(t)
	if err != nil {
		return nil, err
	}
	return func(r row) string {
		m, problem := v.membership(r, c)
		switch {
		case problem == "":
			if m.nobody {
				v.dangling++
			}
		case m.group < 0:
			v.anyList, v.nameless = true, v.nameless+1
		default:
			v.lists[m.group] = true
		}
		return problem
	}, nil
}

// membership is one row of the file of memberships.
type membership struct {
	group  int // -1 when it cannot be told
	inner  int // the group that is a member; -1 when it is a person
	member string
	mail   bool // member is an address
	nobody bool // and no person of the source
}

func (v *survey) membership(r row, c membershipFile) (m membership, problem string) {
	m = membership{group: -1, inner: -1}
	word := at(r.cells, c.group)
	switch {
	case r.problem != "":
		return m, r.problem
	case word == "":
		return m, "names no group"
	}
	if m.group, problem = v.groups.find(strings.Join(strings.Fields(word), " ")); problem != "" {
		m.group = -1
		return m, problem
	}
	person, inner := at(r.cells, c.member), at(r.cells, c.inner)
	switch {
	case person != "" && inner != "":
		return m, "names a person and a group as the member"
	case inner != "":
		m.inner, problem = v.groups.find(strings.Join(strings.Fields(inner), " "))
		return m, problem
	case person == "":
		return m, "names no member"
	}
	m.member = person
	if v.MutableID {
		m.member = email.Fold(person)
	}
	if _, known := v.people[v.key(m.member)]; known {
		return m, ""
	}
	m.nobody = true
	if m.mail = email.Problem(person) == ""; m.mail {
		m.member = email.Fold(person)
	}
	return m, ""
}

// table opens a file and reads its header.
func (s *source) table(ctx context.Context, f *input) (*table, *reading, error) {
	in, err := f.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	t, err := s.begin(in)
	if err != nil {
		in.Close()
		return nil, nil, named(err, f.path)
	}
	return t, in, nil
}

// named says which file an error is about.
func named(err error, path string) error {
	var refused *Refused
	if errors.As(err, &refused) {
		refused.Path = path
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
