package scim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// clause is a MUST or a SHOULD of RFC 7643 or RFC 7644 that is about service providers, by its section. What is about clients, and about what is
// declared as not offered (bulk, sort, ETags), is left out; what transport and tokens must be is tested where they are.
type clause struct {
	section string
	says    string
	proof   func(t *testing.T, p *provider)
}

func TestEachClauseOfTheRFCsThatAppliesHolds(t *testing.T) {
	for _, table := range [][]clause{schemaClauses(), readingClauses(), writingClauses(), patchClauses(), otherClauses()} {
		for _, c := range table {
			t.Run(c.section+" "+c.says, func(t *testing.T) {
				t.Parallel()
				c.proof(t, newProvider(t))
			})
		}
	}
}

func schemaClauses() []clause {
	return []clause{
		{"7643 2.1", "attribute names are case insensitive", func(t *testing.T, p *provider) {
			r := p.want(201, "POST", "/Users", `{`+coreUser+`,"USERNAME":"ana","Name":{"GivenName":"Ana"}}`)
			if r.body.Text("userName") != "ana" || r.body.Object("name").Text("givenName") != "Ana" {
				t.Error(r.text)
			}
		}},
		{"7643 2.2", "attributes of the wrong type are refused", func(_ *testing.T, p *provider) {
			p.refused(400, "invalidValue", "POST", "/Users", `{`+coreUser+`,"userName":7}`)
			p.refused(400, "invalidValue", "POST", "/Users", `{`+coreUser+`,"userName":"ana","active":"perhaps"}`)
			p.refused(400, "invalidValue", "POST", "/Users", `{`+coreUser+`,"userName":"ana","emails":[7]}`)
		}},
		{"7643 2.3.5", "dateTime values are xsd:dateTime with date and time", func(t *testing.T, p *provider) {
			meta := p.want(201, "POST", "/Users", userJSON("ana")).body.Object("meta")
			for _, name := range []string{"created", "lastModified"} {
				if _, err := time.Parse(time.RFC3339Nano, meta.Text(name)); err != nil {
					t.Error(err)
				}
			}
		}},
		{"7643 2.4", "primary appears no more than once", func(_ *testing.T, p *provider) {
			p.refused(400, "invalidValue", "POST", "/Users", `{`+coreUser+`,"userName":"ana","emails":[{"value":"a@x.example","primary":true},{"value":"b@x.example","primary":true}]}`)
		}},
		{"7643 2.5", "null and an empty list are no value", func(t *testing.T, p *provider) {
			r := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana","title":null,"emails":[]}`)
			if r.body.Has("title") || r.body.Has("emails") {
				t.Error(r.text)
			}
		}},
		{"7643 3", "each representation names its schemas", func(t *testing.T, p *provider) {
			r := p.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","`+enterprise+`"],"userName":"ana","`+enterprise+`":{"department":"IT"}}`)
			if got := fmt.Sprint(r.body.List("schemas")); got != "[urn:ietf:params:scim:schemas:core:2.0:User "+enterprise+"]" {
				t.Error(got)
			}
			p.refused(400, "invalidSyntax", "POST", "/Users", `{"userName":"bob"}`)
		}},
		{"7643 3.1", "id is the service provider's, unique and stable", func(t *testing.T, p *provider) {
			one := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana","id":"mine"}`).body.Text("id")
			other := p.user("bob")
			if one == "mine" || one == other || one == "" || strings.Contains(one, "bulkId") {
				t.Error(one, other)
			}
			if again := p.want(200, "GET", "/Users/"+one, "").body.Text("id"); again != one {
				t.Error(again)
			}
		}},
		{"7643 3.1", "externalId is the client's, and nobody else's", func(t *testing.T, p *provider) {
			if r := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana"}`); r.body.Has("externalId") {
				t.Error(r.text)
			}
		}},
		{"7643 3.1", "meta is read-only, and its location is the Content-Location", func(t *testing.T, p *provider) {
			id := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana","meta":{"resourceType":"Cat","created":"1999-01-01T00:00:00Z"}}`).body.Text("id")
			r := p.want(200, "GET", "/Users/"+id, "")
			meta := r.body.Object("meta")
			if meta.Text("resourceType") != "User" || strings.HasPrefix(meta.Text("created"), "1999") || meta.Text("location") != r.header.Get("Content-Location") ||
				meta.Text("location") != p.url+"/Users/"+id {
				t.Error(r.text, r.header)
			}
		}},
		{"7643 4.1.1", "userName is required and not empty", func(_ *testing.T, p *provider) {
			p.refused(400, "invalidValue", "POST", "/Users", `{`+coreUser+`}`)
			p.refused(400, "invalidValue", "POST", "/Users", `{`+coreUser+`,"userName":""}`)
		}},
		{"7643 4.1.1", "userName is unique, in any case", func(_ *testing.T, p *provider) {
			p.user("ana")
			p.refused(409, "uniqueness", "POST", "/Users", userJSON("ANA"))
		}},
		{"7643 4.1.1", "a password is never returned, nor kept", func(t *testing.T, p *provider) {
			r := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana","password":"t1meMa$heen"}`)
			r2 := p.want(200, "GET", "/Users/"+r.body.Text("id")+"?attributes=password", "")
			if strings.Contains(r.text+r2.text, "t1me") || r.body.Has("password") {
				t.Error(r.text, r2.text)
			}
			found := p.want(200, "GET", "/Users?filter=password+pr", "")
			if found.body.Get("totalResults").(interface{ String() string }).String() != "0" {
				t.Error(found.text)
			}
		}},
		{"7643 4.1.2", "groups of a user are changed in the groups only", func(t *testing.T, p *provider) {
			if r := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana","groups":[{"value":"x"}]}`); r.body.Has("groups") {
				t.Error(r.text)
			}
		}},
		{"7643 4.2", "displayName of a group is required", func(_ *testing.T, p *provider) {
			p.refused(400, "invalidValue", "POST", "/Groups", `{`+coreGroup+`}`)
		}},
		{"7643 4.2", "members are users or groups that there are, by id and URI", func(t *testing.T, p *provider) {
			ana := p.user("ana")
			inner := p.group("Inner", ana)
			outer := p.group("Outer", inner)
			m := p.want(200, "GET", "/Groups/"+outer, "").body.List("members")[0].(*scim.Object)
			if m.Text("type") != "Group" || m.Text("$ref") != p.url+"/Groups/"+inner {
				t.Error(m)
			}
			p.refused(400, "invalidValue", "POST", "/Groups", groupJSON("Lost", "nobody"))
		}},
		{"7643 4.3", "the enterprise extension stands under its URI", func(t *testing.T, p *provider) {
			r := p.want(201, "POST", "/Users", `{`+coreUser+`,"userName":"ana","`+enterprise+`":{"department":"IT","manager":{"value":"7"}}}`)
			if r.body.Object(enterprise).Text("department") != "IT" || r.body.Object(enterprise).Object("manager").Text("value") != "7" {
				t.Error(r.text)
			}
		}},
		{"7643 5", "the configuration says what is offered", func(t *testing.T, p *provider) {
			r := p.want(200, "GET", "/ServiceProviderConfig", "").body
			for name, want := range map[string]bool{"patch": true, "filter": true, "bulk": false, "changePassword": false, "sort": false, "etag": false} {
				if r.Object(name).Get("supported") != want {
					t.Errorf("%s: %v", name, r.Get(name))
				}
			}
			scheme := r.List("authenticationSchemes")[0].(*scim.Object)
			if scheme.Text("type") != "oauthbearertoken" || scheme.Text("name") == "" || scheme.Text("description") == "" || r.Object("filter").Get("maxResults") == nil {
				t.Error(r)
			}
		}},
		{"7643 6", "resource types have a name, an endpoint and a schema", func(t *testing.T, p *provider) {
			r := p.want(200, "GET", "/ResourceTypes/User", "").body
			if r.Text("name") != "User" || r.Text("endpoint") != "/Users" || r.Text("schema") != "urn:ietf:params:scim:schemas:core:2.0:User" ||
				r.List("schemaExtensions")[0].(*scim.Object).Text("schema") != enterprise {
				t.Error(r)
			}
		}},
		{"7643 7", "schemas have an id and attributes with their characteristics", func(t *testing.T, p *provider) {
			r := p.want(200, "GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "").body
			name := r.List("attributes")[0].(*scim.Object)
			if name.Text("name") != "userName" || name.Get("required") != true || name.Text("uniqueness") != "server" || name.Get("caseExact") != false {
				t.Error(name)
			}
		}},
	}
}

