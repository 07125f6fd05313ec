package mapping

import (
	"context"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/members"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// declare adds to the file what the oracle does not know of: people who are named under groups, roles on places and the organization, and a
// source that lists itself what its people are to have.
func (w *world) declare(t *rapid.T) {
	w.nameMembers(t)
	w.spec.AdminRoles = true
	for i := range rapid.IntRange(0, 2).Draw(t, "rules of roles") {
		s := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")
		w.spec.Rules = append(w.spec.Rules, Rule{Name: fmt.Sprintf("roles %d", i), Roles: drawRoles(t), From: Selector{Source: s, Group: s + "-g0"}})
	}
	if rapid.Bool().Draw(t, "b lists") {
		w.spec.Sources[1].Lists = true
		w.spec.Rules = append(w.spec.Rules, Rule{Name: "by hand", Listed: true, Roles: drawRoles(t), From: Selector{Source: "b", Everyone: true}})
		for i := range w.people["b"] {
			if values := drawList(t); len(values) > 0 {
				r := &w.people["b"][i]
				r.Attrs = slices.Insert(slices.Clone(r.Attrs), 0, directory.Attr{Name: listed.Attribute, Values: values})
			}
		}
	}
}

// nameMembers names people under groups as config does: a source that goes last, with a rule for each entry.
func (w *world) nameMembers(t *rapid.T) {
	all := []members.Entry{{Group: "Contractors", Email: "Ana@x.org"}, {Group: "Contractors", Email: "di@x.org"}, {Group: "HQ Staff", Email: "ana@x.org", Name: "Ana"},
		{Group: "HQ Staff", Email: "hi@x.org"}, {Group: "Server Room", Email: "hi@x.org"}}
	entries := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, 4, rapid.ID).Draw(t, "named")
	w.spec.Sources = append(w.spec.Sources, Source{Name: members.Name, ID: members.Name, Stated: true})
	w.spec.Precedence = append(slices.Clone(w.spec.Precedence), members.Name)
	for i, e := range entries {
		r := Rule{Name: "members of " + e.Group + ": " + email.Fold(e.Email), Path: fmt.Sprintf("groups.%s.members[%d]", e.Group, i),
			From: Selector{Source: members.Name, Group: e.ID()}, Grant: []string{e.Group}}
		if rapid.Bool().Draw(t, "until") {
			r.Until = &Date{Fixed: rapid.SampledFrom([]string{"2026-03-10", "2026-04-20"}).Draw(t, "day")}
		}
		w.spec.Rules = append(w.spec.Rules, r)
	}
	source, err := (&members.Settings{Entries: entries}).Open(connectors.Env{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Fetch(context.Background(), directory.Cursor{}, func(r *directory.Record) error {
		w.groups[members.Name] = append(w.groups[members.Name], *r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func drawRoles(t *rapid.T) []RoleGrant {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]RoleGrant{{"Observer", ""}, {"Front desk", ""}, {"User manager", ""}, {"Door access", "HQ"},
		{"Place administrator", "HQ"}, {"Door access", "Lab"}}), 1, 2, rapid.ID).Draw(t, "roles")
}

// drawList makes what a list says of one person, some of which cannot be given or read.
func drawList(t *rapid.T) (values []string) {
	for _, e := range rapid.SliceOfNDistinct(rapid.SampledFrom([]listed.Entry{{Group: "HQ Staff", Role: listed.GroupManager}, {Group: "HQ Staff", Until: "2026-04-01"},
		{Group: "Contractors", From: "2026-03-16", Until: "2026-03-31"}, {Group: "Server Room", Until: "2026-03-14"}, {Group: "Nowhere"},
		{Organization: true, Role: "Observer"}, {Place: "HQ", Role: "Door access"}}), 0, 3, rapid.ID).Draw(t, "list") {
		values = append(values, e.Value())
	}
	if rapid.IntRange(0, 9).Draw(t, "illegible") == 0 {
		values = append(values, "what?")
	}
	return values
}
