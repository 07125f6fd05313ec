package google

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/googleapi"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// allGroups reads the groups and has the members of each read; then those of groups that are members and were not asked for, until
// there are no more.
func (r *reading) allGroups(ctx context.Context) error {
	defer close(r.jobs)
	s := &r.source.settings
	call := r.api.Groups.List().MaxResults(mostGroups).Fields("kind", "nextPageToken", "groups(id,email,name)")
	if s.Domain != "" {
		call = call.Domain(s.Domain)
	} else {
		call = call.Customer(cmp.Or(s.Customer, "my_customer"))
	}
	if s.Groups.Filter != "" {
		call = call.Query(s.Groups.Filter)
	}
	for {
		page, err := answer(call.Context(ctx).Do())
		if err != nil {
			return fmt.Errorf("list groups: %w", explain(err, admin.AdminDirectoryGroupReadonlyScope))
		}
		if err := ofKind(page.Kind, "groups"); err != nil {
			return err
		}
		if err := r.takeGroups(ctx, page.Groups); err != nil {
			return err
		}
		if page.NextPageToken == "" {
			return r.follow(ctx)
		}
		call = call.PageToken(page.NextPageToken)
	}
}

// takeGroups puts a page of groups and hands out the reading of their members.
func (r *reading) takeGroups(ctx context.Context, page []*admin.Group) error {
	fresh := page[:0]
	for _, g := range page {
		if g.Id == "" {
			return errors.New("a group has no id")
		}
		if r.learn(g.Id) {
			fresh = append(fresh, g)
		}
	}
	err := r.hand(ctx, func() error {
		r.proof.Pages++
		for _, g := range fresh {
			r.proof.Entries++
			if err := r.put(&directory.Record{Kind: directory.GroupIs, ID: g.Id, Email: g.Email, Name: g.Name}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := 0; i < len(fresh) && err == nil; i++ {
		err = r.handOut(ctx, job{id: fresh[i].Id, address: fresh[i].Email})
	}
	return err
}

// learn notes that a group is read, and says whether that is news.
func (r *reading) learn(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	news := !r.known[id]
	r.known[id] = true
	delete(r.nested, id)
	return news
}

func (r *reading) handOut(ctx context.Context, j job) error {
	r.open.Add(1)
	select {
	case r.jobs <- j:
		return nil
	case <-ctx.Done():
		r.open.Done()
		return context.Cause(ctx)
	}
}

// follow reads groups in groups that the search did not bring: of another domain, or by another name.
func (r *reading) follow(ctx context.Context) error {
	for {
		r.open.Wait()
		r.mu.Lock()
		var further []job
		for _, j := range r.nested {
			further = append(further, j)
		}
		r.mu.Unlock()
		if len(further) == 0 {
			return nil
		}
		for _, j := range further {
			r.learn(j.id)
			if err := r.handOut(ctx, j); err != nil {
				return err
			}
		}
	}
}

// allMembers reads member lists as they are handed out.
func (r *reading) allMembers(ctx context.Context) error {
	for j := range r.jobs {
		err := r.membersOf(ctx, j)
		r.open.Done()
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) membersOf(ctx context.Context, j job) error {
	call := r.api.Members.List(j.id).MaxResults(mostMembers).Fields("kind", "nextPageToken", "members(id,email,type,status)")
	if roles := r.source.settings.Groups.Roles; len(roles) > 0 {
		call = call.Roles(strings.ToUpper(strings.Join(roles, ",")))
	}
	for first := true; ; first = false {
		page, err := answer(call.Context(ctx).Do())
		if shut, why := closed(j, err); shut {
			return r.hand(ctx, func() error { return r.putClosed(j, why) })
		}
		if err != nil {
			return fmt.Errorf("list the members of %s: %w", j.address, explain(err, admin.AdminDirectoryGroupReadonlyScope))
		}
		if err := ofKind(page.Kind, "members"); err != nil {
			return err
		}
		r.noteNested(page.Members)
		if err := r.hand(ctx, func() error { return r.putMembers(j, first, page.Members) }); err != nil {
			return err
		}
		if page.NextPageToken == "" {
			return nil
		}
		call = call.PageToken(page.NextPageToken)
	}
}

// closed says that a group is not there any more, or that it is another organization's and may not be seen into.
func closed(j job, err error) (bool, int) {
	var no *googleapi.Error
	if !errors.As(err, &no) {
		return false, 0
	}
	return no.Code == 404 || j.followed && no.Code == 403 && explainable(no), no.Code
}

// explainable is so of a refusal that is about this group, and not about our login.
func explainable(no *googleapi.Error) bool {
	return len(no.Errors) > 0 && (no.Errors[0].Reason == "forbidden" || no.Errors[0].Reason == "notAuthorized")
}

// putClosed keeps what was known of such a group.
func (r *reading) putClosed(j job, code int) error {
	if j.followed {
		r.remark("the members of %s, which is in other groups, cannot be read (%d): what was known of them stays", j.address, code)
	}
	return r.put(&directory.Record{Kind: directory.Unsure, ID: j.id})
}

// noteNested remembers groups that are members, in case nobody lists them.
func (r *reading) noteNested(page []*admin.Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range page {
		if m.Type == "GROUP" && m.Id != "" && !r.known[m.Id] {
			r.nested[m.Id] = job{id: m.Id, address: m.Email, followed: true}
		}
	}
}

// stranger is a member with an id that may be of nobody who is read here, but of somebody whom another source knows by the address.
type stranger struct{ group, id, address string }

func (r *reading) putMembers(j job, first bool, page []*admin.Member) error {
	r.proof.Pages++
	if first && j.followed {
		if err := r.put(&directory.Record{Kind: directory.GroupIs, ID: j.id, Email: j.address, Name: j.address}); err != nil {
			return err
		}
	}
	if first {
		if err := r.put(&directory.Record{Kind: directory.MembersFrom, ID: j.id}); err != nil {
			return err
		}
	}
	for _, m := range page {
		if err := r.putMember(j, m); err != nil {
			return err
		}
	}
	return nil
}

// putMember says who is in a group. Whether a user of ours is suspended is said by the user; of others only the entry says it.
//
//	USER, EXTERNAL  with an id: that one. Who is not read here is looked for by address, also in other sources, unless suspended
//	                without one: by address
//	GROUP           that group
//	CUSTOMER        everybody of the account
func (r *reading) putMember(j job, m *admin.Member) error {
	switch {
	case m.Type == "CUSTOMER" && m.Id != "":
		r.everybody[m.Id] = append(r.everybody[m.Id], j.id)
		return nil
	case m.Id != "":
		if m.Type != "GROUP" && m.Email != "" && m.Status != "SUSPENDED" && !r.people[m.Id] {
			r.strangers = append(r.strangers, stranger{j.id, m.Id, m.Email})
		}
		return r.put(memberByID(j.id, m.Id))
	case m.Email != "" && m.Status != "SUSPENDED":
		return r.put(memberByMail(j.id, m.Email))
	}
	r.proof.Ignored++
	return nil
}

func memberByMail(group, address string) *directory.Record {
	return &directory.Record{Kind: directory.MemberIs, ID: group, Member: directory.Ref{Kind: directory.ByMail, Value: email.Fold(address)}}
}

// sayStrangers looks for members by their address who turned out to be nobody of this read.
func (r *reading) sayStrangers() error {
	for _, s := range r.strangers {
		if r.people[s.id] {
			continue
		}
		if err := r.put(memberByMail(s.group, s.address)); err != nil {
			return err
		}
	}
	return nil
}

// sayEverybody makes a group of everybody in an account where some group has all of it as a member.
func (r *reading) sayEverybody() error {
	for account, groups := range r.everybody {
		for _, kind := range []directory.Kind{directory.GroupIs, directory.MembersFrom} {
			if err := r.put(&directory.Record{Kind: kind, ID: account, Name: "everybody of " + account}); err != nil {
				return err
			}
		}
		for _, group := range groups {
			if err := r.put(memberByID(group, account)); err != nil {
				return err
			}
		}
		for _, id := range r.accounts[account] {
			if err := r.put(memberByID(account, id)); err != nil {
				return err
			}
		}
	}
	return nil
}