func total(r reply) string { return fmt.Sprint(r.body.Get("totalResults")) }

func readingClauses() []clause {
	return []clause{
		{"7644 3.1", "requests may be application/scim+json or application/json, answers are application/scim+json", func(t *testing.T, p *provider) {
			for i, media := range []string{"application/scim+json", "application/json; charset=utf-8", "application/scim+json;charset=utf-8"} {
				r := p.want(201, "POST", "/Users", userJSON(fmt.Sprint("u", i)), "Content-Type", media, "Accept", "application/scim+json")
				if !strings.HasPrefix(r.header.Get("Content-Type"), "application/scim+json") {
					t.Error(r.header)
				}
			}
			p.want(415, "POST", "/Users", "a=b", "Content-Type", "application/x-www-form-urlencoded")
		}},
		{"7644 3.4.1", "a resource is read by its id; one that is not there is a 404", func(t *testing.T, p *provider) {
			id := p.user("ana")
			if r := p.want(200, "GET", "/Users/"+id, ""); r.body.Text("userName") != "ana" {
				t.Error(r.text)
			}
			p.want(404, "GET", "/Users"+"/nobody", "")
			p.want(404, "GET", "/Groups/"+id, "")
		}},
		{"7644 3.4.2", "a query answers with a ListResponse; nothing found is no error", func(t *testing.T, p *provider) {
			r := p.want(200, "GET", `/Users?filter=userName+eq+%22nobody%22`, "")
			if total(r) != "0" || r.body.List("schemas")[0] != scim.ListSchema || r.body.Get("Resources") == nil {
				t.Error(r.text)
			}
		}},
		{"7644 3.4.2.2", "filters understand names and operators in any case", func(t *testing.T, p *provider) {
			p.user("ana")
			for _, filter := range []string{`USERNAME+EQ+%22ANA%22`, `userName+sw+%22an%22`, `externalId+eq+%22ext-ana%22`, `emails[type+eq+%22work%22+and+value+co+%22@example%22]`,
				`not+(userName+eq+%22bob%22)+and+active+eq+true`, `urn:ietf:params:scim:schemas:core:2.0:User:userName+eq+%22ana%22`, `meta.resourceType+eq+%22User%22`} {
				if r := p.want(200, "GET", "/Users?filter="+filter, ""); total(r) != "1" {
					t.Errorf("%s: %s", filter, r.text)
				}
			}
			if r := p.want(200, "GET", `/Users?filter=externalId+eq+%22EXT-ana%22`, ""); total(r) != "0" {
				t.Error("externalId is case-exact", r.text)
			}
		}},
		{"7644 3.4.2.2", "a filter that is none is invalidFilter", func(_ *testing.T, p *provider) {
			for _, filter := range []string{"userName", "userName+is+%22x%22", "userName+eq+%22x", "(userName+pr", "active+gt+true"} {
				p.refused(400, "invalidFilter", "GET", "/Users?filter="+filter, "")
			}
		}},
		{"7644 3.4.2.4", "pages are as they are asked for, and numbers that make no sense the nearest that do", func(t *testing.T, p *provider) {
			for i := range 5 {
				p.user(fmt.Sprint("u", i))
			}
			for query, want := range map[string]string{"startIndex=2&count=2": "5 2 2 u1 u2", "startIndex=0&count=1": "5 1 1 u0", "startIndex=-3&count=1": "5 1 1 u0", "count=0": "5 0 1",
				"count=-2": "5 0 1", "startIndex=9": "5 0 9", "startIndex=5&count=1000": "5 1 5 u4", "filter=userName+ne+%22u0%22&startIndex=2&count=1": "4 1 2 u2"} {
				r := p.want(200, "GET", "/Users?"+query, "")
				got := fmt.Sprintf("%s %v %v", total(r), r.body.Get("itemsPerPage"), r.body.Get("startIndex"))
				for _, u := range r.body.List("Resources") {
					got += " " + u.(*scim.Object).Text("userName")
				}
				if got != want {
					t.Errorf("%s: %s, want %s", query, got, want)
				}
			}
		}},
		{"7644 3.4.2.5", "attributes and excludedAttributes choose; id and schemas are always there", func(t *testing.T, p *provider) {
			ana := p.user("ana")
			g := p.group("Staff", ana)
			r := p.want(200, "GET", "/Users/"+ana+"?attributes=name.givenName,urn:ietf:params:scim:schemas:core:2.0:User:active", "").body
			if r.Text("id") == "" || !r.Has("schemas") || r.Has("userName") || r.Object("name").Has("familyName") || r.Get("active") != true {
				t.Error(r)
			}
			if r := p.want(200, "GET", "/Groups/"+g+"?excludedAttributes=members", ""); r.body.Has("members") || r.body.Text("displayName") != "Staff" {
				t.Error(r.text)
			}
			if r := p.want(200, "GET", "/Groups?excludedAttributes=members,id", ""); strings.Contains(r.text, "members") || !strings.Contains(r.text, `"id"`) {
				t.Error(r.text)
			}
		}},
		{"7644 3.4.3", "a search may stand in a body", func(t *testing.T, p *provider) {
			p.user("ana")
			p.user("bob")
			r := p.want(200, "POST", "/Users/.search", `{"schemas":["`+scim.SearchSchema+`"],"filter":"userName sw \"b\"","attributes":["userName"],"startIndex":1,"count":5}`)
			if total(r) != "1" || r.body.List("Resources")[0].(*scim.Object).Has("active") {
				t.Error(r.text)
			}
		}},
	}
}

