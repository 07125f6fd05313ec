package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// readContent is what source read --json prints of a whole source.
type readContent struct {
	Source   string          `json:"source"`
	Members  int             `json:"members"`
	Dangling int             `json:"dangling"` // names that groups have for somebody, and that nobody has
	Proof    directory.Proof `json:"proof"`
	Remarks  []string        `json:"remarks"`
	People   []readPerson    `json:"people"`
	Groups   []readGroup     `json:"groups"`
}

// readObject is what is said of a person or a group.
type readObject struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Changed *time.Time `json:"changed,omitempty"`
	Handles []string   `json:"handles"`
}

// readPerson is a person as kisi-sync sees it.
type readPerson struct {
	readObject
	Email      string              `json:"email"`
	Active     string              `json:"active"` // yes, no or unknown
	Attributes map[string][]string `json:"attributes"`
	Groups     []readGroupOf       `json:"groups,omitempty"`
	Raw        []rawAttribute      `json:"raw,omitempty"`
}

// readGroupOf is a group that somebody is in, and through which others; no others when the group names the person.
type readGroupOf struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Through []string `json:"through,omitempty"`
}

// readGroup is a group as kisi-sync sees it.
type readGroup struct {
	readObject
	Size    int            `json:"size"` // people, also through groups in it
	Members []readMember   `json:"members,omitempty"`
	Raw     []rawAttribute `json:"raw,omitempty"`
}

// readMember is somebody in a group, and through which groups.
type readMember struct {
	ID      string   `json:"id"`
	Email   string   `json:"email"`
	Through []string `json:"through,omitempty"`
}

// rawAttribute is what the directory itself says. Values that are no text are in base64.
type rawAttribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
	Base64 bool     `json:"base64,omitempty"`
}

func (r *sourceReading) showAll() error {
	counts, dangling := r.view.Source(r.source.ID).Counts(), 0
	r.view.Source(r.source.ID).Dangling(func(directory.Ref, int) { dangling++ })
	if r.ui.JSON {
		doc := readContent{Source: r.source.Name, Members: counts.Members, Dangling: dangling, Proof: r.receipt.Proof, Remarks: shape.OrEmpty(r.receipt.Remarks),
			People: []readPerson{}, Groups: []readGroup{}}
		for o := range r.people {
			doc.People = append(doc.People, r.personOf(o))
		}
		for o := range r.groups {
			doc.Groups = append(doc.Groups, r.groupOf(o))
		}
		return r.ui.Print(doc)
	}
	p := r.receipt.Proof
	r.ui.Say("%s: %s, %s, %s", r.source.Name, voice.Count(counts.People, "person", "people"), voice.Count(counts.Groups, "group", "groups"), voice.Count(counts.Members, "membership", "memberships"))
	r.ui.Say("  read: %s, %s, %d of them neither people nor groups%s", voice.Count(p.Pages, "page", "pages"), voice.Count(p.Entries, "entry", "entries"), p.Ignored, withNote(p.Note))
	for _, a := range counts.With {
		r.ui.Say("  %-24s %d of %s have it", a.Name, a.People, voice.Count(counts.People, "person", "people"))
	}
	if dangling > 0 {
		r.ui.Say("  groups name %s not read: outside of the base or the filter, or gone", voice.Count(dangling, "member who was", "members who were"))
	}
	for _, remark := range r.receipt.Remarks {
		r.ui.Say("  %s %s", r.ui.Yellow("!"), remark)
	}
	r.ui.Say("Somebody or a group of it: kisi-sync source read %s --person PERSON, or --group GROUP", r.source.Name)
	return nil
}

func withNote(note string) string {
	if note == "" {
		return ""
	}
	return "; " + note
}

func (r *sourceReading) objectOf(o directory.Object) readObject {
	d := readObject{ID: o.ID(), Name: o.Name(), Handles: []string{}}
	if at := o.Changed(); !at.IsZero() {
		d.Changed = &at
	}
	for _, h := range o.Handles(nil) {
		d.Handles = append(d.Handles, h.Kind.String()+" "+h.Value)
	}
	return d
}

func (r *sourceReading) personOf(o directory.Object) readPerson {
	d := readPerson{readObject: r.objectOf(o), Email: o.Email(), Active: o.Active().String(), Attributes: map[string][]string{}}
	for _, name := range r.rules.Attributes(r.source.Name) {
		d.Attributes[name] = shape.OrEmpty(o.Values(name, nil))
	}
	return d
}

func (r *sourceReading) groupOf(o directory.Object) readGroup {
	return readGroup{readObject: r.objectOf(o), Size: len(r.view.Members(o.Number))}
}

