package scim_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// What Entra ID sends, in its order. The facts are those of Microsoft's page "Develop and plan provisioning for a SCIM endpoint in Microsoft Entra ID"
// (learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups), its section named in each step, and of "Known
// issues and resolutions with SCIM 2.0 protocol compliance" (…/application-provisioning-config-problem-scim-compatibility).
func TestWhatEntraSendsIsUnderstood(t *testing.T) {
	p := newProvider(t)
	// Test connection asks for somebody who cannot be there; the answer must be an empty list, not an error ("User Operations").
	if r := p.want(200, "GET", `/Users?filter=userName+eq+%22non-existent%22`, ""); total(r) != "0" {
		t.Fatal(r.text)
	}
	if r := p.want(200, "GET", `/Users?filter=emails[type+eq+%22work%22].value+eq+%22x@example.com%22`, ""); total(r) != "0" {
		t.Fatal(r.text)
	}
	// "Create User", with an empty list of roles and a schema of the tenant's own.
	ana := p.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","`+enterprise+`"],"externalId":"0a21f0f2","userName":"ana@example.com",
		"active":true,"emails":[{"primary":true,"type":"work","value":"ana@example.com"}],"meta":{"resourceType":"User"},"name":{"formatted":"Ana Reis","familyName":"Reis","givenName":"Ana"},"roles":[]}`).body.Text("id")
	bob := p.user("bob@example.com")
	// "Update User [Multi-valued properties]" and "[Single-valued properties]": capital operations, several at once.
	r := p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"ana.reis@example.com"},{"op":"Replace","path":"name.familyName","value":"Lind"},`+
		`{"op":"Add","path":"`+enterprise+`:manager","value":"`+bob+`"},{"op":"Add","path":"`+enterprise+`:department","value":"IT"}`)).body
	if r.Object(enterprise).Object("manager").Text("value") != bob || r.Object(enterprise).Text("department") != "IT" || r.Object("name").Text("familyName") != "Lind" {
		t.Error(r)
	}
	// The older form of tenants without aadOptscim062020: the value wrapped, paths as names of one operation without a path ("Known issues").
	p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"Add","value":{"name.givenName":"Anna","`+enterprise+`:costCenter":"4711"}}`))
	// "Disable User": false as a boolean, and in older tenants as a string.
	for _, no := range []string{`false`, `"False"`} {
		p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"Replace","path":"active","value":true}`))
		if r := p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"Replace","path":"active","value":`+no+`}`)); r.body.Get("active") != false {
			t.Errorf("active %s: %s", no, r.text)
		}
	}
	p.entraGroups(ana, bob)
	// "Delete User", thirty days after the user was deleted there.
	p.want(204, "DELETE", "/Users/"+ana, "")
}

// entraGroups is "Group Operations".
func (p *provider) entraGroups(ana, bob string) {
	t := p.t
	g := p.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId":"8aa1a0c0","displayName":"Staff","meta":{"resourceType":"Group"}}`).body.Text("id")
	if r := p.want(200, "GET", "/Groups/"+g+"?excludedAttributes=members", ""); r.body.Text("displayName") != "Staff" {
		t.Error(r.text)
	}
	if r := p.want(200, "GET", `/Groups?excludedAttributes=members&filter=displayName+eq+%22Staff%22`, ""); total(r) != "1" {
		t.Error(r.text)
	}
	// "Update Group [Add Members]" with a $ref of null.
	p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"Add","path":"members","value":[{"$ref":null,"value":"`+ana+`"},{"$ref":null,"value":"`+bob+`"}]}`))
	// Whether somebody is a member is asked by a filter.
	for id, want := range map[string]string{ana: "1", "nobody": "0"} {
		if r := p.want(200, "GET", "/Groups?filter="+url.QueryEscape(`id eq "`+g+`" and members eq "`+id+`"`), ""); total(r) != want {
			t.Errorf("members eq: %s", r.text)
		}
	}
	// "Update Group [Remove Members]": remove with a value takes those only; a server that takes all offboards the company (Known issues).
	p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"`+ana+`"}]}`))
	if got := p.members(g); !slices.Equal(got, []string{bob}) {
		t.Errorf("left are %q", got)
	}
	p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"Replace","path":"displayName","value":"All staff"}`))
	p.want(204, "DELETE", "/Groups/"+g, "")
}

// What Okta sends, in its order: Okta's "SCIM 2.0 protocol reference" (developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20), its section named in
// each step, and its tests for providers (github.com/joelfranusic-okta/okta-scim-beta, SCIM_tests_for_Runscope.json).
func TestWhatOktaSendsIsUnderstood(t *testing.T) {
	p := newProvider(t)
	// The test of the credentials, and "Determine if the user already exists".
	if r := p.want(200, "GET", "/Users?startIndex=1&count=2", "", "Content-Type", "application/scim+json; charset=utf-8"); total(r) != "0" || r.body.Get("itemsPerPage") == nil {
		t.Fatal(r.text)
	}
	if r := p.want(200, "GET", `/Users?filter=userName+eq+%22ana@example.com%22&startIndex=1&count=100`, ""); total(r) != "0" {
		t.Fatal(r.text)
	}
	// "Create the user", with groups and a password that must be let pass.
	ana := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana@example.com","name":{"givenName":"Ana","familyName":"Reis"},"emails":[{"primary":true,"value":"ana@example.com","type":"work"}],
		"displayName":"Ana Reis","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`).body.Text("id")
	bob := p.user("bob@example.com")
	p.want(409, "POST", "/Users", userJSON("bob@example.com"))
	// "Retrieve a specific user", then "Update a specific user (PUT)": all of it, as Okta has it.
	p.want(200, "GET", "/Users/"+ana, "")
	r := p.want(200, "PUT", "/Users/"+ana, `{`+coreUser+`,"id":"`+ana+`","userName":"ana@example.com","name":{"givenName":"Another","middleName":"Excited","familyName":"User"},
		"emails":[{"primary":true,"value":"ana@example.com","type":"work"}],"active":true,"groups":[],"meta":{"resourceType":"User"}}`)
	if r.body.Object("name").Text("givenName") != "Another" {
		t.Error(r.text)
	}
	// "Deactivate": by PATCH without a path, or, in apps of the wizard, by PUT.
	if r := p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"replace","value":{"active":false}}`)); r.body.Get("active") != false {
		t.Error(r.text)
	}
	if r := p.want(200, "PUT", "/Users/"+bob, `{`+coreUser+`,"id":"`+bob+`","userName":"bob@example.com","active":false}`); r.body.Get("active") != false {
		t.Error(r.text)
	}
	// A PUT that forgets active lets nobody in again.
	if r := p.want(200, "PUT", "/Users/"+bob, `{`+coreUser+`,"userName":"bob@example.com"}`); r.body.Get("active") != false {
		t.Error(r.text)
	}
	p.oktaGroups(ana, bob)
}

// oktaGroups is "SCIM group operations".
func (p *provider) oktaGroups(ana, bob string) {
	t := p.t
	if r := p.want(200, "GET", "/Groups?startIndex=1&count=100", ""); total(r) != "0" {
		t.Error(r.text)
	}
	g := p.want(201, "POST", "/Groups", `{`+coreGroup+`,"displayName":"Test SCIMv2","members":[{"value":"`+ana+`","display":"ana@example.com"}]}`).body.Text("id")
	// "Update specific group name" repeats the id.
	p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"replace","value":{"id":"`+g+`","displayName":"Test SCIMv2b"}}`))
	// "Update specific group membership": one operation to take, one to give.
	p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"remove","path":"members[value eq \"`+ana+`\"]"},{"op":"add","path":"members","value":[{"value":"`+bob+`","display":"bob@example.com"}]}`))
	if got := p.members(g); !slices.Equal(got, []string{bob}) {
		t.Errorf("left are %q", got)
	}
	// All members at once, as "Push now" does.
	p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"replace","path":"members","value":[{"value":"`+ana+`"},{"value":"`+bob+`"}]}`))
	r := p.want(200, "GET", "/Groups/"+g, "").body
	if len(r.List("members")) != 2 || r.List("members")[0].(*scim.Object).Text("$ref") == "" || r.Text("displayName") != "Test SCIMv2b" {
		t.Error(r)
	}
	p.want(200, "PUT", "/Groups/"+g, `{`+coreGroup+`,"id":"`+g+`","displayName":"Test SCIMv2b","members":[]}`)
	if got := p.members(g); len(got) != 0 {
		t.Errorf("left are %q", got)
	}
	p.want(204, "DELETE", "/Groups/"+g, "")
}
