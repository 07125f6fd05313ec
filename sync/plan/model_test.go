package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"pgregory.net/rapid"
)

// model is a small Kisi, a ledger and a directory, all in memory. It does what a run does with a plan: it books the notes, then what
// was observed, then makes the calls and books each, with the very functions that the store uses.
type model struct {
	at       access.Instant
	nextID   access.RemoteID
	members  map[access.RemoteID]access.Member
	groups   map[access.RemoteID]access.Group
	accounts map[access.RemoteID]access.Account
	ours     map[access.RemoteID]access.GroupAccount
	declared []access.DesiredGroup
	people   []human
	spent    []access.Spending
	holds    []access.Hold
	limits   Limits
	policy   Policy
}

// human is a person of the directory.
type human struct {
	wish  access.Wish // Member and Losses are filled in from the ledger
	leave bool        // the directory knows this person no more
}

// input is what a run would start from, with everybody observed.
func (m *model) input() Input {
	return Input{Desired: m.desired(), Owned: m.ledger(), Observed: m.observe(access.Scope{All: true}), Policy: m.policy,
		Limits: m.limits, Spent: m.spent, Holds: m.holds, At: m.at}
}

func byID[T any](rows map[access.RemoteID]T) []T {
	var all []T
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		all = append(all, rows[id])
	}
	return all
}

func (m *model) ledger() *access.Ledger { return access.NewLedger(byID(m.accounts), byID(m.ours)) }

func (m *model) observe(scope access.Scope) *access.State {
	s := &access.State{Covers: scope, At: m.at, Groups: byID(m.groups)}
	for _, member := range byID(m.members) {
		if scope.All || slices.Contains(scope.Members, member.ID) || slices.Contains(scope.Emails, member.Email) {
			member.Grants = slices.Clone(member.Grants)
			s.Members = append(s.Members, member)
		}
	}
	s.Sort()
	return s
}

// desired does what mapping does: it looks up links, and names what is ours and no longer wanted.
func (m *model) desired() *access.Desired {
	d := &access.Desired{Groups: m.declared, Causes: sceneCauses}
	ledger := m.ledger()
	for _, h := range m.people {
		w := h.wish
		account, linked := ledger.ByAnchor(w.Anchors[0])
		if linked {
			w.Member = account.Known.ID
			w.Losses = losses(account, &w, m.declared)
			w.Unproven = unsureOf(account, &w, m.declared)
		}
		if h.leave {
			w.Standing, w.Cause, w.Grants = access.Suspend, vanished, nil
		}
		if linked || len(w.Grants) > 0 || w.Standing == access.Suspend {
			d.Wishes = append(d.Wishes, w)
		}
	}
	slices.SortFunc(d.Wishes, func(a, b access.Wish) int {
		if a.Member != b.Member {
			return int(a.Member - b.Member)
		}
		return slices.Compare([]byte(a.Folded), []byte(b.Folded))
	})
	return d
}

func losses(a *access.Account, w *access.Wish, declared []access.DesiredGroup) []access.Loss {
	var all []access.Loss
	for _, o := range a.Owned {
		if !slices.ContainsFunc(w.Grants, func(g access.WishedGrant) bool { return declared[g.Group].ID == o.Group }) {
			all = append(all, access.Loss{Group: o.Group, Cause: leftGroup})
		}
	}
	return all
}

// unsureOf names the rights of a suspended user of which no rule is certain.
func unsureOf(a *access.Account, w *access.Wish, declared []access.DesiredGroup) (all []access.Loss) {
	for _, o := range a.Owned {
		if a.Link.Suspended != nil && o.Level.Ours() && slices.ContainsFunc(w.Grants, func(g access.WishedGrant) bool {
			return g.Unsure && declared[g.Group].ID == o.Group
		}) {
			all = append(all, access.Loss{Group: o.Group, Cause: byRule})
		}
	}
	return all
}

