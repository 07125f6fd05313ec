package googlesim

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenLife is how long a page token is good ("The page token is only valid for three days.").
const tokenLife = 72 * time.Hour

// row is one object with what it is sorted by.
type row struct {
	key  string
	body func() map[string]any
}

// page cuts the page that a request asks for out of all rows, which are sorted here.
func (s *Sim) page(r *http.Request, rows []row, most int) ([]any, string, *failure) {
	q := r.URL.Query()
	size, fail := pageSize(q, most)
	if fail != nil {
		return nil, "", fail
	}
	if s.habits.PageSize > 0 {
		size = min(size, s.habits.PageSize)
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.key, b.key) })
	at, fail := s.position(r.URL.Path, q)
	if fail != nil {
		return nil, "", fail
	}
	begin := 0
	if at != nil {
		begin, _ = slices.BinarySearchFunc(rows, at.After+"\x00", func(r row, key string) int { return cmp.Compare(r.key, key) })
		if s.habits.EmptyPages && !at.Empty {
			return nil, s.pageToken(r.URL.Path, q, position{After: at.After, Empty: true}), nil
		}
		if s.habits.Repeat && begin > 0 {
			begin--
			size++
		}
	}
	end := min(begin+size, len(rows))
	all := make([]any, 0, end-begin)
	for _, one := range rows[begin:end] {
		all = append(all, one.body())
	}
	if end == len(rows) {
		return all, "", nil
	}
	return all, s.pageToken(r.URL.Path, q, position{After: rows[end-1].key}), nil
}

func pageSize(q url.Values, most int) (int, *failure) {
	text := q.Get("maxResults")
	if text == "" {
		return min(most, 200), nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 1 || size > most {
		return 0, badRequest("Invalid Input: maxResults")
	}
	return size, nil
}

// position is what a page token says: where it goes on, in which list, and since when.
type position struct {
	After  string
	Empty  bool
	Query  string
	Issued int64
	Era    int
}

func (s *Sim) pageToken(path string, q url.Values, p position) string {
	p.Query, p.Issued, p.Era = shapeOf(path, q), s.now().Unix(), s.era
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts
	}
	return base64.URLEncoding.EncodeToString(text)
}

func (s *Sim) position(path string, q url.Values) (*position, *failure) {
	token := q.Get("pageToken")
	if token == "" {
		return nil, nil
	}
	var p position
	text, err := base64.URLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(text, &p) != nil || p.Query != shapeOf(path, q) || p.Era != s.era || s.now().Sub(time.Unix(p.Issued, 0)) > tokenLife {
		return nil, badRequest("Invalid Input: pageToken")
	}
	return &p, nil
}

// shapeOf is what must not change from page to page.
func shapeOf(path string, q url.Values) string {
	rest := maps.Clone(q)
	rest.Del("pageToken")
	sum := sha256.Sum256([]byte(path + "?" + rest.Encode()))
	return base64.StdEncoding.EncodeToString(sum[:8])
}

func etag(body any) string {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps of plain values
	}
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// whose checks that a list says of which account or domain.
func (s *Sim) whose(q url.Values) (domain string, fail *failure) {
	customer, domain := q.Get("customer"), strings.ToLower(q.Get("domain"))
	switch {
	case customer == "" && domain == "" || customer != "" && domain != "":
		return "", badRequest("Bad Request: either customer or domain must be given")
	case customer != "" && customer != "my_customer" && customer != s.customer:
		return "", notFound("customer")
	case domain != "" && !s.hasDomain(domain):
		return "", notFound("domain")
	}
	return domain, nil
}

// hasDomain is so of example.com, and of every domain that somebody has an address in.
func (s *Sim) hasDomain(domain string) bool {
	if domain == "example.com" {
		return true
	}
	for _, u := range s.users {
		if strings.HasSuffix(u.Email, "@"+domain) {
			return true
		}
	}
	return false
}

