package csv

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// absent stands for a column that is not there.
const absent = -1

// columns say where things stand in the rows of people.
type columns struct {
	id, email, name, first, last, active, groups int

	width  int       // how many columns there are
	names  []string  // what they are called
	comma  rune      // what stands between them
	keyed  string    // what the id's column is called
	status string    // and that of active
	attrs  []attrCol // sorted by the name that was asked for
	unused []string  // what else the header has
	fates  []fate    // of the columns of Kisi's template
}

// attrCol is a column that rules ask for.
type attrCol struct {
	name  string // as asked for
	at    int
	split bool
}

// header finds columns by name and collects what is missing.
type header struct {
	names   []string
	used    map[int]bool
	missing []string
}

func newHeader(t *table) *header { return &header{names: t.header, used: map[int]bool{}} }

// find returns where a column is: as spelled, or else as spelled but for case.
func (h *header) find(name string) int {
	i := slices.Index(h.names, name)
	if i < 0 {
		i = slices.IndexFunc(h.names, func(n string) bool { return strings.EqualFold(n, strings.TrimSpace(name)) })
	}
	if i >= 0 {
		h.used[i] = true
	}
	return i
}

// column finds a column that is declared, or else may have the name of its key.
func (h *header) column(declared, key string) int {
	i := h.find(cmp.Or(declared, key))
	if i < 0 && declared != "" {
		h.missing = append(h.missing, declared)
	}
	return i
}

// required finds a column that must be there.
func (h *header) required(declared, key, setting string) int {
	i := h.column(declared, key)
	if i < 0 && declared == "" {
		h.missing = append(h.missing, fmt.Sprintf("%s (or name it under %s)", key, setting))
	}
	return i
}

func (h *header) err() error {
	if len(h.missing) == 0 {
		return nil
	}
	return refuse(1, "the header has: "+strings.Join(h.names, ", "), "the header lacks %s", strings.Join(h.missing, ", "))
}

func (h *header) unused() (all []string) {
	for i, n := range h.names {
		if !h.used[i] && n != "" {
			all = append(all, n)
		}
	}
	return all
}

// peopleColumns finds the columns of people. What rules ask for must be there: a column that is missing is no attribute that everybody has lost.
func (s *source) peopleColumns(t *table) (*columns, error) {
	h := newHeader(t)
	c := &columns{id: absent, name: absent, first: absent, last: absent, width: len(t.header), names: t.header, comma: t.comma}
	want := s.Columns
	template := s.Preset == kisiTemplate || s.Columns == (Columns{}) && isTemplate(t.header)
	if template {
		want.Groups = cmp.Or(want.Groups, "group_ids")
		c.fates = fatesOf(h)
	}
	c.email = h.column(want.Email, "email")
	if s.MutableID {
		if c.id, c.keyed = c.email, cmp.Or(want.Email, "email"); c.email == absent && want.Email == "" {
			h.missing = append(h.missing, "email (or name it under columns.email)")
		}
	} else if c.id, c.keyed = h.column(want.ID, "id"), cmp.Or(want.ID, "id"); c.id == absent && want.ID == "" {
		return nil, refuse(1, "name the column of what never changes about somebody under columns.id; if there is none but the address: mutable_id: true. The header has: "+
			strings.Join(h.names, ", "), "the header has no column id")
	}
	if want.FirstName+want.LastName == "" {
		c.name = h.column(want.Name, "name")
	}
	if c.name == absent && want.Name == "" {
		c.first, c.last = h.column(want.FirstName, "first_name"), h.column(want.LastName, "last_name")
	}
	c.active, c.status = h.column(want.Active, "active"), cmp.Or(want.Active, "active")
	if c.groups = absent; s.Files.Memberships == "" {
		c.groups = h.column(want.Groups, "groups")
	}
	for _, name := range s.env.Attributes {
		c.attrs = append(c.attrs, attrCol{name: name, at: h.column(name, name), split: slices.Contains(s.Split, name)})
	}
	for _, name := range s.Split {
		h.column(name, name)
	}
	c.unused = h.unused()
	return c, h.err()
}

// groupFile and membershipFile say where things stand there.
type groupFile struct{ id, name int }

type membershipFile struct{ group, member, inner int }

func (s *Settings) groupFile(t *table) (groupFile, error) {
	h := newHeader(t)
	f := groupFile{h.required(s.GroupColumns.ID, "id", "group_columns.id"), h.required(s.GroupColumns.Name, "name", "group_columns.name")}
	return f, h.err()
}

func (s *Settings) membershipFile(t *table) (membershipFile, error) {
	h := newHeader(t)
	f := membershipFile{group: h.required(s.MembershipColumns.Group, "group", "membership_columns.group")}
	f.inner = h.column(s.MembershipColumns.MemberGroup, "member_group")
	if f.member = h.column(s.MembershipColumns.Member, "member"); f.member == absent && f.inner == absent && s.MembershipColumns.Member == "" {
		h.missing = append(h.missing, "member (or name it under membership_columns.member)")
	}
	return f, h.err()
}

// at returns a cell, "" when there is none. An apostrophe that only keeps spreadsheets from taking a text for a formula is none of it.
func at(cells []string, i int) string {
	if i < 0 || i >= len(cells) {
		return ""
	}
	cell := strings.TrimSpace(cells[i])
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(Formula, cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}
