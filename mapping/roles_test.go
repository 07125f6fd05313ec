package mapping

import (
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// roles is what GET /roles said in the tests' organization, as Catalog judges it.
func roles(c *access.Catalog) *access.Catalog {
	c.Organization = access.Organization{ID: 9, Name: "Acme"}
	c.ScopeRoles = []access.ScopeRole{
		{ID: "2041", Name: "Front desk", Organization: true},
		{ID: "administrator", Name: "Organization administrator", Organization: true, Covers: []string{"2041", "observer", "user_manager"}, Refused: "it is above the API key's own role, which lacks groups_write"},
		{ID: "observer", Name: "Observer", Organization: true},
		{ID: "place_administrator", Name: "Place administrator", Covers: []string{"place_basic"}},
		{ID: "place_basic", Name: "Door access"},
		{ID: "user_manager", Name: "User manager", Organization: true, Covers: []string{"2041"}},
	}
	return c
}

// given is what a person in all groups of the directory should have of roles, and the kinds of conflicts.
func givenRoles(t *testing.T, reversed bool, rules ...Rule) (string, string) {
	t.Helper()
	spec := Spec{AdminRoles: true, Sources: []Source{{Name: "corp", ID: "corp"}}}
	for i, r := range rules {
		r.Name, r.From = string(rune('a'+i)), Selector{Source: "corp", Group: "g-1"}
		spec.Rules = append(spec.Rules, r)
		if reversed {
			spec.Rules = append(spec.Rules[len(spec.Rules)-1:], spec.Rules[:len(spec.Rules)-1]...)
		}
	}
	people := read(t, "corp", nil, noon(), records(person("1", "ana@example.com"), group("g-1", "Admins", "1"))...)
	out := mustCompile(t, spec).Map(Input{People: directory.Join(people), Catalog: roles(kisi()), At: noon()})
	var all []string
	for _, w := range out.Desired.Wishes {
		for _, g := range w.Grants {
			text := out.Desired.Groups[g.Group].Name
			if g.Unsure {
				text += " (unsure)"
			}
			if g.Role != access.ScopedRole {
				t.Errorf("%s is given as %v", text, g.Role)
			}
			all = append(all, text)
		}
	}
	return strings.Join(all, ", "), kinds(out.Conflicts)
}

func TestOfTwoRolesOnTheSamePlaceTheHigherOneWinsWhateverTheOrder(t *testing.T) {
	on := func(role, place string) Rule { return Rule{Roles: []RoleGrant{{role, place}}} }
	for _, c := range []struct {
		name       string
		rules      []Rule
		want, kind string
	}{
		{"one, by name", []Rule{on("place administrator", "HQ")}, "role place administrator of HQ", ""},
		{"one, by id", []Rule{on("2041", "")}, "role 2041 of the organization", ""},
		{"on two places", []Rule{on("Place administrator", "HQ"), on("Door access", "Lab")}, "role Door access of Lab, role Place administrator of HQ", ""},
		{"the higher one covers", []Rule{on("Door access", "HQ"), on("Place administrator", "HQ")}, "role Place administrator of HQ", RoleCovered},
		{"a custom role is covered", []Rule{on("Front desk", ""), on("User manager", "")}, "role User manager of the organization", RoleCovered},
		{"none covers", []Rule{on("Observer", ""), on("User manager", "")}, "", RolesCollide + " " + RolesCollide},
		{"unknown", []Rule{on("Janitor", "HQ")}, "", RoleMissing},
		{"of the wrong kind", []Rule{on("Observer", "HQ")}, "", RoleMissing},
		{"above the key's own", []Rule{on("Organization administrator", "")}, "", RoleRefused},
		{"on an unknown place", []Rule{on("Door access", "Mars")}, "", UnknownPlace},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, reversed := range []bool{false, true} {
				got, kind := givenRoles(t, reversed, c.rules...)
				if got != c.want || !strings.HasPrefix(strings.ReplaceAll(kind, ",", " "), strings.Split(c.kind, " ")[0]) || c.kind == "" && kind != "" {
					t.Errorf("reversed %v: %q %q, want %q %q", reversed, got, kind, c.want, c.kind)
				}
			}
		})
	}
}

func TestARoleIsRefusedByTheFileBeforeAnythingIsAsked(t *testing.T) {
	corp := Source{Name: "corp", ID: "corp"}
	ok := Rule{Name: "a", From: Selector{Source: "corp", Group: "g-1"}, Roles: []RoleGrant{{"Observer", ""}}}
	for _, c := range []struct {
		name string
		spec Spec
		rule func(*Rule)
		want string
	}{
		{"not allowed", Spec{Sources: []Source{corp}}, nil, "not allowed in this file"},
		{"ownership", Spec{Sources: []Source{corp}, AdminRoles: true}, func(r *Rule) { r.Roles[0].Role = "Organization owner" }, "ownership is never given"},
		{"dates", Spec{Sources: []Source{corp}, AdminRoles: true}, func(r *Rule) { r.Until = &Date{Fixed: "2026-12-31"} }, "has no dates"},
		{"everyone", Spec{Sources: []Source{corp}, AdminRoles: true}, func(r *Rule) { r.From = Selector{Source: "corp", Everyone: true} }, "cannot be granted to everyone"},
		{"a source that may grant some groups only", Spec{Sources: []Source{{Name: "corp", ID: "corp", MayGrant: []string{}}}, AdminRoles: true}, nil, "may grant only what"},
		{"twice", Spec{Sources: []Source{corp}, AdminRoles: true}, func(r *Rule) { r.Roles = append(r.Roles, r.Roles[0]) }, "granted twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ok
			r.Roles = append([]RoleGrant{}, ok.Roles...)
			if c.rule != nil {
				c.rule(&r)
			}
			c.spec.Rules = []Rule{r}
			_, problems := Compile(c.spec)
			if len(problems) != 1 || !strings.Contains(problems[0].Text, c.want) {
				t.Errorf("%+v, want %q", problems, c.want)
			}
		})
	}
}
