package entrasim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// reads lets a call through that has a good token with a permission that suffices, and that is not one too many.
func (s *Sim) reads(collection string, next func(w http.ResponseWriter, r *http.Request, c call)) http.HandlerFunc {
	suffice := map[string][]string{
		"users": {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		"groups": {"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All",
			"Directory.ReadWrite.All"},
	}[collection]
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		roles, app, ok := s.caller(r)
		switch {
		case !ok:
			graphError(w, 401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
		case s.tooMany():
			w.Header().Set("Retry-After", "1")
			graphError(w, 429, "TooManyRequests", "Too many requests.")
		case !slices.ContainsFunc(suffice, func(r string) bool { return slices.Contains(roles, r) }):
			graphError(w, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		default:
			next(w, r, call{collection: collection, roles: roles, app: app})
		}
	}
}

// call is who asks for what.
type call struct {
	collection, app string
	roles           []string
}

func graphError(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": map[string]any{"request-id": "00000000-0000-0000-0000-000000000000"}}})
}

// tooMany counts the calls of the last ten seconds.
func (s *Sim) tooMany() bool {
	now := s.options.Now()
	s.recent = slices.DeleteFunc(s.recent, func(t time.Time) bool { return now.Sub(t) >= 10*time.Second })
	if s.options.Limit > 0 && len(s.recent) >= s.options.Limit {
		return true
	}
	s.recent = append(s.recent, now)
	return false
}

// properties returns those that a collection has in the directory's own store (graph/api/resources/user and group).
func properties(collection string) []string {
	if collection == "groups" {
		return []string{"id", "displayName", "description", "mail", "visibility", "groupTypes", "securityEnabled", "mailNickname", "createdDateTime", "members", "owners"}
	}
	return []string{"id", "displayName", "accountEnabled", "userType", "mail", "userPrincipalName", "otherMails", "proxyAddresses", "givenName", "surname", "jobTitle",
		"department", "companyName", "officeLocation", "city", "country", "state", "employeeId", "employeeType", "employeeHireDate", "employeeLeaveDateTime",
		"employeeOrgData", "onPremisesExtensionAttributes", "onPremisesImmutableId", "onPremisesSyncEnabled", "usageLocation", "mobilePhone", "businessPhones",
		"createdDateTime", "preferredLanguage", "manager"}
}

// choose reads $select; names count in whatever case.
func choose(collection, text string) (chosen []string, unknown string) {
	extension := regexp.MustCompile(`^extension_[0-9a-f]{32}_\w+$`)
	for _, name := range strings.Split(text, ",") {
		i := slices.IndexFunc(properties(collection), func(p string) bool { return strings.EqualFold(p, name) })
		switch {
		case i >= 0:
			chosen = append(chosen, properties(collection)[i])
		case collection == "users" && extension.MatchString(name):
			chosen = append(chosen, name)
		default:
			return nil, name
		}
	}
	return chosen, ""
}

// unknownProperty is what Graph answers to a property that the directory does not have.
func unknownProperty(w http.ResponseWriter, collection, name string) {
	if slices.Contains([]string{"skills", "interests", "aboutMe", "birthday", "schools", "hireDate", "mySite"}, name) {
		graphError(w, 501, "NotImplemented", "This operation target is not yet supported.")
		return
	}
	graphError(w, 400, "BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '"+name+"' on type 'microsoft.graph."+strings.TrimSuffix(collection, "s")+"'.")
}

// list answers a question about some ids; it knows no other filter.
func (s *Sim) list(w http.ResponseWriter, r *http.Request, c call) {
	q := r.URL.Query()
	inside, found := strings.CutPrefix(q.Get("$filter"), "id in (")
	ids := regexp.MustCompile(`'([^']*)'`).FindAllStringSubmatch(inside, -1)
	chosen, unknown := choose(c.collection, q.Get("$select"))
	switch {
	case !found:
		s.Complain("a list was asked for by %q", q.Get("$filter"))
		graphError(w, 400, "Request_UnsupportedQuery", "Unsupported Query.")
		return
	case len(ids) > 15:
		graphError(w, 400, "Request_UnsupportedQuery", "Too many child clauses specified in search filter expression containing 'OR' operators: 16. Max allowed: 15.")
		return
	case unknown != "":
		unknownProperty(w, c.collection, unknown)
		return
	}
	values := []any{}
	for _, id := range ids {
		if o := s.objects[id[1]]; o != nil && o.kind+"s" == c.collection {
			values = append(values, s.render(o, o.props, chosen, c, true))
		}
	}
	answer(w, 200, map[string]any{"@odata.context": s.origin + "/v1.0/$metadata#" + c.collection, "value": values})
}

// one shows an object by its id.
func (s *Sim) one(w http.ResponseWriter, r *http.Request, c call) {
	chosen, unknown := choose(c.collection, r.URL.Query().Get("$select"))
	o := s.objects[r.PathValue("id")]
	switch {
	case unknown != "":
		unknownProperty(w, c.collection, unknown)
	case o == nil || o.kind+"s" != c.collection:
		graphError(w, 404, "Request_ResourceNotFound", "Resource '"+r.PathValue("id")+"' does not exist or one of its queried reference-property objects are not present.")
	default:
		shown := s.render(o, o.props, chosen, c, true)
		shown["@odata.context"] = s.origin + "/v1.0/$metadata#" + c.collection + "/$entity"
		answer(w, 200, shown)
	}
}

// render shows an object. A property that was never set is only there when it is asked for outside of a delta, as null.
func (s *Sim) render(o *object, props map[string]any, chosen []string, c call, whole bool) map[string]any {
	out := map[string]any{"id": o.id}
	for _, name := range chosen {
		value, set := props[name]
		switch {
		case name == "id", name == "members", name == "owners", name == "manager":
		case name == "employeeLeaveDateTime" && !slices.Contains(c.roles, "User-LifeCycleInfo.Read.All") && !slices.Contains(c.roles, "User-LifeCycleInfo.ReadWrite.All"):
		case set || whole:
			out[name] = value
		}
	}
	return out
}
