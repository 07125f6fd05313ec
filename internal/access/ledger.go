package access

import (
	"slices"
	"sort"
)

// Ledger is what is ours in Kisi. It is immutable once made; Accounts and Groups are sorted by ID.
type Ledger struct {
	Accounts []Account
	Groups   []GroupAccount
	anchors  []anchorRow // sorted by anchor
}

type anchorRow struct {
	anchor  Anchor
	account uint32
}

// Account is everything remembered of one Kisi user: how it was last seen, whom it is linked to, and what we gave.
type Account struct {
	Known Member
	Link  Link
	Owned []OwnedGrant // sorted by Group
}

// Link says who a Kisi user is. The zero Link: nobody that we know of.
type Link struct {
	Anchors []Anchor
	Level   Level // Linked, Adopted or Created
	Name    string
	Since   Instant
	// Suspended is set while the user is suspended by us, and SuspendedAt then says since when; 0: nobody knows.
	Suspended   *Cause
	SuspendedAt Instant
	// Bare is since when nothing is owned any more: the user lost the last right then. 0: something is owned, or nothing ever was, or
	// nobody knows.
	Bare Instant
}

// OwnedGrant is a right that we gave, took over, or found given.
type OwnedGrant struct {
	Group, Assignment RemoteID
	Level             Level
	Role              Role // as we wrote it
	From, Until       Instant
	Cause             *Cause // why it was given; shared, never changed; nil when nothing is known
	Since             Instant
}

// GroupAccount is everything remembered of one Kisi group that the file names.
type GroupAccount struct {
	ID          RemoteID
	Name        string   // in the file
	Level       Level    // Foreign or Created
	Description string   // as we wrote it
	Settings    Settings // those that we wrote, as we wrote them
	Doors       []Opening
	Stops       []Opening // those that we put in
}

// NewLedger makes a ledger from accounts sorted by ID and groups sorted by ID.
func NewLedger(accounts []Account, groups []GroupAccount) *Ledger {
	l := &Ledger{Accounts: accounts, Groups: groups}
	for i := range accounts {
		for _, a := range accounts[i].Link.Anchors {
			l.anchors = append(l.anchors, anchorRow{a, uint32(i)})
		}
	}
	slices.SortFunc(l.anchors, func(a, b anchorRow) int {
		switch {
		case a.anchor < b.anchor:
			return -1
		case a.anchor > b.anchor:
			return 1
		}
		return int(a.account) - int(b.account)
	})
	return l
}

// ByAnchor returns the account linked to an anchor.
func (l *Ledger) ByAnchor(a Anchor) (*Account, bool) {
	i, ok := l.IndexByAnchor(a)
	if !ok {
		return nil, false
	}
	return &l.Accounts[i], true
}

// IndexByAnchor returns the index in Accounts of the first account linked to an anchor.
func (l *Ledger) IndexByAnchor(a Anchor) (int, bool) {
	if l == nil {
		return 0, false
	}
	i := sort.Search(len(l.anchors), func(i int) bool { return l.anchors[i].anchor >= a })
	if i < len(l.anchors) && l.anchors[i].anchor == a {
		return int(l.anchors[i].account), true
	}
	return 0, false
}

// EachAnchor calls yield with every anchor in ascending order and the index in Accounts of the account that is linked to it.
func (l *Ledger) EachAnchor(yield func(a Anchor, account int)) {
	if l == nil {
		return
	}
	for _, row := range l.anchors {
		yield(row.anchor, int(row.account))
	}
}

// Account returns the account of a member.
func (l *Ledger) Account(id RemoteID) (*Account, bool) {
	if l == nil || id == 0 {
		return nil, false
	}
	i := sort.Search(len(l.Accounts), func(i int) bool { return l.Accounts[i].Known.ID >= id })
	if i < len(l.Accounts) && l.Accounts[i].Known.ID == id {
		return &l.Accounts[i], true
	}
	return nil, false
}

// Group returns the account of a group.
func (l *Ledger) Group(id RemoteID) (*GroupAccount, bool) {
	if l == nil || id == 0 {
		return nil, false
	}
	i := sort.Search(len(l.Groups), func(i int) bool { return l.Groups[i].ID >= id })
	if i < len(l.Groups) && l.Groups[i].ID == id {
		return &l.Groups[i], true
	}
	return nil, false
}

// Grant returns what is remembered of a member's right in a group.
func (a *Account) Grant(group RemoteID) (*OwnedGrant, bool) {
	if a == nil {
		return nil, false
	}
	i := sort.Search(len(a.Owned), func(i int) bool { return a.Owned[i].Group >= group })
	if i < len(a.Owned) && a.Owned[i].Group == group {
		return &a.Owned[i], true
	}
	return nil, false
}

// Known returns the members and groups as last seen. It covers everything that is in it, and nothing else.
func (l *Ledger) Known() *State {
	if l == nil {
		return &State{}
	}
	s := &State{Members: make([]Member, len(l.Accounts))}
	for i := range l.Accounts {
		s.Members[i] = l.Accounts[i].Known
	}
	return s
}
