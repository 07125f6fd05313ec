package scim

import (
	"errors"
	"strings"
	"testing"
)

// resource decodes a resource that a test writes.
func resource(t testing.TB, text string) Resource {
	t.Helper()
	r, err := Decode([]byte(text), Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

const ana = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"id": "Ab1", "externalId": "E-7", "userName": "Ana@Example.com", "active": true, "title": "",
	"name": {"givenName": "Ana", "familyName": "O'Malley"},
	"emails": [
		{"value": "ana@example.com", "type": "work", "primary": true},
		{"value": "ana@home.example.org", "type": "home"}],
	"x509Certificates": [{"value": "AAEC"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D", "manager": {"value": "26"}},
	"meta": {"resourceType": "User", "lastModified": "2026-05-13T04:42:34Z"}}`

func matches(t *testing.T, filter string, r Resource) bool {
	t.Helper()
	f, err := ParseFilter(filter)
	if err != nil {
		t.Fatalf("%s: %v", filter, err)
	}
	match, err := f.Matcher(UserType())
	if err != nil {
		t.Fatalf("%s: %v", filter, err)
	}
	return match(r)
}

// RFC 7644 section 3.4.2.2, table by table, with the examples of its figure 2.
func TestAFilterMatchesAsTheRFCSays(t *testing.T) {
	r := resource(t, ana)
	for _, c := range []struct {
		filter string
		want   bool
	}{
		{`userName eq "ana@example.com"`, true}, // userName is not case-exact (RFC 7643 section 4.1.1)
		{`USERNAME EQ "ana@example.com"`, true}, // names and operators in any case
		{`id eq "ab1"`, false},                  // id is case-exact (RFC 7643 section 3.1)
		{`id eq "Ab1"`, true},
		{`externalId eq "e-7"`, false},
		{`userName ne "ana@example.com"`, false},
		{`nickName ne "x"`, true}, // nothing is not identical to x
		{`name.familyName co "O'Malley"`, true},
		{`userName sw "ANA"`, true},
		{`userName ew ".COM"`, true},
		{`userName co "bob"`, false},
		{`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "A"`, true},
		{`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "r&d"`, true},
		{`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26"`, true},
		{`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr`, true},
		{`title pr`, false}, // empty
		{`name pr`, true},   // a non-empty node of a complex attribute
		{`nickName pr`, false},
		{`emails pr`, true},
		{`active eq true`, true},
		{`active eq "True"`, true}, // Entra ID
		{`active ne true`, false},
		{`meta.lastModified gt "2011-05-13T04:42:34Z"`, true},
		{`meta.lastModified ge "2026-05-13T06:42:34+02:00"`, true}, // the same moment
		{`meta.lastModified lt "2026-05-13T04:42:34Z"`, false},
		{`meta.lastModified le "2026-05-13T04:42:34Z"`, true},
		{`userName gt "aaa" and userName lt "anb"`, true},
		{`emails co "HOME.example"`, true},
		{`emails.type eq "work"`, true},
		{`emails.value ne "ana@example.com"`, true}, // one of many that differs is enough
		{`emails[type eq "work" and value co "@example.com"]`, true},
		{`emails[type eq "home" and primary eq true]`, false}, // of one value, not of two
		{`emails[type eq "home"] and emails[primary eq true]`, true},
		{`emails[not (type eq "work")]`, true},
		{`emails[type eq "work"].value eq "ANA@example.com"`, true}, // Entra ID
		{`emails[type eq "home"].value eq "ana@example.com"`, false},
		{`title pr and userType eq "Employee"`, false},
		{`title pr or active eq true`, true},
		{`active eq true or title pr and title pr`, true}, // and binds stronger
		{`(active eq true or title pr) and title pr`, false},
		{`not (title pr) and active eq true`, true}, // not binds strongest
		{`not(active eq true)`, false},
		{`not (title pr and nickName pr) or (userType eq "x")`, true},
		{`schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`, true},
		{`nickName eq null`, true}, // RFC 7643 section 2.5: unassigned and null are one
		{`userName ne null`, true},
		{`unknown pr`, false}, // RFC 7644 section 3.4.2.1
		{`unknown eq "x"`, false},
		{`unknown[value eq "x"]`, false},
		{`userName eq "\u0041na@example.com"`, true},
	} {
		if got := matches(t, c.filter, r); got != c.want {
			t.Errorf("%s: got %v, want %v", c.filter, got, c.want)
		}
	}
}

func TestAFilterThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "userName", "userName eq", `userName eq ana`, `userName eq "ana`, `userName xx "ana"`, `eq "a" userName`, `userName eq "a" and`, `and userName pr`,
		`userName eq "a" userName pr`, `(userName pr`, `userName pr)`, `not userName pr`, `emails[type eq "work"`, `emails[]`, `emails type eq "work"]`,
		`emails[a[b eq 1]]`, `emails.value[type eq "x"]`, `emails[type eq "work"].`, `emails[type eq "work"].value`, `user name pr`, `user@name pr`, `userName eq 01`,
		`userName eq 'ana'`, `userName eq {"a":1}`, `userName eq ["a"]`, `userName eq "\x"`, `:userName pr`, `urn: pr`, `"userName" eq "a"`, `userName. pr`, `name..givenName pr`, `userName eq nil`, `userName eq -`,
		strings.Repeat("(", 40) + "userName pr" + strings.Repeat(")", 40), strings.Repeat("not (", 100000), strings.Repeat("userName pr and ", 1000) + "userName pr",
	} {
		_, err := ParseFilter(text)
		var e *Error
		if !errors.As(err, &e) || e.Type != InvalidFilter || e.Status != 400 {
			t.Errorf("%.60q: got %v, want an invalidFilter", text, err)
		}
	}
}

