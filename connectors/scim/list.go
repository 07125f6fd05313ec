package scim

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/scim"
)

const (
	usualCount = 100
	mostCount  = 1000
	mostBytes  = 8 << 20 // of a page; RFC 7644 section 3.4.2.4 lets us send fewer than were asked for
)

// query is a search (RFC 7644 section 3.4.2).
type query struct {
	filter scim.Filter
	start  int // 1 is the first
	count  int
}

// list searches by the parameters of the address.
func (o *operation) list() (answer, error) {
	values := o.URL.Query()
	q := query{start: 1, count: usualCount}
	var err error
	if text := values.Get("filter"); text != "" {
		if q.filter, err = scim.ParseFilter(text); err != nil {
			return answer{}, err
		}
	}
	for _, p := range []struct {
		name string
		to   *int
	}{{"startIndex", &q.start}, {"count", &q.count}} {
		if text := values.Get(p.name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return answer{}, &scim.Error{Status: http.StatusBadRequest, Type: scim.InvalidValue, Detail: p.name + " is no whole number"}
			}
			*p.to = n
		}
	}
	return o.find(q)
}

// search does the same by a body (RFC 7644 section 3.4.3).
func (o *operation) search(w http.ResponseWriter) (answer, error) {
	data, err := o.body(w, 64<<10)
	if err != nil {
		return answer{}, err
	}
	sent, err := scim.Decode(data, scim.Limits{Bytes: 64 << 10})
	if err != nil {
		return answer{}, err
	}
	q := query{start: 1, count: usualCount}
	if text := sent.Text("filter"); text != "" {
		if q.filter, err = scim.ParseFilter(text); err != nil {
			return answer{}, err
		}
	}
	for name, to := range map[string]*int{"startIndex": &q.start, "count": &q.count} {
		if sent.Get(name) == nil {
			continue
		}
		if *to, err = strconv.Atoi(scim.Text(sent.Get(name))); err != nil {
			return answer{}, &scim.Error{Status: http.StatusBadRequest, Type: scim.InvalidValue, Detail: name + " is no whole number"}
		}
	}
	if o.only, err = scim.Select(texts(sent.List("attributes")), texts(sent.List("excludedAttributes"))); err != nil {
		return answer{}, err
	}
	return o.find(q)
}

func texts(values []any) (all []string) {
	for _, v := range values {
		all = append(all, scim.Text(v))
	}
	return all
}

// find searches. Numbers that make no sense are taken for the nearest that do, as section 3.4.2.4 says.
func (o *operation) find(q query) (answer, error) {
	match, err := q.filter.Matcher(o.kind.typ)
	if err != nil {
		return answer{}, err
	}
	p := &page{operation: o, query: q, match: match}
	p.start, p.count = max(1, q.start), min(max(0, q.count), mostCount)
	if p.searches() { // before a transaction begins: what waits in one keeps the file from being tidied
		release, err := p.turn(o.Context())
		if err != nil {
			return answer{}, err
		}
		defer release()
	}
	if err := o.view(o.Context(), p.fill); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: p.message()}, nil
}

// page is the part of what is found that is sent back.
type page struct {
	*operation
	query
	match scim.Matcher
	total int
	bytes int
	rows  []any
}

// searches says that all resources must be read.
func (p *page) searches() bool {
	if p.filter.IsZero() {
		return false
	}
	for _, name := range []string{"id", "externalId", p.kind.naming()} {
		if _, is := p.filter.Requires(scim.AttrPath{Name: name}); is {
			return false
		}
	}
	return true
}

// fill finds the resources: by an index where the filter names one, else by looking at all.
func (p *page) fill(b *book) error {
	if ids, ok, err := p.indexed(b); ok || err != nil {
		for _, id := range ids {
			data, err := b.shelf.Get(p.kind.key(id))
			if err != nil {
				return err
			}
			if data == nil {
				continue
			}
			if err := p.consider(b, id, data); err != nil {
				return err
			}
		}
		return err
	}
	return p.scan(b)
}

// indexed returns the ids among which everything is that the filter matches; false when there is no index for it.
func (p *page) indexed(b *book) (ids []string, ok bool, err error) {
	if id, is := p.filter.Requires(scim.AttrPath{Name: "id"}); is {
		return []string{id}, true, nil
	}
	if external, is := p.filter.Requires(scim.AttrPath{Name: "externalId"}); is {
		return p.below(b, p.kind.externalKey(external))
	}
	name, is := p.filter.Requires(scim.AttrPath{Name: p.kind.naming()})
	switch {
	case !is:
		return nil, false, nil
	case p.kind.letter == letterOfGroups:
		return p.below(b, p.kind.nameKey(name))
	}
	owner, err := b.shelf.Get(p.kind.nameKey(name))
	if owner == nil || err != nil {
		return nil, true, err
	}
	return []string{string(owner)}, true, nil
}

// below returns the ids at the ends of the keys below a prefix.
func (p *page) below(b *book, prefix string) (ids []string, ok bool, err error) {
	err = b.shelf.Each(prefix, "", func(key string, _ []byte) bool {
		ids = append(ids, strings.TrimPrefix(key, prefix))
		return true
	})
	return ids, true, err
}

// scan looks at all resources. Without a filter it reads only those that are sent.
func (p *page) scan(b *book) error {
	if p.filter.IsZero() {
		p.total = *b.state.count(p.kind)
		if p.count == 0 {
			return nil
		}
	}
	n := 0
	var failed error
	err := b.shelf.Each(p.kind.prefix(), "", func(key string, data []byte) bool {
		if !p.filter.IsZero() {
			failed = p.consider(b, key[len(p.kind.prefix()):], data)
			return failed == nil
		}
		if n++; n < p.start {
			return true
		}
		failed = p.add(b, key[len(p.kind.prefix()):], data)
		return failed == nil && p.room()
	})
	if failed != nil {
		return failed
	}
	return err
}

// turn waits until the list may be searched.
func (p *page) turn(ctx context.Context) (release func(), err error) {
	select {
	case p.scans <- struct{}{}:
		return func() { <-p.scans }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// room says that there is place for another resource.
func (p *page) room() bool { return len(p.rows) < p.count && p.bytes < mostBytes }

// consider counts a resource if it matches, and adds it if it belongs to the page.
func (p *page) consider(b *book, id string, data []byte) error {
	r, err := decodeRow(id, data)
	if err != nil {
		return err
	}
	if p.filter.IsZero() || p.match(p.whole(r)) {
		if p.total++; p.total >= p.start && p.room() {
			return p.append(b, r, len(data))
		}
	}
	return nil
}

func (p *page) add(b *book, id string, data []byte) error {
	r, err := decodeRow(id, data)
	if err != nil {
		return err
	}
	return p.append(b, r, len(data))
}

func (p *page) append(b *book, r *row, size int) error {
	shown, err := p.shown(b, r)
	if err == nil {
		p.rows, p.bytes = append(p.rows, shown), p.bytes+size
	}
	return err
}

// message is the ListResponse.
func (p *page) message() scim.Resource {
	if p.rows == nil {
		p.rows = []any{}
	}
	return scim.NewObject(scim.Field{Name: "schemas", Value: []any{scim.ListSchema}}, number("totalResults", p.total),
		number("itemsPerPage", len(p.rows)), number("startIndex", p.start), scim.Field{Name: "Resources", Value: p.rows})
}
