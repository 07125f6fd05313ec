package scim

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// patched carries operations out on a resource and returns it as JSON without schemas, or the scimType of the refusal.
func patched(t *testing.T, typ *Type, before, operations string) string {
	t.Helper()
	r := resource(t, before)
	told := r.String()
	p, err := ParsePatch([]byte(`{"schemas":["`+PatchSchema+`"],"Operations":[`+operations+`]}`), Limits{})
	if err == nil {
		var out Resource
		var changed bool
		out, changed, err = p.Apply(typ, r)
		if r.String() != told {
			t.Errorf("%s changed what it was given: %s", operations, r)
		}
		if err == nil {
			if changed == Equal(out.With("schemas", nil), r.With("schemas", nil)) {
				t.Errorf("%s: changed is %v", operations, changed)
			}
			return out.With("schemas", nil).String()
		}
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v is no refusal", operations, err)
	}
	return string(e.Type)
}

type patchCase struct{ name, before, operations, want string }

func runPatches(t *testing.T, typ *Type, cases []patchCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if strings.HasPrefix(want, "{") {
				want = resource(t, want).String()
			}
			if diff := cmp.Diff(want, patched(t, typ, c.before, c.operations)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.operations, diff)
			}
		})
	}
}

const (
	babs   = `{"id":"1","userName":"babs","emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org","type":"home"}]}`
	guides = `{"id":"g","displayName":"Tour Guides","members":[{"value":"2819","display":"Babs"},{"value":"902c","display":"James"}]}`
)

// RFC 7644 section 3.5.2.1.
func TestAddDoesAsTheRFCSays(t *testing.T) {
	runPatches(t, UserType(), []patchCase{
		{"a simple attribute that is not there", `{"userName":"babs"}`, `{"op":"add","path":"nickName","value":"Babs"}`, `{"userName":"babs","nickName":"Babs"}`},
		{"a single value is replaced", `{"userName":"babs","nickName":"B"}`, `{"op":"add","path":"nickName","value":"Babs"}`, `{"userName":"babs","nickName":"Babs"}`},
		{"without a path, several at once", `{"userName":"babs"}`, `{"op":"add","value":{"emails":[{"value":"b@x.org","type":"home"}],"nickname":"Babs"}}`,
			`{"userName":"babs","emails":[{"value":"b@x.org","type":"home"}],"nickName":"Babs"}`},
		{"to many values", babs, `{"op":"add","path":"emails","value":[{"value":"c@x.org","type":"other"}]}`,
			`{"id":"1","userName":"babs","emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org","type":"home"},{"value":"c@x.org","type":"other"}]}`},
		{"what is there already changes nothing", babs, `{"op":"add","path":"emails","value":[{"type":"home","value":"b@home.org"}]}`, babs},
		{"sub-attributes of a complex attribute, and no others", `{"userName":"b","name":{"givenName":"B","familyName":"J"}}`, `{"op":"add","path":"name","value":{"givenName":"Babs"}}`,
			`{"userName":"b","name":{"givenName":"Babs","familyName":"J"}}`},
		{"a sub-attribute of nothing", `{"userName":"b"}`, `{"op":"add","path":"name.givenName","value":"Babs"}`, `{"userName":"b","name":{"givenName":"Babs"}}`},
		{"a new primary ends the old one (section 3.5.2)", babs, `{"op":"add","path":"emails","value":[{"value":"c@x.org","primary":true}]}`,
			`{"id":"1","userName":"babs","emails":[{"value":"b@work.org","type":"work","primary":false},{"value":"b@home.org","type":"home"},{"value":"c@x.org","primary":true}]}`},
		{"an extension", `{"userName":"b"}`, `{"op":"add","value":{"` + enterprise + `":{"department":"R&D"}}}`, `{"userName":"b","` + enterprise + `":{"department":"R&D"}}`},
		{"without a value", babs, `{"op":"add","path":"nickName"}`, "invalidValue"},
		{"without a path, no set of attributes", babs, `{"op":"add","value":"x"}`, "invalidValue"},
		{"of a wrong type", babs, `{"op":"add","path":"nickName","value":5}`, "invalidValue"},
		{"what is read-only", babs, `{"op":"add","path":"id","value":"2"}`, "mutability"},
		{"an attribute that nobody knows", babs, `{"op":"add","path":"shoeSize","value":"42"}`, "invalidPath"},
		{"a password is taken and not kept", babs, `{"op":"add","path":"password","value":"t1meMa$heen"}`, babs},
	})
	runPatches(t, GroupType(), []patchCase{
		{"a member", guides, `{"op":"add","path":"members","value":[{"value":"2b","display":"Ana"}]}`,
			`{"id":"g","displayName":"Tour Guides","members":[{"value":"2819","display":"Babs"},{"value":"902c","display":"James"},{"value":"2b","display":"Ana"}]}`},
		{"a member twice", guides, `{"op":"add","path":"members","value":[{"value":"2819"},{"value":"902c"}]}`, guides},
	})
}

