package google

import (
	"encoding/json"
	"slices"
	"testing"

	admin "google.golang.org/api/admin/directory/v1"
)

const somebody = `{
	"id": "1", "primaryEmail": "ana@example.com", "orgUnitPath": "/Staff", "isAdmin": true, "creationTime": "2020-01-02T03:04:05.000Z",
	"name": {"givenName": "Ana", "familyName": "Reis", "fullName": "Ana Reis"}, "aliases": ["a@example.com", "b@example.com"],
	"organizations": [{"department": "Old", "title": " "}, {"department": "IT", "title": "Lead", "primary": true, "costCenter": 7}],
	"relations": [{"type": "manager", "value": "boss@example.com"}, {"type": "custom", "customType": "mentor", "value": "m@example.com"}],
	"externalIds": [{"type": "organization", "value": "E-1"}, {"type": "custom", "customType": "badge", "value": "B-9"}],
	"gender": {"type": "female"}, "locations": "nonsense", "phones": [3, null, {"value": null}, {"value": ["x"]}, {"value": "+49"}],
	"customSchemas": {"Doors": {"contractEnd": "2026-12-31", "floor": 3, "vip": true, "zones": [{"type": "work", "value": "A"}, {"value": "B"}], "odd": {"x": 1}}, "Bad": ["x"]}
}`

func TestEveryFormOfAnAttributeIsUnderstood(t *testing.T) {
	var u admin.User
	if err := json.Unmarshal([]byte(somebody), &u); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"primaryEmail": {"ana@example.com"}, "orgUnitPath": {"/Staff"}, "isAdmin": {"true"}, "suspended": {"false"}, "creationTime": {"2020-01-02T03:04:05.000Z"},
		"name.familyName": {"Reis"}, "name.displayName": nil, "aliases": {"a@example.com", "b@example.com"}, "recoveryEmail": nil,
		"organizations.department": {"IT", "Old"}, "organizations.title": {"Lead"}, "organizations[primary].department": {"IT"}, "organizations.costCenter": {"7"},
		"relations[manager].value": {"boss@example.com"}, "relations[mentor].value": {"m@example.com"}, "relations.value": {"boss@example.com", "m@example.com"},
		"externalIds[organization].value": {"E-1"}, "externalIds[badge].value": {"B-9"}, "gender.type": {"female"}, "locations.buildingId": nil, "phones.value": {"+49"},
		"customSchemas.Doors.contractEnd": {"2026-12-31"}, "customSchemas.Doors.floor": {"3"}, "customSchemas.Doors.vip": {"true"}, "customSchemas.Doors.zones": {"A", "B"},
		"customSchemas.Doors.odd": nil, "customSchemas.Doors.none": nil, "customSchemas.None.x": nil, "customSchemas.Bad.x": nil,
	} {
		a, ok := parseAttribute(name)
		if !ok {
			t.Errorf("%s is not understood", name)
			continue
		}
		if got := a.values(&u); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
		if got := a.values(&admin.User{}); name != "isAdmin" && name != "suspended" && len(got) > 0 {
			t.Errorf("%s of nobody is %q", name, got)
		}
	}
}

func TestAnAttributeThatGoogleDoesNotHaveIsRefused(t *testing.T) {
	for _, name := range []string{"", "departmnt", "name", "name.nick", "organizations", "organizations.a.b", "orgUnitPath[x]", "customSchemas.Doors", "customSchemas.a.b.c", "relations[].value", "organizations.", "password"} {
		if _, ok := parseAttribute(name); ok {
			t.Errorf("%q is understood", name)
		}
	}
	w := newWorkspace(t)
	if _, err := w.open(w.settings(), "departmnt").read(t.Context(), nil); err == nil || pathOf(err) != "attributes" {
		t.Errorf("got %v", err)
	}
}

func FuzzAttributesOfAnyUserAndName(f *testing.F) {
	f.Add("organizations.department", somebody)
	f.Add("customSchemas.Doors.zones", somebody)
	f.Add("relations[manager].value", `{"relations": [{"type": "manager"}]}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		a, ok := parseAttribute(name)
		var u admin.User
		if !ok || json.Unmarshal([]byte(text), &u) != nil {
			return
		}
		if slices.Contains(a.values(&u), "") {
			t.Errorf("%s has an empty value", name)
		}
	})
}