// carry does what a run does with a plan that was made from in, until it was cut after some calls; negative: not at all.
func (m *model) carry(p *Plan, in Input, calls int) error {
	m.keepHolds(p)
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Hold == nil && s.Change.Kind.LedgerOnly() {
			m.book(access.Call{Change: s.Change}, access.Result{})
		}
	}
	for id, a := range m.accounts {
		if seen, there := in.Observed.Member(id); there {
			m.accounts[id] = a.Saw(*seen, in.Observed.At)
		} else {
			m.accounts[id] = a.Saw(access.Member{ID: id}, in.Observed.At)
		}
	}
	made := map[int]access.RemoteID{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Hold != nil || s.Change.Kind.LedgerOnly() {
			continue
		}
		if calls == 0 {
			break
		}
		calls--
		c, err := m.call(p, i, made)
		if err != nil {
			return err
		}
		r, err := m.do(c)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Describe(nil), err)
		}
		made[i] = r.ID
		m.book(c, r)
		if spent, ok := c.Spent(m.at); ok {
			m.spent = append(m.spent, spent)
		}
	}
	m.at += 60
	return nil
}

func (m *model) keepHolds(p *Plan) {
	m.holds = nil
	for i := range p.Steps {
		if h := p.Steps[i].Hold; h != nil && (h.Kind == access.HeldByLimit || h.Kind == access.HeldByHand) {
			m.holds = append(m.holds, access.Hold{Step: p.Steps[i].ID, Reason: *h})
		}
	}
}

// call fills in the ids that earlier steps made. A step that lacks one has been ordered wrongly.
func (m *model) call(p *Plan, i int, made map[int]access.RemoteID) (access.Call, error) {
	c := access.Call{Change: p.Steps[i].Change}
	for _, n := range p.Steps[i].Needs {
		need := &p.Steps[n]
		if _, done := made[n]; !done && !need.Change.Kind.LedgerOnly() {
			return c, fmt.Errorf("%s comes before what it needs: %s", p.Steps[i].Describe(nil), need.Describe(nil))
		}
		switch need.Change.Kind {
		case access.CreateMember:
			c.Refs.Member = made[n]
		case access.CreateGroup:
			c.Refs.Group = made[n]
		}
	}
	k := c.Change.Kind
	if k.OfMember() && k != access.CreateMember && c.Member() == 0 || k == access.CreateAssignment && c.Group() == 0 {
		return c, fmt.Errorf("%s: nobody knows the id", p.Steps[i].Describe(nil))
	}
	return c, nil
}

