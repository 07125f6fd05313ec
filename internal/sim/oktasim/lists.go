package oktasim

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Patterns of the calls, as simhttp counts them.
const (
	Token   = "POST /oauth2/v1/token"
	Users   = "GET /api/v1/users"
	Groups  = "GET /api/v1/groups"
	Members = "GET /api/v1/groups/{groupId}/users"
	Logs    = "GET /api/v1/logs"
)

type object = map[string]any

func (s *Sim) handle() {
	s.Handle(Token, s.token)
	s.Handle(Users, s.guarded("okta.users.read", s.listUsers))
	s.Handle(Groups, s.guarded("okta.groups.read", s.listGroups))
	s.Handle(Members, s.guarded("okta.groups.read", s.listMembers))
	s.Handle(Logs, s.guarded("okta.logs.read", s.listEvents))
	s.Handle("/", func(w http.ResponseWriter, r *http.Request) {
		s.Complain("%s %s is no call that is read here", r.Method, r.URL.Path)
		refuse(w, http.StatusNotFound, "E0000022", "The endpoint does not support the provided HTTP method")
	})
}

// refuse answers with an error (schema Error).
func refuse(w http.ResponseWriter, status int, code, summary string) {
	answer(w, status, object{"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae" + code, "errorCauses": []any{}})
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // made of maps and texts
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// window counts the calls of one kind.
type window struct {
	ends time.Time
	used int
}

// guarded lets a call through that has a right to its scope and finds room in its quota. Refused calls count, too.
func (s *Sim) guarded(scope string, next func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return s.options.Check(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.count(w, r.Pattern) {
			refuse(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
			return
		}
		if s.authorized(w, r, scope) {
			next(w, r)
		}
	}), s.Complain).ServeHTTP
}

// count counts a call and sets the headers that say how many are left. The lock is held.
func (s *Sim) count(w http.ResponseWriter, kind string) bool {
	if s.options.Quota == 0 {
		return true
	}
	now := s.options.Now()
	at, ok := s.windows[kind]
	if !ok || !now.Before(at.ends) {
		at = &window{ends: now.Truncate(time.Second).Add(s.options.Window)}
		s.windows[kind] = at
	}
	at.used++
	w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(s.options.Quota))
	w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(max(0, s.options.Quota-at.used)))
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(at.ends.Unix(), 10))
	return at.used <= s.options.Quota
}

