package list

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// ErrByHand is returned for changes that cannot be made without touching more of the file than they are about.
var ErrByHand = errors.New("the list is written in a way that cannot be changed here without touching more of it; edit the file by hand")

// ErrNotListed is returned for people, and access, that are not in the file.
var ErrNotListed = errors.New("not in the list")

// Document is the text of a list that is to be changed. Each change keeps every byte that is not about it: comments, order, and how other
// people are written. A change that fails changes nothing.
type Document struct {
	text []byte
	list *list
}

// ReadDocument reads the text of a list. The Document is nil when there is any problem.
func ReadDocument(text []byte) (*Document, []Problem) {
	l, problems := parse(text)
	if len(problems) > 0 {
		return nil, problems
	}
	return &Document{text, l}, nil
}

// Text returns the text as it is now.
func (d *Document) Text() []byte { return d.text }

// People returns everybody, in the order of the file.
func (d *Document) People() []Person { return slices.Clone(d.list.people) }

// Find returns somebody by address or id; false when nobody is called so.
func (d *Document) Find(who string) (Person, bool) {
	i := d.list.named(who)
	if i < 0 {
		return Person{}, false
	}
	return d.list.people[i], true
}

// Granted returns the values of listed.Attribute that the source says of somebody.
func (d *Document) Granted(who string) []string {
	if i := d.list.named(who); i >= 0 {
		return d.list.access(&d.list.people[i])
	}
	return nil
}

// GroupsOf returns the names of the list's groups that somebody is in, directly or through others.
func (d *Document) GroupsOf(who string) (names []string) {
	i := d.list.named(who)
	for k := range d.list.groups {
		if i >= 0 && d.list.has(k, &d.list.people[i], map[int]bool{}) {
			names = append(names, d.list.groups[k].name)
		}
	}
	return names
}

