package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// Holders is who may open a door, or the doors of a group, as --json has it.
type Holders struct {
	Asked      string        `json:"asked"`
	At         time.Time     `json:"at"`
	Remembered bool          `json:"remembered"` // as kisi-sync knows it, without asking Kisi
	People     int           `json:"people"`     // who may open it now, through the groups
	Groups     []HolderGroup `json:"groups"`
	Roles      []roleHolder  `json:"roles"`   // who may open it without a group
	Unread     []string      `json:"unread"`  // what could not be read, and why
	Outside    int           `json:"outside"` // if remembered: users whom kisi-sync does not know, and who hold one of the groups
	ofGroup    bool          // asked was for a group, not a door
}

// HolderGroup is one group with everybody who holds it.
type HolderGroup struct {
	ID      access.RemoteID `json:"id"`
	Name    string          `json:"name"`
	Managed bool            `json:"managed"` // its members, by the file
	Holders []Holder        `json:"holders"`
	Links   []linkRow       `json:"access_links"`
	Missing []missingHolder `json:"missing"` // who should hold it by the rules, and does not
	beside  string          // if remembered: counted beside them
}

// Holder is somebody who may open the doors of a group.
type Holder struct {
	Kind    string          `json:"kind"` // user, guest, team (nobody knows who is in it)
	Name    string          `json:"name"`
	Email   string          `json:"email"`
	User    access.RemoteID `json:"user"` // or guest, or team
	Team    string          `json:"team,omitempty"`
	Role    string          `json:"role"`
	From    string          `json:"from,omitempty"`
	Until   string          `json:"until,omitempty"`
	Opens   bool            `json:"opens"`           // now
	State   string          `json:"state,omitempty"` // why not: suspended, not yet, ended
	Level   string          `json:"level"`           // how far the right is ours
	Rule    string          `json:"rule,omitempty"`  // that gives it
	Why     string          `json:"why"`
	Since   string          `json:"since,omitempty"` // of the right; of somebody in a team, of the team's
	Records []string        `json:"records"`         // of the directories
	Next    string          `json:"next,omitempty"`
	Used    string          `json:"last_used,omitempty"` // when the person last unlocked anything
	many    int             // people, where it is not one
}

// linkRow is an access link of a group: whoever has it may open its doors.
type linkRow struct {
	Name  string `json:"name"`
	Until string `json:"until,omitempty"`
}

// missingHolder is somebody who should hold a group, and does not.
type missingHolder struct {
	Email string `json:"email"`
	Why   string `json:"why"`
}

// roleHolder is somebody who may open doors by a role, without a group.
type roleHolder struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role"`
	Place string `json:"place,omitempty"` // "": the organization
}

// HoldersOf is what a list of holders is made of. Outlook and Holders are required.
type HoldersOf struct {
	Asked      string // the name of the door or group
	OfGroup    bool   // it was a group
	Remembered bool   // Kisi was not asked
	At         time.Time
	Groups     []access.Group
	Outlook    *engine.Outlook
	Holders    *access.Holders
	Answer     record.Answer // of the trail, if remembered
}

// holding puts together who holds some groups.
type holding struct {
	o      *engine.Outlook
	h      *access.Holders
	wishes map[access.RemoteID]*access.Wish // by Kisi user
	doc    Holders
}

// NewHolders puts together who holds some groups, and why.
func NewHolders(x HoldersOf) *Holders {
	b := &holding{o: x.Outlook, h: x.Holders, wishes: map[access.RemoteID]*access.Wish{}}
	for i := range b.o.Input.Desired.Wishes {
		if w := &b.o.Input.Desired.Wishes[i]; w.Member != 0 {
			b.wishes[w.Member] = w
		}
	}
	b.doc = Holders{Asked: x.Asked, At: x.At, Remembered: x.Remembered, Groups: []HolderGroup{}, Roles: shape.Convert(b.h.Roles, b.role), Unread: shape.OrEmpty(b.h.Uncounted),
		ofGroup: x.OfGroup}
	for _, g := range x.Groups {
		row := b.group(g)
		for i := range x.Answer.Groups {
			if a := &x.Answer.Groups[i]; a.ID == g.ID {
				row.beside = a.BesideWords()
				b.doc.Outside += a.Outside
			}
		}
		b.doc.Groups = append(b.doc.Groups, row)
	}
	b.doc.People = b.people()
	return &b.doc
}

