package scimpull

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// mostTries is how often a directory that changes while it is read is read again at once.
const mostTries = 3

// Fetch reads everything, whatever the cursor is. A directory that changes meanwhile is read again from its beginning: the last word about
// each counts then, and who is not there any more is gone.
func (s *source) Fetch(ctx context.Context, _ directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	receipt := directory.Receipt{Coverage: directory.Complete, At: s.env.Now()}
	before := map[string]string{}
	for try := 1; ; try++ {
		r := &reading{source: s, put: put, ids: map[string]string{}}
		err := r.all(ctx)
		receipt.Proof.Pages += r.calls
		if err == nil {
			receipt.Proof.Entries, receipt.Proof.Ignored, receipt.Remarks = len(r.ids), r.ignored, r.remarks()
			if err = r.leave(before); err == nil {
				return receipt, nil
			}
		}
		if !errors.Is(err, errMoved) || try == mostTries {
			return directory.Receipt{}, err
		}
		maps.Copy(before, r.ids)
	}
}

// reading is one try to read everything.
type reading struct {
	*source
	put     func(*directory.Record) error
	calls   int
	ids     map[string]string // what has an id: "User" or "Group"
	without []string          // groups that came without members
	ignored int               // what the filter does not match, and came all the same
	unclear int               // users of whom it is not said whether they are active
}

// leave takes back what was put by a try before and is gone since.
func (r *reading) leave(before map[string]string) error {
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if r.ids[id] == "" {
			if err := r.put(&directory.Record{Kind: directory.Gone, ID: id}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reading) all(ctx context.Context) error {
	if err := r.list(ctx, r.users, r.user); err != nil {
		return err
	}
	if err := r.list(ctx, r.groups, r.group); err != nil {
		return err
	}
	return r.missingMembers(ctx)
}

// list reads all of one kind. What a filter does not match is left out also when the server does not filter.
func (r *reading) list(ctx context.Context, l *list, take func(scim.Resource) error) error {
	calls, err := r.each(ctx, l, func(o scim.Resource) error {
		if !l.wanted(o) {
			r.ignored++
			return nil
		}
		id := o.Text("id")
		if other := r.ids[id]; other != "" && other != l.kind { // RFC 7643 section 3.1
			return fmt.Errorf("the id %q is that of a user and of a group", shorten(id))
		}
		r.ids[id] = l.kind
		return take(o)
	})
	r.calls += calls
	return err
}

func (r *reading) user(o scim.Resource) error {
	p := directory.Record{Kind: directory.PersonIs, ID: o.Text("id"), Email: r.addressOf(o), Name: scim.NameOf(o)}
	switch active, said := scim.Bool(o.Get("active")); {
	case !said && o.Get("active") != nil:
		r.unclear++ // neither yes nor no: what was known stays
		return r.put(&directory.Record{Kind: directory.Unsure, ID: p.ID})
	case said && active:
		p.Active = directory.Yes
	case said:
		p.Active = directory.No
	}
	for i := range r.attributes {
		if values := r.attributes[i].getter.Values(o); len(values) > 0 {
			p.Attrs = append(p.Attrs, directory.Attr{Name: r.attributes[i].name, Values: values})
		}
	}
	return r.put(&p)
}

func (r *reading) addressOf(o scim.Resource) string {
	if r.settings.People.Email == fromEmails {
		if address := scim.AddressOf(o); address != "" {
			return address
		}
	}
	if name := o.Text("userName"); email.Problem(name) == "" {
		return name
	}
	return ""
}

func (r *reading) group(o scim.Resource) error {
	id := o.Text("id")
	if err := r.put(&directory.Record{Kind: directory.GroupIs, ID: id, Name: o.Text("displayName")}); err != nil {
		return err
	}
	if len(o.List("members")) == 0 { // it has none, or the list leaves them out; AWS says [] in a list for either
		r.without = append(r.without, id)
		return nil
	}
	return r.members(o)
}

func (r *reading) members(o scim.Resource) error {
	id := o.Text("id")
	if err := r.put(&directory.Record{Kind: directory.MembersFrom, ID: id}); err != nil {
		return err
	}
	for _, each := range o.List("members") {
		member := memberOf(each)
		if member == "" {
			continue
		}
		if err := r.put(&directory.Record{Kind: directory.MemberIs, ID: id, Member: directory.Ref{Kind: directory.ByID, Value: member}}); err != nil {
			return err
		}
	}
	return nil
}

// memberOf returns the id of a member: its value, else the end of its $ref.
func memberOf(member any) string {
	switch m := member.(type) {
	case string:
		return m
	case *scim.Object:
		if value := m.Text("value"); value != "" {
			return value
		}
		ref := m.Text("$ref")
		return ref[strings.LastIndexByte(ref, '/')+1:]
	}
	return ""
}

// missingMembers asks for each group whose members were left out.
func (r *reading) missingMembers(ctx context.Context) error {
	groups := make([]scim.Resource, len(r.without))
	failed := make([]error, len(r.without))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	next := make(chan int)
	for range min(r.settings.Concurrency, len(r.without)) {
		all.Go(func() {
			for i := range next {
				if groups[i], failed[i] = r.whole(ctx, r.without[i]); failed[i] != nil {
					stop()
				}
			}
		})
	}
	for i := range r.without {
		next <- i
	}
	close(next)
	all.Wait()
	r.calls += len(r.without)
	if err := firstCause(failed); err != nil {
		return err
	}
	for _, g := range groups {
		if err := r.members(g); err != nil {
			return err
		}
	}
	return nil
}

// firstCause prefers an error to the cancellations that followed it.
func firstCause(failed []error) (first error) {
	for _, err := range failed {
		if err != nil && (first == nil || errors.Is(first, context.Canceled)) {
			first = err
		}
	}
	return first
}

// whole reads one group with its members.
func (r *reading) whole(ctx context.Context, id string) (scim.Resource, error) {
	o, err := r.client.get(ctx, r.groups.path+"/"+url.PathEscape(id), nil)
	var said *apiError
	switch {
	case errors.As(err, &said) && said.status == http.StatusNotFound:
		return nil, errMoved // gone since the list was read
	case err != nil:
		return nil, err
	case o.Text("id") != id:
		return nil, fmt.Errorf("asked for the group %q, the server gives another", shorten(id))
	}
	return o, nil
}

func (r *reading) remarks() (all []string) {
	if r.ignored > 0 {
		all = append(all, fmt.Sprintf("the service provider gave %d that the filter does not match; they are left out", r.ignored))
	}
	if r.unclear > 0 {
		all = append(all, fmt.Sprintf("%d users are neither active nor not (active is no boolean), and stay as before", r.unclear))
	}
	return inOrder(all)
}