// showOne prints a person or a group twice: as kisi-sync sees it, and as the directory says it.
func (r *sourceReading) showOne(ctx context.Context, o directory.Object, kind directory.Kind) error {
	said, err := r.raw(ctx, o, kind)
	raw := shape.Convert(said, newRaw)
	if kind == directory.GroupIs {
		d := r.groupOf(o)
		d.Members, d.Raw = r.membersOf(o), raw
		if r.ui.JSON {
			return exit.Also(r.ui.Print(d), err)
		}
		r.showGroup(d)
	} else {
		d := r.personOf(o)
		d.Groups, d.Raw = r.groupsOf(o), raw
		if r.ui.JSON {
			return exit.Also(r.ui.Print(d), err)
		}
		r.showPerson(d)
	}
	r.showRaw(raw, err)
	return nil
}

func newRaw(a directory.Attr) rawAttribute {
	raw := rawAttribute{Name: a.Name, Values: a.Values}
	if raw.Base64 = slices.ContainsFunc(a.Values, isBytes); raw.Base64 {
		raw.Values = shape.Convert(a.Values, func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) })
	}
	return raw
}

// isBytes says that a value is not for people to read.
func isBytes(v string) bool {
	return !utf8.ValidString(v) || strings.ContainsFunc(v, func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f })
}

// groupsOf returns the groups that somebody is in, those that name the person first.
func (r *sourceReading) groupsOf(person directory.Object) (all []readGroupOf) {
	for g := range r.groups {
		if path := r.view.Path(g.Number, person.Number); path != nil {
			all = append(all, readGroupOf{g.ID(), g.Name(), throughOf(path)})
		}
	}
	slices.SortStableFunc(all, func(a, b readGroupOf) int { return len(a.Through) - len(b.Through) })
	return all
}

func (r *sourceReading) membersOf(group directory.Object) (all []readMember) {
	for _, n := range r.view.Members(group.Number) {
		p := r.view.Person(int(n))
		all = append(all, readMember{p.ID(), p.Email(), throughOf(r.view.Path(group.Number, int(n)))})
	}
	return all
}

// throughOf names the groups of a path below its first.
func throughOf(path []directory.Object) []string {
	return shape.Convert(path[min(1, len(path)):], directory.Object.Name)
}

func (r *sourceReading) showPerson(d readPerson) {
	r.ui.Say("%s", r.ui.Bold(strings.TrimSpace(d.Name+" <"+d.Email+">")))
	r.showObject(d.readObject)
	r.ui.Say("  active     %s", cmp.Or(map[string]string{"no": "no: disabled", "unknown": "yes, since the directory does not say otherwise"}[d.Active], d.Active))
	for i, name := range r.rules.Attributes(r.source.Name) {
		r.ui.Say("  %-10s %s = %s", first(i, "attributes"), name, cmp.Or(strings.Join(d.Attributes[name], ", "), "(nothing)"))
	}
	for i, g := range d.Groups {
		r.ui.Say("  %-10s %s%s", first(i, "in"), g.Name, throughWords(g.Through))
	}
}

func (r *sourceReading) showGroup(d readGroup) {
	r.ui.Say("%s, %s", r.ui.Bold(d.Name), voice.Count(d.Size, "person", "people"))
	r.showObject(d.readObject)
	const enough = 50
	for i, p := range d.Members[:min(enough, len(d.Members))] {
		r.ui.Say("  %-10s %s%s", first(i, "members"), p.called(), throughWords(p.Through))
	}
	if n := len(d.Members) - enough; n > 0 {
		r.ui.Say("  %-10s and %d more; --json names everybody", "", n)
	}
}

func (p readMember) called() string {
	if p.Email != "" {
		return p.Email
	}
	return p.ID
}

func first(i int, word string) string {
	if i > 0 {
		return ""
	}
	return word
}

func throughWords(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (through " + strings.Join(names, " › ") + ")"
}

func (r *sourceReading) showObject(d readObject) {
	r.ui.Say("  id         %s", d.ID)
	for i, h := range d.Handles {
		r.ui.Say("  %-10s %s", first(i, "known as"), h)
	}
	if d.Changed != nil {
		r.ui.Say("  changed    %s", d.Changed.UTC().Format("2006-01-02 15:04:05 MST"))
	}
}

func (r *sourceReading) showRaw(raw []rawAttribute, err error) {
	if err != nil {
		r.ui.Say("\nWhat the directory itself says is not known: %v", err)
		return
	}
	r.ui.Say("\nAs the directory says it:")
	const enough = 20
	for _, a := range raw {
		colon := ":"
		if a.Base64 {
			colon = "::"
		}
		for _, v := range a.Values[:min(enough, len(a.Values))] {
			r.ui.Say("  %s%s %s", a.Name, colon, exit.OneLine(v))
		}
		if n := len(a.Values) - enough; n > 0 {
			r.ui.Say("  %s: and %d more; --json shows all", a.Name, n)
		}
	}
}
