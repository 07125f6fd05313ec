package record

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// AuditFilter says which lines are wanted; its zero value wants all.
type AuditFilter struct {
	Person string    // an address (also one that the person had before), the id of a Kisi user, or an anchor
	Group  string    // a name (also one that it had before), or an id; what is about a person is about all groups that the person holds then
	Door   string    // a name of a door or elevator stop as it is shown, or an id: lines of groups that opened it then
	Run    uint64    // of that run; 0: of any
	Since  time.Time // and later
	Until  time.Time // and earlier; the zero time: no end
}

// Wants says that a line is wanted. r has taken in the line and all before it.
func (f AuditFilter) Wants(e *Entry, r *Replay) bool {
	return !e.At.Before(f.Since) && (f.Until.IsZero() || !e.At.After(f.Until)) &&
		(f.Run == 0 || e.Run == f.Run) && (f.Person == "" || f.person(e, r)) && (f.Group == "" || f.group(e, r)) && (f.Door == "" || f.door(e))
}

func (f AuditFilter) person(e *Entry, r *Replay) bool {
	folded := email.Fold(f.Person)
	if e.Email == folded || string(e.Anchor) == f.Person || isID(e.Member, f.Person) || slices.Contains(addresses(e.What), folded) {
		return true
	}
	p := r.people[e.Member]
	return p != nil && slices.Contains(p.Emails, folded)
}

func (f AuditFilter) group(e *Entry, r *Replay) bool {
	if e.GroupName == f.Group || isID(e.Group, f.Group) || e.speaksOf(f.Group) || r.named(e.Group, f.Group) {
		return true
	}
	is := func(id access.RemoteID) bool { return r.named(id, f.Group) }
	return slices.ContainsFunc(e.Groups, is) || slices.ContainsFunc(e.Concerned, is)
}

// speaksOf says that a line names a group in its text: as the last thing, or followed by what is said of steps that are held ("Staff as
// door_access until …", "Staff, HQ / Main entrance").
func (l *AuditLine) speaksOf(group string) bool {
	rest, found := strings.CutPrefix(groupIn(l.What), group)
	return found && (rest == "" || strings.HasPrefix(rest, " as ") || strings.HasPrefix(rest, ", "))
}

// named says that a group has, or had, a name or an id.
func (r *Replay) named(id access.RemoteID, name string) bool {
	g := r.groups[id]
	return isID(id, name) || g != nil && slices.Contains(g.Names, name)
}

func (f AuditFilter) door(e *Entry) bool {
	return isID(e.Thing, f.Door) || slices.ContainsFunc(e.Doors, func(d Door) bool { return d.Name == f.Door || isID(d.ID, f.Door) })
}

func isID(id access.RemoteID, text string) bool {
	return id != 0 && strconv.FormatInt(int64(id), 10) == text
}

// person returns the address that a line is about, "" for none.
func (l *AuditLine) person() string { return cmp.Or(l.Email, emailIn(l.What)) }

// addresses returns the e-mail addresses in a text, folded.
func addresses(text string) []string {
	var all []string
	for word := range strings.FieldsSeq(text) {
		if word = strings.Trim(word, ".,;:()\"'"); strings.Contains(word, "@") {
			all = append(all, email.Fold(word))
		}
	}
	return all
}

// emailIn returns the address that the text of an old line names, "" for none.
func emailIn(what string) string {
	if all := addresses(what); len(all) > 0 {
		return all[0]
	}
	return ""
}

// groupIn returns the group that the text of an old line names, "" for none: after the address, or where an address would be.
func groupIn(what string) string {
	_, about, found := strings.Cut(what, ": ")
	if !found {
		return ""
	}
	if who, in, found := strings.Cut(about, " in "); found && strings.Contains(who, "@") {
		return in
	}
	if strings.Contains(about, "@") {
		return ""
	}
	if i := strings.LastIndex(about, " ("); i > 0 && strings.HasSuffix(about, ")") {
		about = about[:i]
	}
	return about
}
