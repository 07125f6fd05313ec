package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// What somebody else did in Kisi is in no journal. So the trail has a line whenever an observation shows a person's access, or a
// group's doors, otherwise than we left or last saw them: it says all that was seen, and in words what is new about it. Only so the
// trail can tell who held what on a day.

// witness writes the lines of one observation.
type witness struct {
	at      time.Time
	run     uint64
	who     string
	catalog *access.Catalog // nil until a name was needed
}

func (s *Store) witness(t *txn) *witness {
	return &witness{at: s.now().UTC(), run: s.runUnderWay(t), who: s.asked()}
}

// known returns what there is in the organization, for names.
func (w *witness) known(t *txn) (*access.Catalog, error) {
	if w.catalog != nil {
		return w.catalog, nil
	}
	w.catalog = &access.Catalog{}
	_, err := t.get(metaBucket, catalogKey(), w.catalog)
	return w.catalog, err
}

func (w *witness) groupName(t *txn, id access.RemoteID) (string, error) {
	c, err := w.known(t)
	if name := c.RoleName(id); id.IsRole() && name != "" {
		return name, err
	}
	for i := range c.Groups {
		if c.Groups[i].ID == id {
			return c.Groups[i].Name, err
		}
	}
	return fmt.Sprintf("group %d", id), err
}

// member writes the line of a member who is seen otherwise than known.
func (w *witness) member(t *txn, before, after *access.Member) error {
	n := news{witness: w, t: t}
	if err := n.compare(before, after); err != nil || len(n.words) == 0 {
		return err
	}
	address := email.Fold(cmp.Or(after.Email, before.Email))
	line := record.AuditLine{At: w.at, Run: w.run, Who: w.who, Kind: record.DidSee, Outcome: record.DidSee, Member: after.ID, Email: address,
		Enabled: after.Enabled, Groups: n.groups, What: "seen in Kisi: " + address + " " + strings.Join(n.words, ", ")}
	for _, g := range after.Grants {
		line.Rights = append(line.Rights, record.Right{Group: g.Group, Assignment: g.Assignment, Role: g.Role, From: g.From, Until: g.Until})
	}
	return t.appendAudit(line)
}

// news is what is new about a member's access.
type news struct {
	*witness
	t      *txn
	words  []string
	groups []access.RemoteID
}

func (n *news) compare(before, after *access.Member) error {
	was, is := isGone(before), isGone(after)
	switch {
	case was && is:
		return nil
	case is:
		n.words = append(n.words, "is gone")
	case was:
		n.words = append(n.words, "is there again")
	case email.Fold(before.Email) != email.Fold(after.Email):
		n.words = append(n.words, "had the address "+email.Fold(before.Email))
	}
	if before.Enabled && !after.Enabled && !is {
		n.words = append(n.words, "is suspended")
	}
	if !before.Enabled && after.Enabled && !was {
		n.words = append(n.words, "is not suspended any more")
	}
	return n.rights(before.Grants, after.Grants)
}

func (n *news) rights(before, after []access.Grant) error {
	lost, got := missing(before, after), missing(after, before)
	for _, g := range got {
		words := "holds %s"
		if in(lost, g.Group) {
			words = "holds %s otherwise than before"
		}
		if err := n.say(words, g.Group); err != nil {
			return err
		}
	}
	for _, l := range lost {
		if in(got, l.Group) {
			continue
		}
		if err := n.say("does not hold %s any more", l.Group); err != nil {
			return err
		}
	}
	return nil
}

func (n *news) say(words string, group access.RemoteID) error {
	name, err := n.groupName(n.t, group)
	n.words, n.groups = append(n.words, fmt.Sprintf(words, name)), append(n.groups, group)
	return err
}

func in(all []access.Grant, group access.RemoteID) bool {
	return slices.ContainsFunc(all, func(g access.Grant) bool { return g.Group == group })
}

