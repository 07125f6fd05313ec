package plan

import (
	"sort"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// people finds accounts and members for one wish after another. Wishes, accounts and members are all sorted by id, so that the next
// one is nearly always where the last one ended; a search is for the rest.
type people struct {
	in      *Input
	known   bool // members are as the ledger last saw them
	account int  // where to look first
	member  int
	mail    map[string]*access.Member // addresses of wishes without a link; nil until asked for
	ids     map[access.RemoteID]bool  // covered
	emails  map[string]bool           // covered
}

func newPeople(in *Input, known bool) people {
	p := people{in: in, known: known, ids: map[access.RemoteID]bool{}, emails: map[string]bool{}}
	for _, id := range in.Observed.Covers.Members {
		p.ids[id] = true
	}
	for _, address := range in.Observed.Covers.Emails {
		p.emails[address] = true
	}
	return p
}

// seek finds an id among n sorted ones, looking at hint and shortly after it before it searches.
func seek(n, hint int, id access.RemoteID, at func(int) access.RemoteID) (int, bool) {
	const near = 4
	for i := hint; i < n && i < hint+near; i++ {
		if at(i) == id {
			return i, true
		}
	}
	i := sort.Search(n, func(i int) bool { return at(i) >= id })
	return i, i < n && at(i) == id
}

func (p *people) linked(id access.RemoteID) *access.Account {
	all := p.in.Owned.Accounts
	if id == 0 {
		return nil
	}
	i, ok := seek(len(all), p.account, id, func(i int) access.RemoteID { return all[i].Known.ID })
	if !ok {
		return nil
	}
	p.account = i + 1
	return &all[i]
}

// byID returns the member of an account, nil when it was not seen. A member who was looked for and not found is remembered without
// an address.
func (p *people) byID(a *access.Account) *access.Member {
	if p.known {
		if a.Known.Seen != 0 && a.Known.Email == "" {
			return nil
		}
		return &a.Known
	}
	all := p.in.Observed.Members
	i, ok := seek(len(all), p.member, a.Known.ID, func(i int) access.RemoteID { return all[i].ID })
	if !ok {
		return nil
	}
	p.member = i + 1
	return &all[i]
}

// byAddress returns the first member with an address, which must be folded; nil when none was seen.
func (p *people) byAddress(folded string) *access.Member {
	if p.mail == nil {
		p.indexAddresses()
	}
	if m, ok := p.mail[folded]; ok {
		return m
	}
	var found *access.Member // of somebody whose user is gone: these are few
	p.each(func(m *access.Member) {
		if found == nil && email.Fold(m.Email) == folded {
			found = m
		}
	})
	return found
}

// indexAddresses looks once at every member for the addresses that will be asked for. That is far less than an index of all.
func (p *people) indexAddresses() {
	p.mail = map[string]*access.Member{}
	for i := range p.in.Desired.Wishes {
		if w := &p.in.Desired.Wishes[i]; w.Member == 0 && w.Folded != "" {
			p.mail[w.Folded] = nil
		}
	}
	p.each(func(m *access.Member) {
		folded := email.Fold(m.Email)
		if first, asked := p.mail[folded]; asked && first == nil {
			p.mail[folded] = m
		}
	})
}

func (p *people) each(do func(*access.Member)) {
	if p.known {
		for i := range p.in.Owned.Accounts {
			do(&p.in.Owned.Accounts[i].Known)
		}
		return
	}
	for i := range p.in.Observed.Members {
		do(&p.in.Observed.Members[i])
	}
}

// coversID says that whether a member is there is a fact.
func (p *people) coversID(id access.RemoteID) bool {
	return p.known || p.in.Observed.Covers.All || p.ids[id]
}

// coversAddress says that whether somebody has an address is a fact.
func (p *people) coversAddress(folded string) bool {
	return p.known || p.in.Observed.Covers.All || p.emails[folded]
}
