package scim

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawPath draws an attribute of a user, in any case, with or without its schema.
func drawPath(t *rapid.T, names ...string) AttrPath {
	p, err := ParseAttrPath(rapid.SampledFrom(names).Draw(t, "attribute"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func drawValue(t *rapid.T) any {
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return rapid.Bool().Draw(t, "bool")
	case 1:
		return nil
	case 2:
		return json.Number(rapid.SampledFrom([]string{"0", "-1", "1.50", "2e3", "12345678901234567890"}).Draw(t, "number"))
	case 3:
		return rapid.String().Draw(t, "string")
	}
	return rapid.SampledFrom([]string{"ana", "Ana@Example.com", "work", "true", "", `a"b\c`, "2026-05-13T04:42:34Z"}).Draw(t, "word")
}

func drawNode(t *rapid.T, depth int, names []string) node {
	kind := rapid.IntRange(0, 6).Draw(t, "node")
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 0:
		return has{drawPath(t, names...)}
	case 3:
		return notOf{drawNode(t, depth-1, names)}
	case 4, 5:
		all := []node{drawNode(t, depth-1, names), drawNode(t, depth-1, names), drawNode(t, depth-1, names)}
		if kind == 4 {
			return both(all...)
		}
		return flatAny(all)
	case 6:
		if len(names) > 5 { // not within brackets already
			return within{drawPath(t, "emails", "Emails", "x509Certificates"), drawNode(t, depth-1, []string{"value", "type", "primary", "X"})}
		}
	}
	op := operator(rapid.SampledFrom([]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}).Draw(t, "op"))
	return test{drawPath(t, names...), op, drawValue(t)}
}

func flatAny(all []node) node {
	flat := anyOf{}
	for _, each := range all {
		if same, ok := each.(anyOf); ok {
			flat = append(flat, same...)
		} else {
			flat = append(flat, each)
		}
	}
	return flat
}

func topNames() []string {
	return []string{"userName", "USERNAME", "id", "active", "name.givenName", "emails.value", "emails", "meta.lastModified", UserSchema + ":title", EnterpriseSchema + ":department", "x-1_y", "members.$ref"}
}

func TestAFilterWrittenAndReadAgainIsTheSame(t *testing.T) {
	r := resource(t, ana)
	rapid.Check(t, func(t *rapid.T) {
		f := Filter{drawNode(t, 3, topNames())}
		again, err := ParseFilter(f.String())
		if err != nil || again.String() != f.String() {
			t.Fatalf("%s is read as %s, %v", f, again, err)
		}
		one, err1 := f.Matcher(UserType())
		two, err2 := again.Matcher(UserType())
		if (err1 == nil) != (err2 == nil) || err1 == nil && one(r) != two(r) {
			t.Fatalf("%s is not what it was when read again", f)
		}
	})
}

// The laws of logic, which a mistake in precedence or in not would break.
func TestFiltersObeyDeMorgan(t *testing.T) {
	r := resource(t, ana)
	match := func(t *rapid.T, text string) (bool, bool) {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		m, err := f.Matcher(UserType())
		return err == nil && m(r), err == nil
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := Filter{drawNode(t, 2, topNames())}.String(), Filter{drawNode(t, 2, topNames())}.String()
		one, ok1 := match(t, "not (("+a+") and ("+b+"))")
		two, ok2 := match(t, "not ("+a+") or not ("+b+")")
		if one != two || ok1 != ok2 {
			t.Fatalf("a: %s\nb: %s", a, b)
		}
	})
}

// fold is what strings.EqualFold compares by.
func TestFoldedTextsAreEqualWhenTheyAreEqualButForCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringOf(rapid.RuneFrom([]rune("aAkK\u212asSſßẞéÉσςΣ@.0_"))).Draw(t, "a")
		b := rapid.StringOf(rapid.RuneFrom([]rune("aAkK\u212asSſßẞéÉσςΣ@.0_"))).Draw(t, "b")
		if (fold(a) == fold(b)) != strings.EqualFold(a, b) || fold(fold(a)) != fold(a) {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

// Adding and then removing members leaves the group as a set of ids would be left.
func TestMembersAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group, want := NewObject(Field{"displayName", "g"}), map[string]bool{}
		for range rapid.IntRange(1, 8).Draw(t, "operations") {
			ids := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "A", "d"}), 1, 4).Draw(t, "ids")
			op := rapid.SampledFrom([]verb{add, remove, replace}).Draw(t, "op")
			list := []any{}
			for _, id := range ids {
				list = append(list, NewObject(Field{"value", id}))
			}
			if op == replace {
				clear(want)
			}
			for _, id := range ids {
				want[id] = op != remove
			}
			after, _, err := Patch{operations: []operation{{op, &Path{attr: AttrPath{Name: "members"}}, list}}}.Apply(GroupType(), group)
			if err != nil {
				t.Fatal(err)
			}
			group = after
		}
		got := group.List("members")
		n := 0
		for id, in := range want {
			if in {
				n++
			}
			if in != (newFinder(GroupType().Core.Attribute("members")).firstIn(got, NewObject(Field{"value", id})) >= 0) {
				t.Fatalf("%s: %v in %v", id, in, got)
			}
		}
		if n != len(got) {
			t.Fatalf("%v has doubles; want %v", got, want)
		}
	})
}