func writingClauses() []clause {
	return []clause{
		{"7644 3.3", "what is made answers 201 with its Location and its body", func(t *testing.T, p *provider) {
			r := p.want(201, "POST", "/Users", userJSON("ana"))
			if r.header.Get("Location") != p.url+"/Users/"+r.body.Text("id") || r.body.Object("meta").Text("location") != r.header.Get("Location") {
				t.Error(r.header, r.text)
			}
		}},
		{"7644 3.3", "a duplicate is 409 with uniqueness", func(_ *testing.T, p *provider) {
			p.user("ana")
			p.refused(409, "uniqueness", "POST", "/Users", userJSON("ana"))
			bob := p.user("bob")
			p.refused(409, "uniqueness", "PUT", "/Users/"+bob, userJSON("ana"))
			p.refused(409, "uniqueness", "PATCH", "/Users/"+bob, patch(`{"op":"replace","path":"userName","value":"ANA"}`))
		}},
		{"7644 3.5.1", "PUT replaces, ignores what is read-only, and answers with the whole", func(t *testing.T, p *provider) {
			id := p.user("ana")
			r := p.want(200, "PUT", "/Users/"+id, `{`+coreUser+`,"id":"other","userName":"ana2","title":"Boss"}`)
			if r.body.Text("id") != id || r.body.Text("title") != "Boss" || r.body.Has("emails") || r.body.Has("externalId") {
				t.Error(r.text)
			}
			p.user("ana") // the name is free again
		}},
		{"7644 3.5.1", "PUT makes nothing", func(_ *testing.T, p *provider) {
			p.want(404, "PUT", "/Users"+"/nobody", userJSON("ana"))
			p.refused(400, "invalidValue", "PUT", "/Users/"+p.user("bob"), `{`+coreUser+`,"title":"x"}`)
		}},
		{"7644 3.6", "what is deleted is 404 from then on, is found no more, and is in nobody's way", func(t *testing.T, p *provider) {
			ana := p.user("ana")
			g := p.group("Staff", ana)
			if r := p.want(204, "DELETE", "/Users/"+ana, ""); r.text != "" {
				t.Error(r.text)
			}
			for _, method := range []string{"GET", "DELETE"} {
				p.want(404, method, "/Users/"+ana, "")
			}
			p.want(404, "PUT", "/Users/"+ana, userJSON("ana"))
			p.want(404, "PATCH", "/Users/"+ana, patch(`{"op":"replace","path":"active","value":true}`))
			if r := p.want(200, "GET", "/Users", ""); total(r) != "0" {
				t.Error(r.text)
			}
			if left := p.members(g); len(left) != 0 {
				t.Error("still a member", left)
			}
			if again := p.user("ana"); again == ana {
				t.Error("the id was given again")
			}
		}},
	}
}