// missing returns those of a that are not in b. A member has few.
func missing(a, b []access.Grant) (out []access.Grant) {
	for _, g := range a {
		if !slices.Contains(b, g) {
			out = append(out, g)
		}
	}
	return out
}

// saveDoors keeps which doors and stops groups were seen to open, with a line for each group that opens others than before. Only
// differences are written.
func (s *Store) saveDoors(ctx context.Context, state *access.State) error {
	var changed []access.RemoteID
	err := s.view(ctx, openedBucket, func(t *txn) (err error) {
		changed, err = t.otherwiseOpened(state)
		return err
	})
	if err != nil || len(changed) == 0 {
		return err
	}
	return s.update(ctx, openedBucket, func(t *txn) error {
		w := s.witness(t)
		for _, id := range changed {
			if err := w.group(t, state, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// otherwiseOpened returns the groups that open others than before, and those that are gone, ascending.
func (t *txn) otherwiseOpened(state *access.State) (changed []access.RemoteID, err error) {
	for i := range state.Groups {
		g := &state.Groups[i]
		if !g.Opened {
			continue
		}
		var before []record.Door
		known, err := t.get(openedBucket, numberKey(uint64(g.ID)), &before)
		if err != nil {
			return nil, err
		}
		if !known && len(g.Doors)+len(g.Stops) > 0 || known && !slices.EqualFunc(before, openedBy(g), sameDoor) {
			changed = append(changed, g.ID)
		}
	}
	if !state.Covers.All {
		return changed, nil
	}
	err = t.each(openedBucket, func(key, _ []byte) error {
		if id := access.RemoteID(numberOf(key)); id != 0 {
			if _, there := state.Group(id); !there {
				changed = append(changed, id)
			}
		}
		return nil
	})
	return changed, err
}

func sameDoor(a, b record.Door) bool { return a.ID == b.ID && a.Stop == b.Stop }

// openedBy lists what a group opens, without names: doors first, each ascending.
func openedBy(g *access.Group) []record.Door {
	var all []record.Door
	for _, d := range g.Doors {
		all = append(all, record.Door{ID: d.Thing})
	}
	for _, d := range g.Stops {
		all = append(all, record.Door{ID: d.Thing, Stop: true})
	}
	return sortDoors(all)
}

// sortDoors sorts in place: doors first, then stops, each by id.
func sortDoors(all []record.Door) []record.Door {
	slices.SortFunc(all, func(a, b record.Door) int {
		switch {
		case a.Stop == b.Stop:
			return cmp.Compare(a.ID, b.ID)
		case b.Stop:
			return -1
		}
		return 1
	})
	return all
}

// group writes the line of a group, and what it opens now.
func (w *witness) group(t *txn, state *access.State, id access.RemoteID) error {
	line := record.AuditLine{At: w.at, Run: w.run, Who: w.who, Kind: record.DidSeeDoors, Outcome: record.DidSee, Group: id}
	g, there := state.Group(id)
	if !there {
		name, err := w.groupName(t, id)
		if err != nil {
			return err
		}
		line.What = "seen in Kisi: " + name + " is gone"
		if err := t.remove(openedBucket, numberKey(uint64(id))); err != nil {
			return err
		}
		return t.appendAudit(line)
	}
	c, err := w.known(t)
	if err != nil {
		return err
	}
	opens := openedBy(g)
	names := make([]string, len(opens))
	for i := range opens {
		opens[i].Name = doorName(c, opens[i])
		names[i] = opens[i].String()
	}
	line.GroupName, line.Opens = g.Name, opens
	line.What = "seen in Kisi: " + g.Name + " opens " + cmp.Or(strings.Join(names, ", "), "nothing")
	if err := t.put(openedBucket, numberKey(uint64(id)), opens); err != nil {
		return err
	}
	return t.appendAudit(line)
}

func doorName(c *access.Catalog, d record.Door) string {
	if d.Stop {
		return c.StopName(d.ID)
	}
	return c.DoorName(d.ID)
}
