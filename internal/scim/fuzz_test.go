package scim

import (
	"encoding/json"
	"testing"
)

// What is read is JSON, and is read the same when it was written again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{ana, babs, `{"a":[1.5e-3,{"B":null}],"b":"\u0000\ud83d\ude00"}`, `{"a":1,"A":2}`, `{"a":[1 2]}`, "\ufeff{}", `{"a":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := Decode(body, Limits{Bytes: 1 << 16})
		if err != nil {
			if refusal(err) == "none" {
				t.Fatalf("%q: %v is no refusal", body, err)
			}
			return
		}
		written := r.AppendJSON(nil)
		if !json.Valid(written) {
			t.Fatalf("%q was read, and written as %s", body, written)
		}
		again, err := Decode(written, Limits{Depth: 100})
		if err != nil || !Equal(r, again) {
			t.Fatalf("%s: read again: %v, %v", written, again, err)
		}
		for _, typ := range []*Type{UserType(), GroupType(), {Core: userSchema(), Lax: true}} {
			checkCreated(t, typ, r)
		}
	})
}

// checkCreated posts a resource and puts what became of it: that changes nothing.
func checkCreated(t *testing.T, typ *Type, r Resource) {
	t.Helper()
	made, err := typ.Create(r)
	if err != nil {
		return
	}
	if made.Has("password") || made.Has("id") {
		t.Fatalf("%s keeps what it must not", made)
	}
	again, changed, err := typ.Replace(made, made)
	if err != nil || changed {
		t.Fatalf("%s put again: %s, %v", made, again, err)
	}
}

// A filter in its written form is the same filter, and matching by it never fails.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "bjensen"`, `title pr and userType ne "Employee"`, `emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp"]`, `not (a pr) and (b pr or c gt 1.5)`,
		`meta.lastModified ge "2011-05-13T04:42:34Z"`, enterprise + `:manager.value eq "1"`, `emails[type eq "work"].value ew "x"`, `active eq True`, `a eq -1e400`, `a lt 0e999999999`,
	} {
		f.Add(seed)
	}
	r := resource(f, ana)
	lax := &Type{Core: userSchema(), Lax: true}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ParseFilter(text)
		if err != nil {
			if refusal(err) != "invalidFilter" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		written := filter.String()
		again, err := ParseFilter(written)
		if len(written) <= maxFilterLength && (err != nil || again.String() != written) {
			t.Fatalf("%q is written %q, and read again %q, %v", text, written, again, err)
		}
		for _, typ := range []*Type{UserType(), GroupType(), lax} {
			match, err := filter.Matcher(typ)
			if err != nil {
				continue
			}
			if other, err := again.Matcher(typ); err != nil || match(r) != other(r) {
				t.Fatalf("%q and %q match differently", text, written)
			}
		}
	})
}

// Whatever a patch does, it leaves a resource that could have been posted, and the one it was given as it was.
func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`[{"op":"add","path":"emails[type eq \"work\"].value","value":"x"}]`, `[{"op":"Remove","path":"members","value":[{"value":"2819"}]}]`, `[{"op":"replace","value":{"active":"False","name.givenName":"x"}}]`,
		`[{"op":"add","path":"` + enterprise + `:manager","value":"1"},{"op":"remove","path":"` + enterprise + `"}]`, `[{"op":"replace","path":"emails[primary eq true]","value":{"value":"x","primary":true}}]`,
		`[{"op":"add","path":"emails","value":[{"value":"a","primary":true}]},{"op":"replace","path":"emails.primary","value":true}]`, `[{"op":"remove","path":"userName"}]`, `[{"op":"add","path":"a.b","value":[1,{"c":2}]}]`,
	} {
		f.Add([]byte(seed))
	}
	types := []*Type{UserType(), GroupType(), {Core: userSchema(), Extensions: []Schema{enterpriseSchema()}, Lax: true}}
	before := []Resource{resource(f, ana), resource(f, guides), resource(f, babs)}
	f.Fuzz(func(t *testing.T, operations []byte) {
		body := append(append([]byte(`{"schemas":["`+PatchSchema+`"],"Operations":`), operations...), '}')
		p, err := ParsePatch(body, Limits{Bytes: 1 << 16, Operations: 50})
		if err != nil {
			if refusal(err) == "none" {
				t.Fatal(err)
			}
			return
		}
		for i, typ := range types {
			checkPatched(t, p, typ, before[i])
		}
	})
}

func checkPatched(t *testing.T, p Patch, typ *Type, before Resource) {
	t.Helper()
	told := before.String()
	after, changed, err := p.Apply(typ, before)
	if before.String() != told {
		t.Fatalf("what was given is now %s", before)
	}
	if err != nil {
		if refusal(err) == "none" {
			t.Fatal(err)
		}
		return
	}
	if !changed && after != before {
		t.Fatalf("nothing changed, and %s became %s", told, after)
	}
	if after.Get("id") != before.Get("id") || after.Has("password") || typ.missing(after) != "" {
		t.Fatalf("%s became %s", told, after)
	}
	if _, err := Decode(after.AppendJSON(nil), Limits{Depth: 100}); err != nil {
		t.Fatalf("%s: %v", after, err)
	}
	if _, err := typ.Create(after.With("schemas", []any{typ.Core.ID})); changed && err != nil {
		t.Fatalf("%s became %s, which cannot be posted: %v", told, after, err)
	}
}