func patchClauses() []clause {
	return []clause{
		{"7644 3.5.2", "a patch names its schema, and knows add, remove and replace", func(_ *testing.T, p *provider) {
			id := p.user("ana")
			p.refused(400, "invalidSyntax", "PATCH", "/Users/"+id, `{"schemas":["urn:x"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`)
			p.refused(400, "invalidSyntax", "PATCH", "/Users/"+id, patch(`{"op":"move","path":"title","value":"x"}`))
		}},
		{"7644 3.5.2", "a patch is carried out whole or not at all", func(t *testing.T, p *provider) {
			id := p.user("ana")
			p.refused(400, "invalidPath", "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"title","value":"Boss"},{"op":"replace","path":"name..x","value":"y"}`))
			if r := p.want(200, "GET", "/Users/"+id, ""); r.body.Has("title") {
				t.Error(r.text)
			}
		}},
		{"7644 3.5.2", "a patch answers 200 with the whole, or 204; with attributes 200", func(t *testing.T, p *provider) {
			ana := p.user("ana")
			g := p.group("Staff")
			if r := p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"add","path":"title","value":"Boss"}`)); r.body.Text("title") != "Boss" {
				t.Error(r.text)
			}
			p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"add","path":"members","value":[{"value":"`+ana+`"}]}`))
			if r := p.want(200, "PATCH", "/Groups/"+g+"?attributes=displayName", patch(`{"op":"replace","path":"displayName","value":"All"}`)); r.body.Text("displayName") != "All" || r.body.Has("members") {
				t.Error(r.text)
			}
		}},
		{"7644 3.5.2.1", "to add what is there already changes nothing, not even the time", func(t *testing.T, p *provider) {
			ana := p.user("ana")
			g := p.group("Staff", ana)
			before := p.want(200, "GET", "/Groups/"+g, "").text
			p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"add","path":"members","value":[{"value":"`+ana+`"}]}`))
			if after := p.want(200, "GET", "/Groups/"+g, "").text; after != before {
				t.Error(before, after)
			}
		}},
		{"7644 3.5.2.2", "remove wants a path", func(_ *testing.T, p *provider) {
			p.refused(400, "noTarget", "PATCH", "/Users/"+p.user("ana"), patch(`{"op":"remove"}`))
		}},
		{"7644 3.5.2.2", "what is required or read-only cannot be removed", func(_ *testing.T, p *provider) {
			id := p.user("ana")
			p.refused(400, "mutability", "PATCH", "/Users/"+id, patch(`{"op":"remove","path":"userName"}`))
			p.refused(400, "mutability", "PATCH", "/Users/"+id, patch(`{"op":"remove","path":"id"}`))
		}},
		{"7644 3.5.2.2", "remove takes the values that a filter chooses, and no others", func(t *testing.T, p *provider) {
			ana, bob := p.user("ana"), p.user("bob")
			g := p.group("Staff", ana, bob)
			p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"remove","path":"members[value eq \"`+ana+`\"]"}`))
			if got := p.members(g); len(got) != 1 || got[0] != bob {
				t.Error(got)
			}
			p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"remove","path":"members"}`))
			if got := p.members(g); len(got) != 0 {
				t.Error(got)
			}
		}},
		{"7644 3.5.2.3", "replace changes one value, several, or a part of one", func(t *testing.T, p *provider) {
			id := p.user("ana")
			r := p.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"name.familyName","value":"New"},{"op":"replace","path":"emails[type eq \"work\"].value","value":"new@example.com"},`+
				`{"op":"replace","path":"`+enterprise+`:department","value":"IT"}`)).body
			if r.Object("name").Text("familyName") != "New" || r.Object("name").Text("givenName") != "ana" || r.Object(enterprise).Text("department") != "IT" ||
				r.List("emails")[0].(*scim.Object).Text("value") != "new@example.com" {
				t.Error(r)
			}
		}},
		{"7644 3.5.2.3", "replace of values that no filter finds is noTarget", func(_ *testing.T, p *provider) {
			p.refused(400, "noTarget", "PATCH", "/Users/"+p.user("ana"), patch(`{"op":"replace","path":"emails[type eq \"fax\"]","value":{"value":"x@example.com"}}`))
		}},
	}
}

