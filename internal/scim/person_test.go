package scim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAUserIsReachedByTheBestAddress(t *testing.T) {
	for emails, want := range map[string]string{
		`[]`: "",
		`[{"value":"a"},{"value":"b","type":"Work"},{"value":"c","primary":true}]`:   "c",
		`[{"value":"a"},{"value":"b","type":"Work"},{"value":"c","primary":"True"}]`: "c",
		`[{"value":"a"},{"value":"b","type":"Work"},{"primary":true}]`:               "b",
		`[{"value":"a"},{"value":"b"}]`:                                              "a",
		`["a","b"]`:                                                                  "a",
	} {
		if got := AddressOf(resource(t, `{"emails":`+emails+`}`)); got != want {
			t.Errorf("%s: got %q, want %q", emails, got, want)
		}
	}
}

func TestAUserHasAName(t *testing.T) {
	for user, want := range map[string]string{
		`{"displayName":"Ana Reis","name":{"formatted":"x"},"userName":"ana"}`: "Ana Reis",
		`{"name":{"formatted":"Ana Reis","givenName":"x"},"userName":"ana"}`:   "Ana Reis",
		`{"name":{"givenName":"Ana"},"userName":"ana"}`:                        "Ana",
		`{"userName":"ana"}`: "ana",
	} {
		if got := NameOf(resource(t, user)); got != want {
			t.Errorf("%s: got %q, want %q", user, got, want)
		}
	}
}

func TestAnAttributeIsReadAsRulesNameIt(t *testing.T) {
	r := resource(t, ana).With("shoeSize", []any{"42", "43"}).With("urn:acme:1.0:User", NewObject(Field{"Floor", "3"}))
	for name, want := range map[string][]string{
		"title": nil, "userName": {"Ana@Example.com"}, "name.GIVENNAME": {"Ana"}, "active": {"true"}, "nothing": nil, "emails": {"ana@example.com", "ana@home.example.org"}, "emails.type": {"work", "home"},
		`emails[type eq "home"].value`: {"ana@home.example.org"}, `emails[type eq "home"]`: {"ana@home.example.org"},
		"department": {"R&D"}, enterprise + ":department": {"R&D"}, "manager": {"26"}, "manager.value": {"26"}, "shoeSize": {"42", "43"}, "urn:acme:1.0:User:floor": {"3"}, UserSchema + ":userName": {"Ana@Example.com"},
	} {
		g, err := ReadGetter(UserType(), name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, g.Values(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range []string{"", "a b", "emails[", enterprise, `emails[primary gt true].value`} {
		if _, err := ReadGetter(UserType(), name); err == nil {
			t.Errorf("%q is read", name)
		}
	}
}