// RFC 7644 section 3.5.2.2.
func TestRemoveDoesAsTheRFCSays(t *testing.T) {
	runPatches(t, UserType(), []patchCase{
		{"a single value", `{"userName":"b","nickName":"B"}`, `{"op":"remove","path":"nickName"}`, `{"userName":"b"}`},
		{"all values", babs, `{"op":"remove","path":"emails"}`, `{"id":"1","userName":"babs"}`},
		{"values that a filter chooses", babs, `{"op":"remove","path":"emails[type eq \"work\" and value ew \"work.org\"]"}`, `{"id":"1","userName":"babs","emails":[{"value":"b@home.org","type":"home"}]}`},
		{"the last of them", babs, `{"op":"remove","path":"emails[value co \"b@\"]"}`, `{"id":"1","userName":"babs"}`},
		{"a sub-attribute of values that a filter chooses", babs, `{"op":"remove","path":"emails[type eq \"home\"].type"}`,
			`{"id":"1","userName":"babs","emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org"}]}`},
		{"a sub-attribute", `{"userName":"b","name":{"givenName":"B"}}`, `{"op":"remove","path":"name.givenName"}`, `{"userName":"b"}`},
		{"what is not there", `{"userName":"b"}`, `{"op":"remove","path":"nickName"}`, `{"userName":"b"}`},
		{"what a filter does not find", babs, `{"op":"remove","path":"emails[type eq \"x\"]"}`, babs},
		{"an extension", `{"userName":"b","` + enterprise + `":{"department":"R&D"}}`, `{"op":"remove","path":"` + enterprise + `"}`, `{"userName":"b"}`},
		{"the last of an extension", `{"userName":"b","` + enterprise + `":{"department":"R&D"}}`, `{"op":"remove","path":"` + enterprise + `:department"}`, `{"userName":"b"}`},
		{"without a path", babs, `{"op":"remove"}`, "noTarget"},
		{"what is required", babs, `{"op":"remove","path":"userName"}`, "mutability"},
		{"what is read-only", babs, `{"op":"remove","path":"meta.created"}`, "mutability"},
	})
}