func otherClauses() []clause {
	return []clause{
		{"7644 2", "whoever shows no valid token gets 401 with a challenge", func(t *testing.T, p *provider) {
			for _, shown := range []string{"", "Bearer", "Bearer x", "Basic " + p.token, "Bearer " + p.token + "x"} {
				r := p.want(401, "GET", "/Users", "", "Authorization", shown)
				if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
					t.Error(shown, r.header)
				}
			}
			p.want(200, "GET", "/Users", "", "Authorization", "bearer "+p.token)
		}},
		{"7644 3.7, 3.11", "what is not offered is a 501", func(_ *testing.T, p *provider) {
			p.want(501, "POST", "/Bulk", `{}`)
			p.want(501, "GET", "/Me", "")
		}},
		{"7644 3.12", "an error has its schema and its status as a string", func(t *testing.T, p *provider) {
			r := p.want(404, "GET", "/Users"+"/nobody", "")
			if r.body.List("schemas")[0] != scim.ErrorSchema || r.body.Text("status") != "404" || r.body.Text("detail") == "" {
				t.Error(r.text)
			}
		}},
		{"7644 3.12", "a body that is no JSON is invalidSyntax", func(_ *testing.T, p *provider) {
			for _, body := range []string{`{`, `[]`, `"x"`, `{} {}`, `{"a":1,"A":2}`, "\xff", strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50)} {
				p.refused(400, "invalidSyntax", "POST", "/Users", body)
			}
		}},
		{"7644 3.12", "a body that is too large is a 413", func(_ *testing.T, p *provider) {
			p.want(413, "POST", "/Users", `{`+coreUser+`,"userName":"`+strings.Repeat("a", 2<<20)+`"}`)
			p.refused(400, "invalidValue", "POST", "/Users", `{`+coreUser+`,"userName":"`+strings.Repeat("a", 2000)+`"}`)
		}},
		{"7644 4", "the three that describe are there, can be read one by one, and not be searched", func(t *testing.T, p *provider) {
			for path, want := range map[string]string{"/ResourceTypes": "2", "/Schemas": "3"} {
				if r := p.want(200, "GET", path, ""); total(r) != want {
					t.Error(r.text)
				}
				p.want(403, "GET", path+"?filter=id+pr", "")
				p.want(405, "POST", path, "{}")
			}
			p.want(404, "GET", "/Schemas/urn:x", "")
		}},
		{"9110 15.5.6", "methods that are not understood are a 405 with those that are", func(t *testing.T, p *provider) {
			if r := p.want(405, "DELETE", "/Users", ""); r.header.Get("Allow") != "GET, POST" {
				t.Error(r.header)
			}
			p.want(405, "POST", "/Users"+"/x", "{}")
			p.want(404, "GET", "/Users"+"/x/y", "")
			p.want(404, "GET", "/Cats", "")
		}},
	}
}