// Remembered is what the ledger knows of a group's holders without asking Kisi.
func Remembered(l *access.Ledger, groups []access.RemoteID) *access.Holders {
	h := &access.Holders{}
	for i := range l.Accounts {
		m := &l.Accounts[i].Known
		held := false
		for _, g := range groups {
			for _, grant := range m.In(g) {
				h.Rights = append(h.Rights, access.HeldRight{Grant: grant, Kind: access.ToUser, Assignee: m.ID, Name: m.Name, Email: m.Email})
				held = true
			}
		}
		if held {
			h.People = append(h.People, access.Person{ID: m.ID, Name: m.Name, Email: m.Email, Enabled: m.Enabled && !m.SCIMBlocked})
		}
	}
	return h
}

func (b *holding) role(r access.RoleHolder) roleHolder {
	out := roleHolder{Kind: kindWord(r.Kind), Name: r.Name, Email: r.Email, Role: r.Role, Place: b.o.Words.Catalog.PlaceName(r.Place)}
	if p, ok := b.h.Person(r.Assignee); ok && r.Kind == access.ToUser {
		out.Name, out.Email = p.Name, p.Email
	}
	return out
}

func kindWord(k access.AssigneeKind) string { return [...]string{"user", "team", "guest"}[k] }

// group lists one group: people first, then those who are in through a team, guests, and teams of whom nobody knows who is in them.
func (b *holding) group(g access.Group) HolderGroup {
	row := HolderGroup{ID: g.ID, Name: b.groupName(g), Holders: []Holder{}, Links: []linkRow{}, Missing: []missingHolder{}}
	has := map[access.RemoteID]bool{}
	for i := range b.h.Rights {
		r := &b.h.Rights[i]
		if r.Group != g.ID {
			continue
		}
		switch r.Kind {
		case access.ToUser:
			has[r.Assignee] = true
			row.Holders = append(row.Holders, b.user(r))
		case access.ToTeam:
			row.Holders = append(row.Holders, b.team(r)...)
		default:
			row.Holders = append(row.Holders, b.other(r))
		}
	}
	for _, l := range b.h.Links {
		if l.Group == g.ID {
			row.Links = append(row.Links, linkRow{l.Name, shape.Stamp(l.Until)})
		}
	}
	slices.SortStableFunc(row.Holders, func(x, y Holder) int {
		return cmp.Or(cmp.Compare(rank(&x), rank(&y)), cmp.Compare(x.Team, y.Team), cmp.Compare(strings.ToLower(x.Email), strings.ToLower(y.Email)), cmp.Compare(x.Name, y.Name))
	})
	b.missing(g.ID, &row, has)
	return row
}

func rank(h *Holder) int {
	switch {
	case h.Kind == "user" && h.Team == "":
		return 0
	case h.Kind == "user":
		return 1
	case h.Kind == "guest":
		return 2
	}
	return 3
}

// groupName is that of the file where it has one, else that of Kisi.
func (b *holding) groupName(g access.Group) string {
	for i := range b.o.Input.Desired.Groups {
		if d := &b.o.Input.Desired.Groups[i]; d.ID == g.ID {
			return d.Name
		}
	}
	if g.Place != 0 {
		return b.o.Words.Catalog.PlaceName(g.Place) + " / " + g.Name
	}
	return g.Name
}

// missing lists who should hold a group by the rules, and does not.
func (b *holding) missing(id access.RemoteID, row *HolderGroup, has map[access.RemoteID]bool) {
	d := b.o.Input.Desired
	at := slices.IndexFunc(d.Groups, func(g access.DesiredGroup) bool { return g.ID == id })
	if at < 0 {
		return
	}
	row.Managed = d.Groups[at].Members
	for i := range d.Wishes {
		w := &d.Wishes[i]
		if g, ok := wished(w, uint32(at)); ok && w.Standing == access.Keep && !g.Unsure && !has[w.Member] {
			row.Missing = append(row.Missing, missingHolder{w.Email, d.Causes[g.Cause].Text})
		}
	}
	slices.SortFunc(row.Missing, func(x, y missingHolder) int { return cmp.Compare(x.Email, y.Email) })
}

func wished(w *access.Wish, group uint32) (access.WishedGrant, bool) {
	for _, g := range w.Grants {
		if g.Group == group {
			return g, true
		}
	}
	return access.WishedGrant{}, false
}

// other is a guest, or a team whose people are not known.
func (b *holding) other(r *access.HeldRight) Holder {
	h := Holder{Kind: kindWord(r.Kind), Name: r.Name, Email: r.Email, User: r.Assignee, Role: r.Role.Words(), From: shape.Stamp(r.From), Until: shape.Stamp(r.Until),
		Level: access.Foreign.String(), Why: "given by others in Kisi", Since: shape.Stamp(r.Made), Records: []string{}}
	h.State = validity(r, access.At(b.doc.At), true)
	h.Opens = h.State == ""
	return h
}

