package scim

import (
	"fmt"
	"strings"
	"testing"
)

// large is a group of so many members.
func large(members int) Resource {
	all := make([]any, members)
	for i := range all {
		all[i] = NewObject(Field{"value", fmt.Sprintf("member-%06d", i)}, Field{"display", "Somebody"})
	}
	return NewObject(Field{"schemas", []any{GroupSchema}}, Field{"displayName", "All"}, Field{"members", all})
}

// BenchmarkPatchOfALargeGroup changes a group of 100,000 members: one more, one less by a filter and by value, and a thousand at once.
func BenchmarkPatchOfALargeGroup(b *testing.B) {
	var values []string
	for i := range 1000 {
		values = append(values, fmt.Sprintf(`{"value":"member-%06d"}`, i*99))
	}
	thousand := "[" + strings.Join(values, ",") + "]"
	group, typ := large(100_000), GroupType()
	for _, c := range []struct{ name, operation string }{
		{"one-more", `{"op":"add","path":"members","value":[{"value":"new"}]}`},
		{"one-less", `{"op":"remove","path":"members[value eq \"member-099000\"]"}`},
		{"one-less-by-value", `{"op":"Remove","path":"members","value":[{"value":"member-099000"}]}`},
		{"thousand-again", `{"op":"add","path":"members","value":` + thousand + `}`},
		{"thousand-less", `{"op":"Remove","path":"members","value":` + thousand + `}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := ParsePatch([]byte(`{"schemas":["`+PatchSchema+`"],"Operations":[`+c.operation+`]}`), Limits{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.Apply(typ, group); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFilter asks a user by a filter of three comparisons.
func BenchmarkFilter(b *testing.B) {
	r := resource(b, ana)
	f, err := ParseFilter(`active eq true and (userName sw "x" or emails[type eq "work" and value ew "@example.com"])`)
	if err != nil {
		b.Fatal(err)
	}
	match, err := f.Matcher(UserType())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !match(r) {
			b.Fatal("does not match")
		}
	}
}
