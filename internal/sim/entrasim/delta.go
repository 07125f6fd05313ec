package entrasim

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// position is what a token of a link stands for.
type position struct {
	call
	chosen  []string
	only    []string // ids, when there is a filter
	born    time.Time
	expired bool
	since   int    // events that were told: of a deltaLink
	items   []item // still to come: of a nextLink
	ends    int    // events that will have been told after them
	pages   int
}

// item is one entry of a page to come.
type item struct {
	id      string
	stale   bool     // show it as it was
	props   []string // show these only; nil: all
	members []string
	went    map[string]bool
}

// delta answers GET /users/delta and /groups/delta.
func (s *Sim) delta(w http.ResponseWriter, r *http.Request, c call) {
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains([]string{"$select", "$filter", "$deltatoken", "$skiptoken"}, name) {
			s.Complain("a delta was asked for with %s", name)
		}
	}
	token := q.Get("$deltatoken") + q.Get("$skiptoken")
	if token == "" {
		s.begin(w, q, c)
		return
	}
	if q.Has("$select") || q.Has("$filter") {
		s.Complain("a token was used with $select or $filter, which it has in itself")
	}
	p := s.positions[token]
	switch {
	case p == nil || p.collection != c.collection:
		graphError(w, 400, "BadRequest", "Badly formed token.")
	case p.app != c.app:
		s.Complain("a position of one application was used by another")
		graphError(w, 400, "BadRequest", "Badly formed token.")
	case p.expired || s.options.Now().Sub(p.born) >= 7*24*time.Hour:
		s.resync(w, c)
	case p.items == nil && q.Has("$deltatoken"):
		p.call.roles = c.roles
		s.page(w, s.round(p))
	default:
		p.call.roles = c.roles
		s.page(w, p)
	}
}

// resync says that everything is to be read again.
func (s *Sim) resync(w http.ResponseWriter, c call) {
	if s.options.Habits.Code400 {
		graphError(w, 400, "syncStateNotFound", "The sync state generation is not found; a full synchronization is required.")
		return
	}
	w.Header().Set("Location", s.origin+"/v1.0/"+c.collection+"/delta?$deltatoken=")
	graphError(w, 410, "resyncRequired", "Resync required. Replace any local items with the server's version.")
}

// begin starts a first read.
func (s *Sim) begin(w http.ResponseWriter, q url.Values, c call) {
	chosen, unknown := choose(c.collection, q.Get("$select"))
	if unknown != "" {
		unknownProperty(w, c.collection, unknown)
		return
	}
	p := &position{call: c, chosen: chosen, ends: len(s.log)}
	for _, m := range regexp.MustCompile(`id eq '([^']+)'`).FindAllStringSubmatch(q.Get("$filter"), -1) {
		p.only = append(p.only, m[1])
	}
	if q.Has("$filter") && (len(p.only) == 0 || len(p.only) > 50) {
		graphError(w, 400, "Request_UnsupportedQuery", "Unsupported Query.")
		return
	}
	kind := strings.TrimSuffix(c.collection, "s")
	for _, id := range slices.Sorted(maps.Keys(s.objects)) {
		if o := s.objects[id]; o.kind == kind && p.wants(id) {
			p.items = append(p.items, s.whole(o)...)
		}
	}
	if s.options.Habits.Leftovers {
		for _, id := range slices.Sorted(maps.Keys(s.bin)) {
			if s.bin[id].kind == kind && p.wants(id) {
				p.items = append(p.items, item{id: id})
			}
		}
	}
	s.page(w, p)
}

func (p *position) wants(id string) bool { return p.only == nil || slices.Contains(p.only, id) }

// whole is an object of a first read: a large group in several parts.
func (s *Sim) whole(o *object) []item {
	var out []item
	if s.options.Habits.Duplicates && o.before != nil {
		out = append(out, item{id: o.id, stale: true})
	}
	return append(out, s.parts(item{id: o.id, members: slices.Clone(o.members)})...)
}

// parts cuts an object with many members into as many entries as they need.
func (s *Sim) parts(it item) []item {
	var out []item
	for members := it.members; ; members = members[s.options.MemberPage:] {
		part := it
		if part.members = members; len(members) <= s.options.MemberPage {
			return append(out, part)
		}
		part.members = members[:s.options.MemberPage]
		out = append(out, part)
	}
}