// RFC 7644 section 3.5.2.3.
func TestReplaceDoesAsTheRFCSays(t *testing.T) {
	runPatches(t, UserType(), []patchCase{
		{"a single value", `{"userName":"b","nickName":"B"}`, `{"op":"replace","path":"nickName","value":"Babs"}`, `{"userName":"b","nickName":"Babs"}`},
		{"what is not there is added", `{"userName":"b"}`, `{"op":"replace","path":"nickName","value":"Babs"}`, `{"userName":"b","nickName":"Babs"}`},
		{"all values", babs, `{"op":"replace","path":"emails","value":[{"value":"c@x.org"}]}`, `{"id":"1","userName":"babs","emails":[{"value":"c@x.org"}]}`},
		{"by null is unassigned (RFC 7643 section 2.5)", `{"userName":"b","nickName":"B"}`, `{"op":"replace","path":"nickName","value":null}`, `{"userName":"b"}`},
		{"by an empty list too", babs, `{"op":"replace","path":"emails","value":[]}`, `{"id":"1","userName":"babs"}`},
		{"the set of sub-attributes that is named", `{"userName":"b","name":{"givenName":"B","familyName":"J"}}`, `{"op":"replace","path":"name","value":{"givenName":"Babs"}}`,
			`{"userName":"b","name":{"givenName":"Babs","familyName":"J"}}`},
		{"values that a filter chooses, whole", babs, `{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"c@x.org","type":"other"}}`,
			`{"id":"1","userName":"babs","emails":[{"value":"c@x.org","type":"other"},{"value":"b@home.org","type":"home"}]}`},
		{"a sub-attribute of values that a filter chooses", babs, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"c@x.org"}`,
			`{"id":"1","userName":"babs","emails":[{"value":"c@x.org","type":"work","primary":true},{"value":"b@home.org","type":"home"}]}`},
		{"what a filter does not find", babs, `{"op":"replace","path":"emails[type eq \"x\"].value","value":"c@x.org"}`, "noTarget"},
		{"what a filter does not find in an attribute without values is added", `{"userName":"b"}`, `{"op":"replace","path":"emails[type eq \"x\"].value","value":"c@x.org"}`, `{"userName":"b","emails":[{"type":"x","value":"c@x.org"}]}`},
		{"what a filter does not describe", `{"userName":"b"}`, `{"op":"replace","path":"emails[type ne \"x\"].value","value":"c@x.org"}`, "noTarget"},
		{"without a path", babs, `{"op":"replace","value":{"emails":[{"value":"c@x.org"}],"nickName":"Babs"}}`, `{"id":"1","userName":"babs","emails":[{"value":"c@x.org"}],"nickName":"Babs"}`},
		{"two primaries", babs, `{"op":"replace","path":"emails","value":[{"value":"a@x.org","primary":true},{"value":"b@x.org","primary":true}]}`, "invalidValue"},
		{"what is required by nothing", babs, `{"op":"replace","path":"userName","value":null}`, "mutability"},
		{"a filter that is none", babs, `{"op":"replace","path":"emails[type xx \"x\"].value","value":"c"}`, "invalidFilter"},
		{"a filter without sense", babs, `{"op":"replace","path":"emails[primary gt true].value","value":"c"}`, "invalidFilter"},
		{"a path that is none", babs, `{"op":"replace","path":"emails..value","value":"c"}`, "invalidPath"},
		{"a path with something behind", babs, `{"op":"replace","path":"emails[type eq \"x\"]value","value":"c"}`, "invalidPath"},
		{"a path that is no string", babs, `{"op":"replace","path":5,"value":"c"}`, "invalidPath"},
		{"an operation that nobody knows", babs, `{"op":"move","path":"nickName","value":"c"}`, "invalidSyntax"},
		{"no operation", babs, ``, "invalidSyntax"},
		{"an operation that is no object", babs, `5`, "invalidSyntax"},
	})
	runPatches(t, GroupType(), []patchCase{
		{"what is immutable", guides, `{"op":"replace","path":"members[value eq \"2819\"].value","value":"x"}`, "mutability"},
		{"all members", guides, `{"op":"replace","path":"members","value":[{"value":"x"}]}`, `{"id":"g","displayName":"Tour Guides","members":[{"value":"x"}]}`},
	})
}

func TestOperationsAreCarriedOutInOrderOrNotAtAll(t *testing.T) {
	runPatches(t, UserType(), []patchCase{
		{"in order", babs, `{"op":"add","path":"nickName","value":"a"},{"op":"replace","path":"nickName","value":"b"},{"op":"remove","path":"emails"}`, `{"id":"1","userName":"babs","nickName":"b"}`},
		{"the second is wrong", babs, `{"op":"remove","path":"emails"},{"op":"add","path":"id","value":"x"}`, "mutability"},
		{"required, and there again in the end", babs, `{"op":"remove","path":"userName"},{"op":"add","path":"userName","value":"c"},{"op":"remove","path":"emails"}`, `{"id":"1","userName":"c"}`},
	})
}

// What Entra ID sends: learn.microsoft.com, "Develop and plan provisioning for a SCIM endpoint" and "Known issues and resolutions with SCIM 2.0
// protocol compliance of the Microsoft Entra user provisioning service".
func TestTheDialectOfEntraIsUnderstood(t *testing.T) {
	runPatches(t, UserType(), []patchCase{
		{"operations with a capital, booleans as strings", `{"userName":"b","active":true}`, `{"op":"Replace","path":"active","value":"False"}`, `{"userName":"b","active":false}`},
		{"booleans as strings without a path", `{"userName":"b","active":false}`, `{"op":"Add","value":{"active":"True"}}`, `{"userName":"b","active":true}`},
		{"a value for a filter that finds none", `{"userName":"b"}`, `{"op":"Add","path":"emails[type eq \"work\"].value","value":"b@x.org"}`, `{"userName":"b","emails":[{"type":"work","value":"b@x.org"}]}`},
		{"another beside the values there are", babs, `{"op":"Add","path":"emails[type eq \"other\"].value","value":"c@x.org"}`,
			`{"id":"1","userName":"babs","emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org","type":"home"},{"type":"other","value":"c@x.org"}]}`},
		{"a manager as a string", `{"userName":"b"}`, `{"op":"Add","path":"` + enterprise + `:manager","value":"26118915"}`, `{"userName":"b","` + enterprise + `":{"manager":{"value":"26118915"}}}`},
		{"a manager as a list", `{"userName":"b"}`, `{"op":"Replace","path":"` + enterprise + `:manager","value":[{"$ref":null,"value":"26118915"}]}`, `{"userName":"b","` + enterprise + `":{"manager":{"value":"26118915"}}}`},
		{"a department", `{"userName":"b"}`, `{"op":"Add","path":"` + enterprise + `:department","value":"R&D"}`, `{"userName":"b","` + enterprise + `":{"department":"R&D"}}`},
		{"a chosen value as a list of one", babs, `{"op":"Add","path":"emails[type eq \"home\"]","value":[{"display":"Home"}]}`,
			`{"id":"1","userName":"babs","emails":[{"value":"b@work.org","type":"work","primary":true},{"value":"b@home.org","type":"home","display":"Home"}]}`},
		{"one value as a list of one", `{"userName":"b","displayName":"x"}`, `{"op":"Replace","path":"displayName","value":[{"$ref":null,"value":"y"}]}`, `{"userName":"b","displayName":"y"}`},
		{"paths for names", `{"userName":"b","name":{"familyName":"J"}}`, `{"op":"Replace","value":{"name.givenName":"B","` + enterprise + `:department":"R&D","displayName":"x"}}`,
			`{"userName":"b","name":{"familyName":"J","givenName":"B"},"` + enterprise + `":{"department":"R&D"},"displayName":"x"}`},
	})
	runPatches(t, GroupType(), []patchCase{
		{"a member is removed by value, not all", guides, `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"2819"}]}`, `{"id":"g","displayName":"Tour Guides","members":[{"value":"902c","display":"James"}]}`},
		{"a member who is gone is removed", guides, `{"op":"Remove","path":"members","value":[{"value":"x"}]}`, guides},
		{"nobody is removed by an empty list", guides, `{"op":"Remove","path":"members","value":[]}`, guides},
		{"nor by an empty value", guides, `{"op":"Remove","path":"members","value":[{"$ref":null}]}`, "invalidValue"},
		{"nor by an empty object", guides, `{"op":"Remove","path":"members","value":{}}`, "invalidValue"},
	})
}

// What Okta sends: developer.okta.com, "SCIM 2.0 protocol reference".
func TestTheDialectOfOktaIsUnderstood(t *testing.T) {
	runPatches(t, UserType(), []patchCase{
		{"a user is deactivated without a path", `{"userName":"b","active":true}`, `{"op":"replace","value":{"active":false}}`, `{"userName":"b","active":false}`},
	})
	runPatches(t, GroupType(), []patchCase{
		{"a group is renamed with its id", guides, `{"op":"replace","value":{"id":"g","displayName":"Guides"}}`, strings.Replace(guides, "Tour Guides", "Guides", 1)},
		{"a member is removed by a filter", guides, `{"op":"remove","path":"members[value eq \"2819\"]"}`, `{"id":"g","displayName":"Tour Guides","members":[{"value":"902c","display":"James"}]}`},
		{"one and added another", guides, `{"op":"remove","path":"members[value eq \"2819\"]"},{"op":"add","path":"members","value":[{"value":"3","display":"Ana"}]}`,
			`{"id":"g","displayName":"Tour Guides","members":[{"value":"902c","display":"James"},{"value":"3","display":"Ana"}]}`},
	})
}

func TestALaxTypeKeepsWhatNoSchemaKnows(t *testing.T) {
	typ := UserType()
	typ.Lax = true
	runPatches(t, typ, []patchCase{
		{"at the top", `{"userName":"b"}`, `{"op":"add","path":"shoeSize","value":42}`, `{"userName":"b","shoeSize":42}`},
		{"in an extension of others", `{"userName":"b"}`, `{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:Acme:2.0:User:doors","value":["a"]},{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:Acme:2.0:User:doors","value":["b","a"]}`,
			`{"userName":"b","urn:ietf:params:scim:schemas:extension:Acme:2.0:User":{"doors":["a","b"]}}`},
		{"a whole extension of others", `{"userName":"b"}`, `{"op":"replace","value":{"urn:acme:1.0:User":{"floor":3}}}`, `{"userName":"b","urn:acme:1.0:User":{"floor":3}}`},
		{"an object of an extension that is known", `{"userName":"b"}`, `{"op":"replace","value":{"` + enterprise + `:manager":{"value":"7"}}}`, `{"userName":"b","` + enterprise + `":{"manager":{"value":"7"}}}`},
	})
}