func (s *Sim) listUsers(r *http.Request) (any, *failure) {
	q := r.URL.Query()
	domain, fail := s.whose(q)
	if fail != nil {
		return nil, fail
	}
	clauses, err := parseQuery(q.Get("query"))
	if err != nil {
		return nil, badRequest("Invalid Input: query")
	}
	if q.Get("customFieldMask") != "" && q.Get("projection") != "custom" {
		return nil, badRequest("Invalid Input: customFieldMask")
	}
	var rows []row
	for _, u := range s.users {
		if u.Deleted.IsZero() == (q.Get("showDeleted") == "true") || s.now().Sub(u.Deleted) > 20*24*time.Hour && !u.Deleted.IsZero() {
			continue
		}
		if domain == "" || strings.HasSuffix(strings.ToLower(u.Email), "@"+domain) {
			if clauses.match(u) {
				rows = append(rows, row{u.Email + " " + u.ID, func() map[string]any { return s.user(u, q) }})
			}
		}
	}
	return s.list(r, "users", rows, 500)
}

func (s *Sim) getUser(r *http.Request) (any, *failure) {
	u := s.byAddress(r.PathValue("userKey"))
	if u == nil {
		return nil, notFound("userKey")
	}
	return s.user(u, r.URL.Query()), nil
}

func (s *Sim) getGroup(r *http.Request) (any, *failure) {
	g := s.groupOf(r.PathValue("groupKey"))
	if g == nil {
		return nil, notFound("groupKey")
	}
	return g.body(), nil
}

func (s *Sim) list(r *http.Request, kind string, rows []row, most int) (any, *failure) {
	all, next, fail := s.page(r, rows, most)
	if fail != nil {
		return nil, fail
	}
	answer := map[string]any{"kind": "admin#directory#" + kind, "etag": etag(all)}
	if len(all) > 0 { // an empty list is not there at all
		answer[kind] = all
	}
	if next != "" {
		answer["nextPageToken"] = next
	}
	return answer, nil
}

// user is the User resource as a projection shows it.
func (s *Sim) user(u *User, q url.Values) map[string]any {
	body := map[string]any{
		"kind": "admin#directory#user", "id": u.ID, "primaryEmail": u.Email, "customerId": s.customer, "orgUnitPath": u.Unit,
		"name":      map[string]any{"givenName": u.Given, "familyName": u.Family, "fullName": strings.TrimSpace(u.Given + " " + u.Family)},
		"suspended": u.Suspended, "archived": u.Archived, "isAdmin": u.Admin,
		"emails": []any{map[string]any{"address": u.Email, "primary": true}},
	}
	if len(u.Aliases) > 0 {
		body["aliases"] = slices.Clone(u.Aliases)
	}
	maps.Copy(body, u.Fields)
	if custom := s.custom(u, q); len(custom) > 0 {
		body["customSchemas"] = custom
	}
	if !u.Deleted.IsZero() {
		body["deletionTime"] = u.Deleted.UTC().Format(time.RFC3339)
	}
	if s.habits.BareUsers {
		maps.DeleteFunc(body, func(_ string, v any) bool { return v == false || v == "" })
	}
	body["etag"] = etag(body)
	return body
}

func (s *Sim) custom(u *User, q url.Values) map[string]any {
	shown := map[string]any{}
	wanted := strings.Split(q.Get("customFieldMask"), ",")
	for schema, fields := range u.Custom {
		if q.Get("projection") == "full" || q.Get("projection") == "custom" && slices.Contains(wanted, schema) {
			shown[schema] = fields
		}
	}
	return shown
}

func (s *Sim) listGroups(r *http.Request) (any, *failure) {
	q := r.URL.Query()
	domain, fail := s.whose(q)
	if fail != nil {
		return nil, fail
	}
	clauses, err := parseQuery(q.Get("query"))
	if err != nil {
		return nil, badRequest("Invalid Input: query")
	}
	var rows []row
	for _, g := range s.groups {
		if (domain == "" || strings.HasSuffix(strings.ToLower(g.Email), "@"+domain)) && clauses.matchGroup(g) {
			rows = append(rows, row{g.Email, g.body})
		}
	}
	return s.list(r, "groups", rows, 200)
}