// round works out what happened since a position.
func (s *Sim) round(old *position) *position {
	p := &position{call: old.call, chosen: old.chosen, only: old.only, ends: len(s.log), items: []item{}}
	at := map[string]int{}
	for _, e := range s.log[old.since:] {
		if !p.concerns(e) {
			continue
		}
		i, seen := at[e.id]
		if !seen {
			i = len(p.items)
			at[e.id] = i
			p.items = append(p.items, item{id: e.id, went: map[string]bool{}, props: []string{}})
		}
		p.items[i].add(e, s.options.Habits.Partial)
	}
	changed := p.items
	p.items = []item{}
	if s.options.Habits.Duplicates {
		p.items = stale(changed)
	}
	for _, it := range changed {
		it.settle(s)
		p.items = append(p.items, s.parts(it)...)
	}
	return p
}

// concerns says whether an event shows in a delta: of its kind, in its scope, and of a property that it tracks.
func (p *position) concerns(e event) bool {
	if !p.wants(e.id) || e.kind+"s" != p.collection {
		return false
	}
	switch {
	case e.member != "":
		return slices.Contains(p.chosen, "members")
	case e.whole || e.gone != "":
		return true
	}
	return slices.ContainsFunc(e.props, func(name string) bool { return slices.Contains(p.chosen, name) })
}

// add notes one more event of an object.
func (it *item) add(e event, partial bool) {
	switch {
	case e.member != "":
		it.went[e.member] = true
		if !slices.Contains(it.members, e.member) {
			it.members = append(it.members, e.member)
		}
	case e.whole || !partial:
		it.props = nil
	case it.props != nil:
		it.props = append(it.props, e.props...)
	}
	if e.member != "" && !partial {
		it.props = nil
	}
}

// settle says who of the members came and who went, as it is now.
func (it *item) settle(s *Sim) {
	o := s.objects[it.id]
	if o == nil {
		return
	}
	for _, m := range it.members {
		it.went[m] = !slices.Contains(o.members, m)
	}
}

// stale lets every object come as it was, long before it comes as it is.
func stale(items []item) []item {
	var out []item
	for _, it := range items {
		out = append(out, item{id: it.id, stale: true})
	}
	return out
}

// page sends as much as fits and a link to the rest.
func (s *Sim) page(w http.ResponseWriter, p *position) {
	values, again := []any{}, *p // the same link may be asked for twice
	p = &again
	p.pages++
	rest := p.items
	if !s.options.Habits.EmptyPages || p.pages%2 == 0 || len(rest) == 0 {
		values, rest = s.fill(p)
	}
	body := map[string]any{"@odata.context": s.origin + "/v1.0/$metadata#" + p.collection, "value": values}
	next := *p
	next.items, next.born = rest, s.options.Now()
	if len(rest) > 0 {
		body["@odata.nextLink"] = s.link(&next, "$skiptoken")
	} else {
		next.items, next.since, next.pages = nil, p.ends, 0
		body["@odata.deltaLink"] = s.link(&next, "$deltatoken")
	}
	answer(w, 200, body)
}

func (s *Sim) fill(p *position) (values []any, rest []item) {
	values, rest = []any{}, p.items
	members := 0
	for len(rest) > 0 && len(values) < s.options.PageSize {
		if members += len(rest[0].members); members > s.options.MemberPage && len(values) > 0 {
			break
		}
		values = append(values, s.show(p, rest[0]))
		rest = rest[1:]
	}
	return values, rest
}

func (s *Sim) link(p *position, name string) string {
	token := rand.Text()
	s.positions[token] = p
	return fmt.Sprintf("%s/v1.0/%s/delta?%s=%s", s.origin, p.collection, name, token)
}

// show is an item as it is when the page is asked for.
func (s *Sim) show(p *position, it item) map[string]any {
	o := s.objects[it.id]
	if o == nil {
		reason := "deleted"
		if s.bin[it.id] != nil {
			reason = "changed"
		}
		return map[string]any{"id": it.id, "@removed": map[string]any{"reason": reason}}
	}
	chosen, props := p.chosen, o.props
	if it.props != nil {
		chosen = it.props
	}
	if it.stale && o.before != nil {
		props = o.before
	}
	shown := s.render(o, props, chosen, p.call, false)
	if it.props != nil { // what is not chosen does not show, also among what changed
		maps.DeleteFunc(shown, func(name string, _ any) bool { return name != "id" && !slices.Contains(p.chosen, name) })
	}
	if len(it.members) > 0 && slices.Contains(p.chosen, "members") {
		shown["members@delta"] = s.showMembers(it)
	}
	return shown
}

func (s *Sim) showMembers(it item) []any {
	var out []any
	for _, id := range it.members {
		kind := "user"
		for _, where := range []map[string]*object{s.objects, s.bin} {
			if o := where[id]; o != nil {
				kind = o.kind
			}
		}
		m := map[string]any{"@odata.type": "#microsoft.graph." + kind, "id": id}
		if it.went[id] {
			m["@removed"] = map[string]any{"reason": "deleted"}
		}
		out = append(out, m)
	}
	return out
}
