package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// gone puts somebody who is not there any more. Memberships end with them: if they are restored, everything is read.
func (r *reading) gone(id string, mark *removal) error {
	if mark.Reason != "deleted" {
		r.bin(id)
	}
	return r.put(&directory.Record{Kind: directory.Erased, ID: id})
}

// user puts one user as a page has it. One may come several times, the last time counts.
func (r *reading) user(o object) error {
	id, err := o.id()
	if err != nil {
		return err
	}
	mark, err := o.removed()
	if err != nil {
		return fmt.Errorf("user %s: %w", id, err)
	}
	if mark != nil {
		return r.gone(id, mark)
	}
	if o.partialUser() {
		r.partUsers = append(r.partUsers, id)
		return nil
	}
	return r.wholeUser(id, o)
}

func (r *reading) wholeUser(id string, o object) error {
	delete(r.now.Bin, id)
	if r.source.settings.People.Guests == sansGuests {
		guest, err := o.guest()
		if err != nil {
			return fmt.Errorf("user %s: %w", id, err)
		}
		if guest { // who became one has left what is read
			r.guests++
			return r.put(&directory.Record{Kind: directory.Gone, ID: id})
		}
	}
	record, err := r.source.person(id, o)
	if err != nil {
		return fmt.Errorf("user %s: %w", id, err)
	}
	return r.put(record)
}

// group puts one group of a read of everything. A large one comes in several parts, on several pages and not always next to each other
// (learn.microsoft.com/graph/delta-query-groups, "Paging through members in a large group").
func (r *reading) group(o object) error {
	id, err := r.groupItself(o)
	if err != nil || id == "" {
		return err
	}
	if !r.known[id] {
		r.known[id] = true
		if err := r.put(&directory.Record{Kind: directory.MembersFrom, ID: id}); err != nil {
			return err
		}
	}
	return r.members(id, o)
}

// changedGroup puts what changed of a group: of its members only those who came and went.
func (r *reading) changedGroup(o object) error {
	id, err := r.groupItself(o)
	if err != nil || id == "" {
		return err
	}
	return r.members(id, o)
}

// groupItself puts the group without its members; "" when it is not there any more.
func (r *reading) groupItself(o object) (string, error) {
	id, err := o.id()
	if err != nil {
		return "", err
	}
	mark, err := o.removed()
	if err != nil {
		return "", fmt.Errorf("group %s: %w", id, err)
	}
	if mark != nil {
		delete(r.known, id)
		return "", r.gone(id, mark)
	}
	if o.partialGroup() {
		r.partGroups = append(r.partGroups, id)
		return id, nil
	}
	return id, r.groupIs(id, o)
}

func (r *reading) groupIs(id string, o object) error {
	delete(r.now.Bin, id)
	name, err := o.text("displayName")
	if err != nil {
		return fmt.Errorf("group %s: %w", id, err)
	}
	if v, _ := o.text("visibility"); strings.EqualFold(v, "HiddenMembership") && !r.known[id] {
		r.hidden++
	}
	return r.put(&directory.Record{Kind: directory.GroupIs, ID: id, Name: name})
}

// member is one entry of members@delta: only the id and the type are told.
type member struct {
	ID      string   `json:"id"`
	Type    string   `json:"@odata.type"`
	Removed *removal `json:"@removed"`
}

// members puts the part of a group's members that a page has.
func (r *reading) members(group string, o object) error {
	if o.null("members@delta") {
		return nil
	}
	var list []member
	if err := json.Unmarshal(o["members@delta"], &list); err != nil {
		return fmt.Errorf("group %s: members@delta is no list of members: %w", group, err)
	}
	for _, m := range list {
		if m.ID == "" {
			return fmt.Errorf("group %s: a member without an id", group)
		}
		id := strings.ToLower(m.ID)
		if !r.counts(&m, id) {
			continue
		}
		kind := directory.MemberIs
		if m.Removed != nil {
			kind = directory.MemberGone
		}
		if err := r.put(&directory.Record{Kind: kind, ID: group, Member: directory.Ref{Kind: directory.ByID, Value: id}}); err != nil {
			return err
		}
	}
	return nil
}

// counts says whether a member may be a person or a group. Devices, applications and contacts are members like any other.
func (r *reading) counts(m *member, id string) bool {
	kind := strings.TrimPrefix(m.Type, "#microsoft.graph.")
	switch kind {
	case "user", "":
		return true
	case "group":
		if m.Removed == nil && r.source.query.filter != "" && !strings.Contains(r.source.query.filter, id) {
			r.unread[id] = true
		}
		return true
	}
	if m.Removed == nil {
		r.ignored[kind]++
		r.proof.Ignored++
	}
	return false
}

const (
	// together is how many ids one question may name (learn.microsoft.com/graph/filter-query-parameter: "in" takes 15).
	together = 15
	// maxParts bounds how many are asked for again. More than these did not come in parts, they are hidden from us.
	maxParts = 300
)

// lookUp asks again for whoever did not come whole: an update may bring only what changed (learn.microsoft.com/graph/delta-query-overview).
func (r *reading) lookUp(ctx context.Context, coverage directory.Coverage) error {
	if len(r.partUsers) > maxParts {
		return &hinted{err: fmt.Errorf("%d users came without saying whether they are enabled", len(r.partUsers)), hint: grant(usersRole())}
	}
	if err := r.wholes(ctx, coverage, "/v1.0/users?", r.source.query.users, r.partUsers, func(id string, o object) error {
		if o.partialUser() {
			return r.put(&directory.Record{Kind: directory.Unsure, ID: id})
		}
		return r.wholeUser(id, o)
	}); err != nil {
		return err
	}
	return r.wholes(ctx, coverage, "/v1.0/groups?", "id,displayName,visibility", r.partGroups, r.groupIs)
}

// wholes reads objects by id. Who is not found was deleted meanwhile; the next increment says so.
func (r *reading) wholes(ctx context.Context, coverage directory.Coverage, from, properties string, ids []string, each func(string, object) error) error {
	ids = unique(ids)
	missing := map[string]bool{}
	for start := 0; start < len(ids); start += together {
		some := ids[start:min(start+together, len(ids))]
		for _, id := range some {
			missing[id] = true
		}
		var p page
		link := r.source.to.graph + from + parameters("$filter", "id in ('"+strings.Join(some, "','")+"')", "$select", properties)
		if err := r.source.get(ctx, link, &p); err != nil {
			return wrap("ask again for who came in parts", err)
		}
		if p.Next != "" {
			return errors.New("an answer about a few objects goes on and on")
		}
		for _, o := range p.Value {
			id, err := o.id()
			if err != nil {
				return err
			}
			delete(missing, id)
			if err := each(id, o); err != nil {
				return err
			}
		}
	}
	if coverage == directory.Delta {
		return nil
	}
	for id := range missing {
		if err := r.put(&directory.Record{Kind: directory.Unsure, ID: id}); err != nil {
			return err
		}
	}
	return nil
}