// RFC 7644 section 3.4.2.2, table 3: an order of booleans or of binary values is an invalidFilter. The rest makes as little sense.
func TestAComparisonWithoutSenseIsRefused(t *testing.T) {
	for _, text := range []string{
		`active gt true`, `active co "t"`, `active eq "yes"`, `x509Certificates.value lt "AAEC"`, `x509Certificates co "A"`, `userName eq 5`, `userName eq true`, `name eq "Ana"`,
		`meta.lastModified gt "yesterday"`, `meta.lastModified eq 5`, `userName gt null`, `emails[primary gt true]`,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x"`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User[department pr]`,
	} {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		_, err = f.Matcher(UserType())
		var e *Error
		if !errors.As(err, &e) || e.Type != InvalidFilter {
			t.Errorf("%s: got %v, want an invalidFilter", text, err)
		}
	}
}

func TestAFilterSaysWhatAnIndexCanBeAskedFor(t *testing.T) {
	for filter, want := range map[string]string{
		`userName eq "ana"`: "ana", `active eq true and USERNAME eq "ana"`: "ana", `userName eq "ana" or userName eq "bob"`: "", `not (userName eq "ana")`: "", `userName sw "ana"`: "", `emails[userName eq "x"]`: "",
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.Requires(AttrPath{Name: "userName"}); got != want || ok != (want != "") {
			t.Errorf("%s: got %q", filter, got)
		}
	}
}

func TestAFilterIsWrittenInOneForm(t *testing.T) {
	for text, want := range map[string]string{
		`userName EQ "a"`:                    `userName eq "a"`,
		`((a pr))`:                           `a pr`,
		`a pr or (b pr or c pr)`:             `a pr or b pr or c pr`,
		`(a pr or b pr) and (c pr and d pr)`: `(a pr or b pr) and c pr and d pr`,
		`not(a pr)`:                          `not (a pr)`,
		`a[b eq 1].c eq TRUE`:                `a[b eq 1 and c eq true]`,
		`a eq "\u003c\""`:                    `a eq "<\""`,
		`a eq -1.50e+3 and b eq null`:        `a eq -1.50e+3 and b eq null`,
	} {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.String(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