// validity says why a right opens nothing now; "" when it does.
func validity(r *access.HeldRight, at access.Instant, enabled bool) string {
	switch {
	case !enabled:
		return "suspended"
	case r.From > at:
		return "not yet"
	case r.Until != 0 && r.Until < at:
		return "ended"
	}
	return ""
}

// team lists the people of a team that holds a group.
func (b *holding) team(r *access.HeldRight) []Holder {
	t, ok := b.h.Team(r.Assignee)
	if !ok || t.Unread || len(t.Users)+t.Guests == 0 {
		h := b.other(r)
		h.Team, h.Why = r.Name, "given to the team by others in Kisi"
		return []Holder{h}
	}
	var all []Holder
	for _, id := range t.Users {
		one := *r
		one.Kind, one.Assignee = access.ToUser, id
		h := b.other(&one)
		if p, there := b.h.Person(id); there {
			b.person(&h, &one, p)
		}
		h.Team, h.Why = r.Name, "in the team "+r.Name+", to which others gave it in Kisi"
		h.Records = b.records(b.wishes[id])
		all = append(all, h)
	}
	if t.Guests > 0 {
		h := b.other(r)
		h.many = t.Guests
		h.Name, h.Team, h.Why = voice.Count(t.Guests, "guest", "guests")+" of the team "+r.Name, r.Name, "in the team "+r.Name+", to which others gave it in Kisi"
		all = append(all, h)
	}
	return all
}

// person fills in what Kisi says of a user.
func (b *holding) person(h *Holder, r *access.HeldRight, p *access.Person) {
	h.Name, h.Email, h.Used = p.Name, p.Email, shape.Stamp(p.LastUsed)
	h.State = validity(r, access.At(b.doc.At), p.Enabled)
	h.Opens = h.State == ""
}

// user is somebody with a right of their own: why it is there, and what becomes of it.
func (b *holding) user(r *access.HeldRight) Holder {
	h := b.other(r)
	if p, ok := b.h.Person(r.Assignee); ok {
		b.person(&h, r, p)
	}
	w := b.wishes[r.Assignee]
	h.Records = b.records(w)
	account, _ := b.o.Input.Owned.Account(r.Assignee)
	if owned, ok := account.Grant(r.Group); ok && owned.Assignment == r.Assignment {
		h.Level, h.Since = owned.Level.String(), shape.Stamp(owned.Since)
		if owned.Cause != nil && owned.Level.Ours() {
			h.Why, h.Rule = owned.Cause.Text, owned.Cause.Rule
		}
	}
	if w != nil {
		b.outlook(&h, r, w)
	}
	return h
}

// outlook says what the rules say of a right now.
func (b *holding) outlook(h *Holder, r *access.HeldRight, w *access.Wish) {
	d := b.o.Input.Desired
	ours := h.Level == access.Created.String() || h.Level == access.Adopted.String()
	switch w.Standing {
	case access.Suspend, access.Remove:
		h.Next = "loses all access: " + d.Causes[w.Cause].Text
		return
	case access.Leave:
		h.Next = "stays as it is: " + d.Causes[w.Cause].Text
		return
	}
	for _, l := range w.Losses {
		if l.Group == r.Group && ours {
			h.Next = "is taken: " + d.Causes[l.Cause].Text
		}
	}
	at := slices.IndexFunc(d.Groups, func(g access.DesiredGroup) bool { return g.ID == r.Group })
	g, ok := wished(w, uint32(max(at, 0)))
	switch {
	case at < 0 || !ok:
	case ours && !g.Unsure:
		h.Why, h.Rule = d.Causes[g.Cause].Text, d.Causes[g.Cause].Rule
	case !ours:
		h.Why = "given by others in Kisi; the rules would give it, too: " + d.Causes[g.Cause].Text
	}
}

// records names the records of the directories that a person is.
func (b *holding) records(w *access.Wish) []string {
	out := []string{}
	if w == nil {
		return out
	}
	for _, a := range w.Anchors {
		source, id, _ := strings.Cut(string(a), ":")
		if _, there := b.o.Asked.People.FindPerson(directory.Key{Source: source, ID: id}); there {
			out = append(out, string(a))
		}
	}
	return out
}

// people counts who may open the doors now through the groups, each once.
func (b *holding) people() int {
	seen := map[string]int{}
	for i := range b.doc.Groups {
		for _, h := range b.doc.Groups[i].Holders {
			if h.Opens && (h.Kind != "team" || h.many > 0) {
				seen[fmt.Sprintf("%s %d", h.Kind, h.User)] = max(1, h.many)
			}
		}
	}
	n := 0
	for _, many := range seen {
		n += many
	}
	return n
}
