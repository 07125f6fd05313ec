package okta

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// list reads all pages of a list, one after the other: only Okta knows where the next one is.
func list[T any](r *reading, what, path string, query url.Values, each func([]T) error) error {
	seen := map[string]bool{}
	for address := r.client.address(path, query); address != ""; {
		if seen[address] {
			return fmt.Errorf("%s: a page leads back to an earlier one", what)
		}
		seen[address] = true
		var entries []T
		p, err := r.client.get(r.ctx, address, &entries)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if num(len(entries)) == query.Get("limit") && !p.linked {
			return fmt.Errorf("%s: a full page without any link; something on the way takes the Link header out", what)
		}
		r.count(p, len(entries))
		if err := each(entries); err != nil {
			return err
		}
		address = p.next
	}
	return nil
}

func (r *reading) count(p *page, entries int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.proof.Pages++
	r.proof.Entries += entries
	if r.began.IsZero() || p.date.Before(r.began) {
		r.began = p.date
	}
}

// everyStatus asks for people of all statuses. Without it Okta leaves out those who were deactivated, of whom we must know that they
// were.
func everyStatus() string {
	return `(status eq "` + strings.Join(statuses(), `" or status eq "`) + `")`
}

// after is true of what changed since a moment, or shortly before it.
func (r *reading) after(from *position) string {
	return `lastUpdated gt "` + r.sinceOf(from) + `"`
}

func (r *reading) sinceOf(from *position) string {
	return from.Since.Add(-r.settings.Overlap).UTC().Format("2006-01-02T15:04:05.000Z")
}

// people reads the people. Without an expression of the admin's they come by filter, from the live data; an expression only works by
// search, on an index that lags a little behind.
func (r *reading) people(from *position) error {
	expression := r.settings.People.Filter
	switch {
	case from == nil && expression == "":
		return r.live(everyStatus())
	case from == nil:
		return r.users("search", "("+expression+") and "+everyStatus(), nil)
	case expression == "":
		return r.live(r.after(from) + " and " + everyStatus())
	}
	return r.searched(from, expression)
}

// live reads people by filter. What an org does not take as a filter, it is asked as a search, which takes more: no admin should stand
// there with an expression that is ours.
func (r *reading) live(expression string) error {
	err := r.users("filter", expression, nil)
	if said := new(apiError); !errors.As(err, &said) || said.Status != http.StatusBadRequest {
		return err
	}
	r.env.Log.Debug("reading people by search, as okta does not take the filter", "err", err)
	return r.users("search", expression, nil)
}

// users reads users that fit and states them. Their IDs are taken out of those in left, which may be nil.
func (r *reading) users(how, expression string, left map[string]bool) error {
	query := url.Values{"limit": {usersAtOnce}, how: {expression}}
	return list(r, "users", usersPath, query, func(users []user) error {
		records := make([]*directory.Record, 0, len(users))
		for i := range users {
			records = append(records, r.settings.record(&users[i], r.env.Attributes))
			delete(left, users[i].ID)
			r.notice(users[i].Status)
		}
		return r.puts(records...)
	})
}

// searched finds out who changed and does not fit the admin's expression any more: first who changed at all, then who of them fits. In
// this order nobody is taken for gone whom the index did not yet know.
func (r *reading) searched(from *position, expression string) error {
	left := map[string]bool{}
	query := url.Values{"limit": {usersAtOnce}, "search": {r.after(from) + " and " + everyStatus()}}
	err := list(r, "users", usersPath, query, func(users []user) error {
		for _, u := range users {
			left[u.ID] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.users("search", "("+expression+") and "+r.after(from)+" and "+everyStatus(), left); err != nil {
		return err
	}
	return r.gone(slices.Sorted(maps.Keys(left)))
}

// notice counts people of a status that this program does not know.
func (r *reading) notice(status string) {
	if slices.Contains(statuses(), status) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unknown[status]++
}

func (r *reading) remarks() []string {
	var all []string
	for _, status := range slices.Sorted(maps.Keys(r.unknown)) {
		all = append(all, fmt.Sprintf("%d people have the status %q, which is not known here; they count as active", r.unknown[status], status))
	}
	return all
}

// deleted looks up in the system log who was deleted. A deleted user leaves no other trace.
func (r *reading) deleted(from *position) ([]string, error) {
	query := url.Values{"limit": {eventsAtOnce}, "sortOrder": {"ASCENDING"}, "since": {r.sinceOf(from)},
		"until":  {r.env.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")},
		"filter": {`eventType eq "user.lifecycle.delete.initiated"`}}
	var ids []string
	err := list(r, "system log", logsPath, query, func(events []event) error {
		if len(events) == 0 {
			return errEnd // the log may always link to a next page, for what is still to come
		}
		for _, e := range events {
			for _, target := range e.Target {
				if target.Type == "User" && target.ID != "" {
					ids = append(ids, target.ID)
				}
			}
		}
		return nil
	})
	if errors.Is(err, errEnd) {
		err = nil
	}
	return ids, err
}

// errEnd ends a list that has no last page.
var errEnd = errors.New("the end of the log")

func (r *reading) gone(ids []string) error {
	for _, id := range ids {
		if err := r.puts(&directory.Record{Kind: directory.Gone, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// groups lists all groups, which is one call for a thousand of them. It shows which are gone, and which changed.
func (r *reading) groups() ([]group, error) {
	query := url.Values{"limit": {groupsAtOnce}}
	if search := r.settings.Groups.Filter; search != "" {
		query.Set("search", search)
	}
	kept := []group{}
	err := list(r, "groups", groupsPath, query, func(groups []group) error {
		for _, g := range groups {
			if slices.Contains(r.settings.types(), g.Type) {
				kept = append(kept, g)
			}
		}
		return nil
	})
	return kept, err
}

// changed states the groups that are not as they were, with who is in them, and those that are gone. With nil all are read.
func (r *reading) changed(from *position, groups []group) error {
	var read []*group
	there := make(map[string]bool, len(groups))
	for i := range groups {
		g := &groups[i]
		there[g.ID] = true
		if from == nil || from.Groups[g.ID] != g.stamp() {
			read = append(read, g)
		}
	}
	r.each(read)
	if from == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(from.Groups)) {
		if !there[id] {
			if err := r.gone([]string{id}); err != nil {
				return err
			}
		}
	}
	return nil
}

// each reads the members of groups, as many at a time as calls may be under way, and one more so that no call waits for us.
func (r *reading) each(groups []*group) {
	queue := make(chan *group)
	var workers sync.WaitGroup
	for range min(r.settings.Concurrency+1, len(groups)) {
		workers.Go(func() {
			for g := range queue {
				if err := r.members(g); err != nil {
					r.fail(err)
				}
			}
		})
	}
	for _, g := range groups {
		if r.ctx.Err() != nil {
			break
		}
		queue <- g
	}
	close(queue)
	workers.Wait()
}

// members reads who is in a group and states both. A group that is gone meanwhile is not there.
func (r *reading) members(g *group) error {
	records := []*directory.Record{g.record(), {Kind: directory.MembersFrom, ID: g.ID}}
	path := groupsPath + "/" + url.PathEscape(g.ID) + "/users"
	err := list(r, "members of group "+g.ID, path, url.Values{"limit": {membersAtOnce}}, func(members []member) error {
		for _, m := range members {
			records = append(records, &directory.Record{Kind: directory.MemberIs, ID: g.ID, Member: directory.Ref{Kind: directory.ByID, Value: m.ID}})
		}
		return nil
	})
	switch {
	case missing(err):
		return r.gone([]string{g.ID})
	case err != nil:
		return err
	}
	return r.puts(records...)
}
