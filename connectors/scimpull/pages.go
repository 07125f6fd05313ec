package scimpull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// errMoved says that what is being read changed meanwhile, or that the server does not keep to one order. It is worth another try.
var errMoved = errors.New("the directory changed while it was read, or keeps to no order")

// list is where resources of one kind are, and which of them are wanted.
type list struct {
	path, kind string
	filter     string
	wanted     scim.Matcher
}

func newList(path, kind, filter string, t *scim.Type) (*list, error) {
	l := &list{path: path, kind: kind, filter: filter, wanted: func(scim.Resource) bool { return true }}
	if filter == "" {
		return l, nil
	}
	parsed, err := scim.ParseFilter(filter)
	if err != nil {
		return nil, err
	}
	l.wanted, err = parsed.Matcher(t)
	return l, err
}

// page is one answer to a query (RFC 7644 section 3.4.2.4).
type page struct {
	total     int
	resources []scim.Resource
}

// page asks for count resources from the one of a number, which counts from 1.
func (c *client) page(ctx context.Context, l *list, start, count int) (*page, error) {
	query := url.Values{"startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(count)}}
	if l.filter != "" {
		query.Set("filter", l.filter)
	}
	o, err := c.get(ctx, l.path, query)
	if err != nil {
		return nil, err
	}
	p := &page{}
	var said bool
	if p.total, said = whole(o.Get("totalResults")); !said {
		return nil, fmt.Errorf("the answer to %s has no totalResults, so nobody knows how many there are", l.path)
	}
	for _, each := range o.List("Resources") {
		r, ok := each.(*scim.Object)
		if !ok || r.Text("id") == "" {
			return nil, fmt.Errorf("something in the answer to %s has no id", l.path)
		}
		p.resources = append(p.resources, r)
	}
	return p, nil
}

// whole reads a number that is one of a list.
func whole(value any) (int, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(string(n))
	return i, err == nil && i >= 0
}

// each hands over all resources of a list, and returns how many calls that took. Each page begins with the resource that ended the one
// before: if it does not, somebody before it came or went, and the rest has moved up or down, so that somebody would have been read
// twice or never. Servers may give fewer than they are asked for, and say how many there are in all.
func (s *source) each(ctx context.Context, l *list, take func(scim.Resource) error) (calls int, err error) {
	ctx, stop := context.WithCancel(ctx)
	ahead := &pager{source: s, list: l, pages: map[int]chan fetched{}}
	defer func() { // nothing is asked for any more when this has ended
		stop()
		ahead.all.Wait()
		calls = int(ahead.calls.Load())
	}()
	seen := map[string]bool{}
	last, total := "", -1
	for start := 1; ; {
		p, err := ahead.page(ctx, start)
		if err != nil {
			return calls, err
		}
		if total >= 0 && p.total != total {
			return calls, errMoved
		}
		total = p.total
		fresh := p.resources
		if last != "" {
			if len(fresh) == 0 || fresh[0].Text("id") != last {
				return calls, errMoved
			}
			fresh = fresh[1:]
		}
		if last, err = takeAll(fresh, seen, last, take); err != nil {
			return calls, err
		}
		switch {
		case len(seen) == total:
			return calls, nil
		case len(seen) > total:
			return calls, fmt.Errorf("%s has %d resources, and the server counts %d", l.path, len(seen), total)
		case len(fresh) == 0:
			return calls, fmt.Errorf("%s ends after %d resources, and the server counts %d", l.path, len(seen), total)
		}
		start = len(seen)
		if len(p.resources) == 1 { // a server that gives one at a time leaves no room for the last of before
			start, last = start+1, ""
		}
	}
}

func takeAll(fresh []scim.Resource, seen map[string]bool, last string, take func(scim.Resource) error) (string, error) {
	for _, r := range fresh {
		last = r.Text("id")
		if seen[last] {
			return "", errMoved
		}
		seen[last] = true
		if err := take(r); err != nil {
			return "", err
		}
	}
	return last, nil
}