// body is the Group resource. Groups in the group do not count in directMembersCount.
func (g *Group) body() map[string]any {
	people := 0
	for _, m := range g.Members {
		if m.Type == "USER" {
			people++
		}
	}
	return map[string]any{"kind": "admin#directory#group", "id": g.ID, "email": g.Email, "name": g.Name,
		"directMembersCount": strconv.Itoa(people), "adminCreated": true, "etag": etag(g.ID + g.Name)}
}

func (s *Sim) listMembers(r *http.Request) (any, *failure) {
	g := s.groupOf(r.PathValue("groupKey"))
	if g == nil {
		return nil, notFound("groupKey")
	}
	var roles []string
	if text := r.URL.Query().Get("roles"); text != "" {
		roles = strings.Split(text, ",")
	}
	for _, role := range roles {
		if !slices.Contains([]string{"OWNER", "MANAGER", "MEMBER"}, role) {
			return nil, badRequest("Invalid Input: roles")
		}
	}
	var rows []row
	for i, m := range g.Members {
		if roles != nil && !slices.Contains(roles, m.Role) {
			continue
		}
		rows = append(rows, row{fmt.Sprintf("%06d", i), func() map[string]any { return s.memberBody(m) }})
	}
	return s.list(r, "members", rows, 200)
}

// memberBody is the Member resource. Address and status are those of its user: "If the email address is changed, the API automatically
// reflects the email address changes."
func (s *Sim) memberBody(m Member) map[string]any {
	if u := s.users[m.ID]; u != nil {
		if m.Email = u.Email; u.Suspended {
			m.Status = "SUSPENDED"
		}
	}
	if g := s.groups[m.ID]; g != nil {
		m.Email = g.Email
	}
	body := map[string]any{"kind": "admin#directory#member", "role": m.Role, "type": m.Type}
	for key, value := range map[string]string{"id": m.ID, "email": m.Email, "status": m.Status} {
		if value != "" {
			body[key] = value
		}
	}
	body["etag"] = etag(body)
	return body
}

func (s *Sim) listUnits(r *http.Request) (any, *failure) {
	if c := r.PathValue("customerId"); c != "my_customer" && c != s.customer {
		return nil, notFound("customerId")
	}
	q := r.URL.Query()
	base := cmp.Or(q.Get("orgUnitPath"), "/")
	if base != "/" && !slices.ContainsFunc(slices.Collect(maps.Values(s.units)), func(u *Unit) bool { return u.Path == base }) {
		return nil, notFound("orgUnitPath")
	}
	var rows []row
	for _, u := range s.units {
		if !unitWanted(u.Path, base, q.Get("type")) {
			continue
		}
		rows = append(rows, row{u.Path, u.body})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.key, b.key) })
	answer := map[string]any{"kind": "admin#directory#orgUnits", "etag": etag(len(rows))}
	var all []any
	for _, one := range rows {
		all = append(all, one.body())
	}
	if len(all) > 0 {
		answer["organizationUnits"] = all
	}
	return answer, nil
}

// body is the OrgUnit resource.
func (u *Unit) body() map[string]any {
	body := map[string]any{"kind": "admin#directory#orgUnit", "orgUnitId": u.ID, "orgUnitPath": u.Path, "name": path.Base(u.Path), "etag": etag(u.ID)}
	if u.Path != "/" {
		body["parentOrgUnitPath"] = path.Dir(u.Path)
	}
	return body
}

func unitWanted(unit, base, kind string) bool {
	below := unit != base && strings.HasPrefix(unit, strings.TrimSuffix(base, "/")+"/")
	switch kind {
	case "all":
		return below
	case "allIncludingParent":
		return below || unit == base
	}
	return below && path.Dir(unit) == base
}