func (m *model) book(c access.Call, r access.Result) {
	if !c.Change.Kind.OfMember() {
		id := max(c.Group(), r.ID*access.RemoteID(bit(c.Change.Kind == access.CreateGroup)))
		a := m.ours[id].After(c, r)
		m.ours[a.ID] = a
		return
	}
	id := c.Member()
	switch c.Change.Kind {
	case access.CreateMember:
		id = r.ID
	case access.ForgetMember:
		delete(m.accounts, id)
		return
	}
	m.accounts[id] = m.accounts[id].After(c, r, m.at)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// do is Kisi. It refuses what Kisi refuses.
func (m *model) do(c access.Call) (access.Result, error) {
	m.nextID++
	ch, who := c.Change, m.members[c.Member()]
	switch ch.Kind {
	case access.CreateMember:
		for _, other := range m.members {
			if other.Email == ch.After.Email {
				return access.Result{}, access.ErrExists
			}
		}
		m.members[m.nextID] = access.Member{ID: m.nextID, Email: ch.After.Email, Name: ch.After.Name, Enabled: true, Stamp: ch.After.Stamp}
		return access.Result{ID: m.nextID}, nil
	case access.CreateGroup:
		m.groups[m.nextID] = access.Group{ID: m.nextID, Name: ch.After.Name, Place: ch.After.Place, Opened: true}
		return access.Result{ID: m.nextID}, nil
	case access.UpdateMember:
		who.Name = ch.After.Name
	case access.DisableMember, access.EnableMember:
		if who.Protected != access.Unprotected && ch.Kind == access.DisableMember {
			return access.Result{}, access.ErrRefused
		}
		who.Enabled = ch.After.Enabled
	case access.AddDoor, access.RemoveDoor:
		return m.doDoor(c)
	default:
		return m.doRight(c)
	}
	if who.ID == 0 {
		return access.Result{}, access.ErrGone
	}
	m.members[who.ID] = who
	return access.Result{}, nil
}

func (m *model) doDoor(c access.Call) (access.Result, error) {
	g, ok := m.groups[c.Group()]
	if !ok {
		return access.Result{}, access.ErrGone
	}
	if c.Change.Kind == access.AddDoor {
		g.Doors = append(slices.Clone(g.Doors), access.Opening{Row: m.nextID, Thing: c.Change.Object.Thing})
	} else {
		g.Doors = slices.DeleteFunc(slices.Clone(g.Doors), func(o access.Opening) bool { return o.Row == c.Change.Object.Assignment })
	}
	m.groups[g.ID] = g
	return access.Result{ID: m.nextID}, nil
}

func (m *model) doRight(c access.Call) (access.Result, error) {
	who, ok := m.members[c.Member()]
	if _, there := m.groups[c.Group()]; !ok || !there {
		return access.Result{}, access.ErrGone
	}
	ch, id := c.Change, c.Change.Object.Assignment
	rights := slices.DeleteFunc(slices.Clone(who.Grants), func(g access.Grant) bool { return g.Assignment == id && id != 0 })
	if ch.Kind == access.CreateAssignment && len(who.In(c.Group())) > 0 {
		return access.Result{}, access.ErrExists
	}
	if id == 0 {
		id = m.nextID
	}
	if ch.Kind != access.RemoveAssignment {
		rights = append(rights, access.Grant{Assignment: id, Group: c.Group(), Role: ch.After.Role, From: ch.After.From, Until: ch.After.Until})
	}
	access.SortGrants(rights)
	who.Grants = rights
	m.members[who.ID] = who
	return access.Result{ID: id}, nil
}

// drawModel makes a world in which anything may have happened before.
func drawModel(t *rapid.T) *model {
	m := &model{at: now, nextID: 1000, members: map[access.RemoteID]access.Member{}, groups: map[access.RemoteID]access.Group{},
		accounts: map[access.RemoteID]access.Account{}, ours: map[access.RemoteID]access.GroupAccount{},
		policy: Policy{Installation: "berlin-1", Existing: Existing(rapid.IntRange(0, 2).Draw(t, "existing")),
			Repair: rapid.Bool().Draw(t, "repair"), Mode: rapid.SampledFrom([]Mode{Full, Full, Full, AddOnly}).Draw(t, "mode")}}
	m.limits = Limits{Disabled: -1, Grants: -1, Removals: Removals{People: -1}, Sensitive: rapid.IntRange(-1, 1).Draw(t, "sensitive limit")}
	if rapid.Bool().Draw(t, "limited") {
		few := rapid.IntRange(0, 3)
		m.limits = Limits{Disabled: few.Draw(t, "disabled"), Grants: few.Draw(t, "grants"), Removals: Removals{People: few.Draw(t, "removals"),
			PercentOfGroup: rapid.SampledFrom([]int{0, 34, 50}).Draw(t, "percent"), GroupsAbove: rapid.IntRange(0, 2).Draw(t, "above")}, Sensitive: m.limits.Sensitive}
	}
	for g := range rapid.IntRange(1, 4).Draw(t, "groups") {
		m.drawGroup(t, g)
	}
	for n := range rapid.IntRange(0, 7).Draw(t, "people") {
		m.drawPerson(t, n)
	}
	return m
}

func (m *model) drawGroup(t *rapid.T, n int) {
	id, name := access.RemoteID(n+1), fmt.Sprintf("Group %d", n)
	d := access.DesiredGroup{ID: id, Name: name, Create: true, Members: rapid.IntRange(0, 9).Draw(t, "members") > 0,
		Sensitive: rapid.IntRange(0, 4).Draw(t, "sensitive") == 0}
	if rapid.IntRange(0, 9).Draw(t, "problem") == 0 {
		d.Problem = "something is wrong with it"
	}
	doors := rapid.SliceOfNDistinct(rapid.SampledFrom([]access.RemoteID{31, 32, 33}), 0, 3, rapid.ID)
	if rapid.Bool().Draw(t, "manages doors") {
		d.Openings, d.Doors = true, doors.Draw(t, "declared doors")
	}
	have := []access.Opening{}
	account := access.GroupAccount{ID: id, Name: name}
	for i, door := range doors.Draw(t, "doors") {
		o := access.Opening{Row: 100*id + access.RemoteID(i), Thing: door}
		have = append(have, o)
		if rapid.Bool().Draw(t, "door is ours") {
			account.Doors = append(account.Doors, o)
		}
	}
	switch rapid.SampledFrom([]string{"there", "there", "there", "ours", "missing", "deleted"}).Draw(t, "group") {
	case "there":
		m.groups[id] = access.Group{ID: id, Name: name, Opened: true, Doors: have}
		m.ours[id] = account
	case "ours": // and the catalog is older than it
		m.groups[id] = access.Group{ID: id, Name: name, Opened: true, Doors: have}
		account.Level, d.ID = access.Created, 0
		m.ours[id] = account
	case "missing":
		d.ID = 0
	case "deleted":
		account.Level, d.ID = access.Created, 0
		m.ours[id] = account
	}
	m.declared = append(m.declared, d)
}

func (m *model) drawPerson(t *rapid.T, n int) {
	id := ana + access.RemoteID(n)
	name := fmt.Sprintf("p%d", n)
	w := wishOf(n, name, 0)
	w.Create = rapid.IntRange(0, 5).Draw(t, "create") > 0
	w.Standing = rapid.SampledFrom([]access.Standing{access.Keep, access.Keep, access.Keep, access.Suspend, access.Leave}).Draw(t, "standing")
	if w.Standing == access.Suspend {
		w.Cause = rapid.SampledFrom([]uint32{disabled, vanished, blocked}).Draw(t, "cause")
	}
	member := user(id, name)
	member.Enabled = rapid.IntRange(0, 3).Draw(t, "enabled") > 0
	member.SCIMBlocked = rapid.IntRange(0, 9).Draw(t, "scim") == 0
	member.Protected = rapid.SampledFrom([]access.Protection{0, 0, 0, access.Owner, access.Administrator, access.OwnKey}).Draw(t, "protected")
	account := access.Account{Link: access.Link{Anchors: w.Anchors, Level: access.Created, Name: member.Name}}
	for g := range m.declared {
		m.drawRight(t, g, &w, &member, &account)
	}
	account.Known = member
	account.Known.Grants = slices.Clone(member.Grants)
	if rapid.IntRange(0, 4).Draw(t, "renamed") == 0 {
		member.Name = "by hand"
	}
	switch rapid.SampledFrom([]string{"ours", "ours", "linked", "by hand", "stamped", "deleted", "new", "unknown to the directory"}).Draw(t, "who") {
	case "ours":
		if !member.Enabled && rapid.Bool().Draw(t, "suspended by us") {
			account.Link.Suspended = &sceneCauses[disabled]
		}
		m.members[id], m.accounts[id] = member, account
	case "linked":
		account.Link.Level = access.Linked
		m.members[id], m.accounts[id] = member, account
	case "by hand":
		m.members[id] = member
	case "stamped":
		member.Stamp = access.Stamp{Installation: "berlin-1", Anchor: w.Anchors[0]}
		m.members[id] = member
	case "deleted":
		m.accounts[id] = account
	case "unknown to the directory":
		m.members[id] = member
		return
	}
	m.people = append(m.people, human{wish: w, leave: rapid.IntRange(0, 9).Draw(t, "left the directory") == 0})
}

// drawRight decides whether a person should hold a group, does, and what the ledger says of it.
func (m *model) drawRight(t *rapid.T, g int, w *access.Wish, member *access.Member, account *access.Account) {
	group := access.RemoteID(g + 1)
	until := rapid.SampledFrom([]access.Instant{0, 0, 0, now + hour, now + 2*hour})
	role := rapid.SampledFrom([]access.Role{access.DoorAccess, access.DoorAccess, access.GroupManager})
	right := access.Grant{Assignment: member.ID*10 + group, Group: group, Role: role.Draw(t, "role"), Until: until.Draw(t, "until")}
	if rapid.Bool().Draw(t, "wanted") {
		w.Grants = append(w.Grants, access.WishedGrant{Group: uint32(g), Cause: byRule, Role: role.Draw(t, "wanted role"),
			Until: until.Draw(t, "wanted until"), Unsure: rapid.IntRange(0, 5).Draw(t, "unsure") == 0})
	}
	if _, there := m.groups[group]; there && rapid.Bool().Draw(t, "held") {
		member.Grants = append(member.Grants, right)
	}
	if level := rapid.SampledFrom([]access.Level{0, 0, access.Satisfied, access.Adopted, access.Created, access.Created}).Draw(t, "level"); level != 0 {
		mine := access.OwnedGrant{Group: group, Assignment: right.Assignment, Level: level, Role: right.Role, Until: right.Until}
		if rapid.IntRange(0, 4).Draw(t, "drifted") == 0 {
			mine.Until = now + 3*hour
		}
		account.Owned = append(account.Owned, mine)
	}
}