// Put adds people with what they are to have. Who is there already keeps all else: access in the same group, place or organization is
// changed, other access is added, and a name is taken where there was none. A note goes to what is new. After an error some of them may
// have been put.
func (d *Document) Put(people ...Person) error {
	var fresh []Person
	for _, p := range people {
		i := d.list.named(p.Email)
		if i < 0 {
			fresh = append(fresh, p)
		} else if err := d.merge(i, p); err != nil {
			return fmt.Errorf("%s: %w", p.Email, err)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return d.append(fresh)
}

// append puts new people behind all others, in one go: each change reads the whole text anew.
func (d *Document) append(people []Person) error {
	want := d.copy()
	var lines, short, brackets []string
	for _, p := range people {
		if p.ID = email.Fold(p.Email); p.Attributes == nil {
			p.Attributes = map[string][]string{}
		}
		want.people = append(want.people, p)
		lines, short, brackets = append(lines, p.inLines()...), append(short, "- "+p.inBrackets()), append(brackets, p.inBrackets())
	}
	return d.edit(want, func(w *draft) error {
		all, _ := w.at(w.whole(), "people")
		if n := len(all.Content); len(people) > 1 || n > 0 && isFlow(all.Content[n-1]) {
			lines = short // many are reviewed more easily in a line each
		}
		return w.add(w.whole(), "people", lines, strings.Join(brackets, ", "))
	})
}

func (d *Document) merge(i int, p Person) error {
	if old := d.list.people[i]; old.Name == "" && p.Name != "" {
		want := d.copy()
		want.people[i].Name = p.Name
		if err := d.edit(want, func(w *draft) error { return w.set(w.person(i), "name", scalar(p.Name)) }); err != nil {
			return err
		}
	}
	for _, a := range p.Access {
		a.Note = p.Note
		if err := d.give(i, a); err != nil {
			return err
		}
	}
	return nil
}

// give adds access, or changes what there is in the same group, place or organization.
func (d *Document) give(i int, a Access) error {
	want := d.copy()
	has := want.people[i].Access
	k := slices.IndexFunc(has, func(o Access) bool { return o.Same(a.Entry) })
	if k < 0 {
		want.people[i].Access = append(has, a)
		return d.edit(want, func(w *draft) error {
			return w.add(w.person(i), "access", []string{"- " + a.inBrackets()}, a.inBrackets())
		})
	}
	if has[k].Entry == a.Entry {
		return nil
	}
	old := has[k]
	has[k].Entry, has[k].Group, has[k].Place = a.Entry, old.Group, old.Place
	next := has[k]
	err := d.edit(want, func(w *draft) error { return w.change(i, k, next) })
	if errors.Is(err, ErrByHand) {
		err = d.edit(want, func(w *draft) error { return w.rewrite(i, k, next) })
	}
	return err
}

// Revoke takes one access away from somebody.
func (d *Document) Revoke(who string, scope listed.Entry) error {
	i := d.list.named(who)
	if i < 0 {
		return fmt.Errorf("%s: %w", who, ErrNotListed)
	}
	want := d.copy()
	k := slices.IndexFunc(want.people[i].Access, func(o Access) bool { return o.Same(scope) })
	if k < 0 {
		return fmt.Errorf("%s for %s: %w", scope.Scope(), who, ErrNotListed)
	}
	want.people[i].Access = slices.Delete(want.people[i].Access, k, k+1)
	return d.edit(want, func(w *draft) error { return w.drop(w.person(i), "access", k) })
}

// Remove takes somebody out, of the list's groups, too.
func (d *Document) Remove(who string) error {
	i := d.list.named(who)
	if i < 0 {
		return fmt.Errorf("%s: %w", who, ErrNotListed)
	}
	gone, before := d.list.people[i], *d
	for g := range d.list.groups {
		for k := len(d.list.groups[g].members) - 1; k >= 0; k-- {
			if !gone.is(d.list.groups[g].members[k].value) {
				continue
			}
			want := d.copy()
			want.groups[g].members = slices.Delete(want.groups[g].members, k, k+1)
			if err := d.edit(want, func(w *draft) error { return w.drop(w.group(g), "members", k) }); err != nil {
				*d = before
				return err
			}
		}
	}
	want := d.copy()
	want.people = slices.Delete(want.people, i, i+1)
	err := d.edit(want, func(w *draft) error { return w.drop(w.whole(), "people", i) })
	if err != nil {
		*d = before
	}
	return err
}

// Enable takes back that the file disables somebody.
func (d *Document) Enable(who string) error {
	i := d.list.named(who)
	if i < 0 {
		return fmt.Errorf("%s: %w", who, ErrNotListed)
	}
	yes, want := true, d.copy()
	want.people[i].Active = &yes
	return d.edit(want, func(w *draft) error { return w.set(w.person(i), "active", "true") })
}

// edit makes a change and sees whether the text says now what was wanted, and nothing else.
func (d *Document) edit(want *list, do func(w *draft) error) error {
	for _, keep := range []bool{false, true} {
		w := &draft{text: d.text, keep: keep}
		if w.load() != nil || do(w) != nil {
			continue
		}
		if next, problems := parse(w.text); len(problems) == 0 && next.plain() == want.plain() {
			d.text, d.list = w.text, next
			return nil
		}
	}
	return ErrByHand
}

// copy returns the list with slices of its own.
func (d *Document) copy() *list {
	l := &list{people: slices.Clone(d.list.people), groups: slices.Clone(d.list.groups)}
	for i := range l.people {
		l.people[i].Access = slices.Clone(l.people[i].Access)
	}
	for i := range l.groups {
		l.groups[i].members = slices.Clone(l.groups[i].members)
	}
	return l
}

// plain says all that a list says, without where it stands.
func (l *list) plain() string {
	var all []any
	values := func(texts []text) (out []string) {
		for _, t := range texts {
			out = append(out, t.value)
		}
		return out
	}
	orNone := func(a []Access) []Access { return append([]Access{}, a...) }
	for i := range l.people {
		p := &l.people[i]
		all = append(all, p.ID, p.Email, p.Name, p.Active, p.Note, p.Attributes, values(p.groups), orNone(p.Access))
	}
	for _, g := range l.groups {
		all = append(all, g.id, g.name, values(g.members), values(g.groups), orNone(g.access))
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (w *draft) person(i int) region {
	people, _ := w.at(w.whole(), "people")
	return w.item(people, i)
}

func (w *draft) group(i int) region {
	groups, _ := w.at(w.whole(), "groups")
	return w.item(groups, i)
}

func (w *draft) access(i, k int) region {
	all, _ := w.at(w.person(i), "access")
	return w.item(all, k)
}

// change brings an access to what it is to be, key by key.
func (w *draft) change(i, k int, to Access) error {
	if x := w.access(i, k); x.Kind == yaml.ScalarNode {
		return w.splice(w.offset(x.Node), w.end(x), to.inBrackets())
	}
	for _, f := range to.fields() {
		if f.key == "group" || f.key == "place" || f.key == "organization" {
			continue
		}
		x := w.access(i, k)
		v, at := w.at(x, f.key)
		var err error
		switch {
		case f.value == "":
			err = w.unset(x, f.key)
		case at < 0 || scalar(v.Value) != f.value:
			err = w.set(x, f.key, f.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rewrite writes an access anew, if that loses no comment.
func (w *draft) rewrite(i, k int, to Access) error {
	x := w.access(i, k)
	from, end := w.offset(x.Node), w.end(x)
	if from > end || strings.Contains(string(w.text[from:end]), "#") {
		return errShape
	}
	text := to.inBrackets()
	if !x.flow && !isFlow(x.Node) {
		text += w.newline() // the end of lines is the beginning of the next
	}
	return w.splice(from, end, text)
}