// Spend uses up calls of a kind, as another program would.
func (s *Sim) Spend(kind string, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range calls {
		s.count(discard{http.Header{}}, kind)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// known complains of parameters that the API does not have, and refuses limits that are none.
func (s *Sim) known(w http.ResponseWriter, r *http.Request, names ...string) (url.Values, bool) {
	query := r.URL.Query()
	for name, values := range query {
		if !slices.Contains(names, name) || len(values) != 1 {
			s.Complain("%s with %s=%q", r.URL.Path, name, values)
		}
	}
	if limit := query.Get("limit"); limit != "" {
		if n, err := strconv.Atoi(limit); err != nil || n < 1 {
			refuse(w, http.StatusBadRequest, "E0000001", "Api validation failed: limit")
			return nil, false
		}
	}
	return query, true
}

// listing is what a list gives: the entries, of those by keys that ascend, that there are.
type listing[T any] struct {
	most int // entries of a page
	keys []string
	get  func(key string) (T, bool) // false: not in this list
	show func(T) object
}

// write answers with one page and the links to itself and the next one, each in a header of its own.
func (l listing[T]) write(s *Sim, w http.ResponseWriter, r *http.Request, query url.Values) {
	most := l.most
	if n, err := strconv.Atoi(query.Get("limit")); err == nil {
		most = min(most, n)
	}
	if s.options.Page > 0 {
		most = min(most, s.options.Page)
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("after"))
	if err != nil {
		refuse(w, http.StatusBadRequest, "E0000001", "Api validation failed: after")
		return
	}
	link := func(query url.Values, rel string) {
		w.Header().Add("Link", fmt.Sprintf(`<%s?%s>; rel="%s"`, originOf(r)+r.URL.EscapedPath(), query.Encode(), rel))
	}
	link(query, "self")
	out, last := []object{}, ""
	from, _ := slices.BinarySearch(l.keys, string(after)+"\x00")
	for _, key := range l.keys[from:] {
		entry, ok := l.get(key)
		if !ok {
			continue
		}
		if len(out) == most {
			next := maps.Clone(query)
			next["after"] = []string{base64.RawURLEncoding.EncodeToString([]byte(last))}
			link(next, "next")
			break
		}
		out, last = append(out, l.show(entry)), key
	}
	answer(w, http.StatusOK, out)
}

func originOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// filterable are the attributes that `filter` of users knows (Okta's guide to user query options); search knows all.
func filterable() []string {
	return []string{"status", "lastUpdated", "id", "profile.login", "profile.email", "profile.firstName", "profile.lastName"}
}

// listUsers hides deactivated users unless an expression is given.
func (s *Sim) listUsers(w http.ResponseWriter, r *http.Request) {
	query, ok := s.known(w, r, "filter", "search", "limit", "after", "sortBy", "sortOrder")
	if !ok {
		return
	}
	get, text := s.indexed, query.Get("search")
	var only []string
	if text == "" {
		get, text, only = func(id string) *User { return s.users[id] }, query.Get("filter"), filterable()
	}
	fits := func(u *User) bool { return u.Status != "DEPROVISIONED" }
	if text != "" {
		e, err := parse(text, only)
		if err != nil {
			refuse(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.")
			return
		}
		fits = func(u *User) bool {
			return e.fits(u.value) && (u.Status != "DEPROVISIONED" || strings.Contains(text, `"DEPROVISIONED"`))
		}
	}
	listing[*User]{200, s.order, func(id string) (*User, bool) {
		u := get(id)
		return u, u != nil && fits(u)
	}, func(u *User) object { return u.show(r) }}.write(s, w, r, query)
}

func (s *Sim) listGroups(w http.ResponseWriter, r *http.Request) {
	query, ok := s.known(w, r, "filter", "search", "limit", "after", "expand", "sortBy", "sortOrder", "q")
	if !ok {
		return
	}
	fits := func(*Group) bool { return true }
	if text := cmp.Or(query.Get("search"), query.Get("filter")); text != "" {
		e, err := parse(text, nil)
		if err != nil {
			refuse(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.")
			return
		}
		fits = func(g *Group) bool { return e.fits(g.value) }
	}
	listing[*Group]{10_000, slices.Sorted(maps.Keys(s.groups)), func(id string) (*Group, bool) { return s.groups[id], fits(s.groups[id]) },
		func(g *Group) object { return g.show(r) }}.write(s, w, r, query)
}

func (s *Sim) listMembers(w http.ResponseWriter, r *http.Request) {
	query, ok := s.known(w, r, "limit", "after", "search", "sortBy", "sortOrder")
	if !ok {
		return
	}
	g, ok := s.groups[r.PathValue("groupId")]
	if !ok {
		refuse(w, http.StatusNotFound, "E0000007", "Not found: Resource not found: "+r.PathValue("groupId")+" (UserGroup)")
		return
	}
	listing[*User]{1000, slices.Sorted(maps.Keys(g.members)), func(id string) (*User, bool) {
		u, ok := s.users[id]
		return u, ok
	}, func(u *User) object { return u.show(r) }}.write(s, w, r, query)
}

// listEvents gives the events of a time that ends.
func (s *Sim) listEvents(w http.ResponseWriter, r *http.Request) {
	query, ok := s.known(w, r, "since", "until", "filter", "q", "limit", "sortOrder", "after")
	if !ok {
		return
	}
	since, err1 := time.Parse(time.RFC3339, query.Get("since"))
	until, err2 := time.Parse(time.RFC3339, query.Get("until"))
	if err1 != nil || err2 != nil {
		s.Complain("the system log is asked from %q until %q", query.Get("since"), query.Get("until"))
	}
	fits := func(event) bool { return true }
	if text := query.Get("filter"); text != "" {
		e, err := parse(text, nil)
		if err != nil {
			refuse(w, http.StatusBadRequest, "E0000053", "Invalid filter.")
			return
		}
		fits = func(v event) bool { return e.fits(v.value) }
	}
	known, byID, ids := s.now().Add(-s.options.LogLag), map[string]event{}, []string{}
	for _, v := range s.events {
		if !v.at.Before(since) && v.at.Before(until) && !v.at.After(known) && fits(v) {
			byID[v.id] = v
			ids = append(ids, v.id)
		}
	}
	listing[event]{1000, ids, func(id string) (event, bool) { return byID[id], true }, event.show}.write(s, w, r, query)
}

const stampForm = "2006-01-02T15:04:05.000Z"

func (u *User) show(r *http.Request) object {
	o := object{
		"id": u.ID, "status": u.Status, "created": u.Created.Format(stampForm), "activated": u.Activated.Format(stampForm),
		"statusChanged": u.StatusChanged.Format(stampForm), "lastLogin": u.LastSignIn.Format(stampForm), "lastUpdated": u.Updated.Format(stampForm),
		"passwordChanged": nil, "type": object{"id": "oty00000000000000001"}, "profile": u.Profile,
		"_links": object{"self": object{"href": originOf(r) + "/api/v1/users/" + u.ID}},
	}
	if !strings.Contains(r.Header.Get("Content-Type"), "omitCredentials") {
		o["credentials"] = object{"provider": object{"type": "OKTA", "name": "OKTA"}}
	}
	return o
}

func (u *User) value(name string) any {
	switch name {
	case "id":
		return u.ID
	case "status":
		return u.Status
	case "lastUpdated":
		return u.Updated.Format(stampForm)
	case "created":
		return u.Created.Format(stampForm)
	}
	if attribute, ok := strings.CutPrefix(name, "profile."); ok {
		return u.Profile[attribute]
	}
	return nil
}

func (g *Group) show(r *http.Request) object {
	return object{
		"id": g.ID, "created": g.Created.Format(stampForm), "lastUpdated": g.Updated.Format(stampForm),
		"lastMembershipUpdated": g.Membership.Format(stampForm), "objectClass": []string{"okta:user_group"}, "type": g.Type,
		"profile": object{"name": g.Name, "description": "The group " + g.Name},
		"_links":  object{"users": object{"href": originOf(r) + "/api/v1/groups/" + g.ID + "/users"}},
	}
}

func (g *Group) value(name string) any {
	switch name {
	case "id":
		return g.ID
	case "type":
		return g.Type
	case "profile.name":
		return g.Name
	case "lastUpdated":
		return g.Updated.Format(stampForm)
	case "lastMembershipUpdated":
		return g.Membership.Format(stampForm)
	}
	return nil
}

func (v event) show() object {
	return object{
		"uuid": v.id, "published": v.at.Format(stampForm), "eventType": v.kind, "version": "0", "severity": "INFO", "displayMessage": "Okta user lifecycle",
		"actor":  object{"id": "00u00000000000000000", "type": "User", "alternateId": "admin@example.com", "displayName": "Admin"},
		"target": []object{{"id": v.target, "type": "User", "alternateId": v.login, "displayName": "Somebody"}},
	}
}

func (v event) value(name string) any {
	switch name {
	case "eventType":
		return v.kind
	case "target.id":
		return v.target
	}
	return nil
}
