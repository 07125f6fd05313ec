package directory

import (
	"maps"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// oracle is a directory as the comments of Record, Builder.Seal and View say it, in maps and without any cleverness.
type oracle struct {
	source  string
	objects map[string]*oracleObject
	tombs   map[string]Tombstone
	doubted int // memberships and values
}

type oracleObject struct {
	group            bool
	email, name      string
	active           Tri
	changed, doubted int64
	handles          map[Ref]bool
	attrs            map[string][]string
	members          map[Ref]bool
}

// oracleRead is what one read says, with the last word about each ID.
type oracleRead struct {
	stated map[string]*oracleObject
	marks  map[string]Kind
	erased map[string]bool
	whole  map[string]bool
	edits  map[string]map[Ref]bool // of members: true for is, false for gone
}

func newOracle(source string) *oracle {
	return &oracle{source: source, objects: map[string]*oracleObject{}, tombs: map[string]Tombstone{}}
}

func hear(records []Record) *oracleRead {
	r := &oracleRead{map[string]*oracleObject{}, map[string]Kind{}, map[string]bool{}, map[string]bool{}, map[string]map[Ref]bool{}}
	for _, rec := range records {
		switch rec.Kind {
		case PersonIs, GroupIs:
			r.stated[rec.ID] = stated(rec)
			delete(r.marks, rec.ID)
			delete(r.erased, rec.ID)
		case Gone, Unsure:
			r.marks[rec.ID] = rec.Kind
			delete(r.erased, rec.ID)
		case Erased:
			r.marks[rec.ID], r.erased[rec.ID] = Gone, true
		case MembersFrom:
			r.whole[rec.ID], r.edits[rec.ID] = true, map[Ref]bool{}
		case MemberIs, MemberGone:
			if r.edits[rec.ID] == nil {
				r.edits[rec.ID] = map[Ref]bool{}
			}
			r.edits[rec.ID][rec.Member] = rec.Kind == MemberIs
		}
	}
	for id, mark := range r.marks {
		if mark == Gone {
			delete(r.stated, id)
		}
	}
	return r
}

func stated(rec Record) *oracleObject {
	o := &oracleObject{group: rec.Kind == GroupIs, email: rec.Email, name: rec.Name, active: rec.Active, changed: unix(rec.Changed),
		handles: map[Ref]bool{}, attrs: map[string][]string{}, members: map[Ref]bool{}}
	for _, h := range rec.Handles {
		if h.Value != "" {
			o.handles[h] = true
		}
	}
	for _, a := range rec.Attrs {
		if len(a.Values) > 0 {
			o.attrs[a.Name] = a.Values
		}
	}
	return o
}

// after returns the oracle after a read; believed is asked only when something is missing.
func (o *oracle) after(records []Record, coverage Coverage, at time.Time, believable bool) *oracle {
	r, next := hear(records), newOracle(o.source)
	lost := map[string]Absence{}
	for id, old := range o.objects {
		mark := r.marks[id]
		switch {
		case r.stated[id] != nil:
		case mark == Gone:
			lost[id] = Deleted
		case mark == Unsure, coverage == Delta:
			kept := *old
			if mark == Unsure {
				kept.doubted = 0
			}
			next.objects[id] = &kept
		default:
			lost[id] = Vanished
		}
	}
	for id, s := range r.stated {
		fresh := *s
		if old := o.objects[id]; old != nil && old.group == fresh.group && old.changed != 0 && old.active == fresh.active && old.email == fresh.email {
			fresh.changed = old.changed
		}
		next.objects[id] = &fresh
	}
	lostMembers := next.edit(o, r)
	believed := believable || len(lost) == 0 && lostMembers == 0 && !o.missesValues(next)
	maps.Copy(next.tombs, o.tombs)
	if coverage == Delta {
		next.doubted = o.doubted
	}
	if believed {
		next.bury(o, lost, at)
	} else {
		next.doubted += lostMembers
		next.keep(o, r, lost, unix(at))
	}
	for id := range next.objects {
		delete(next.tombs, id)
	}
	return next
}

// edit does the edits of members and returns how many were lost in groups that are still there.
func (o *oracle) edit(before *oracle, r *oracleRead) (lost int) {
	for id, g := range o.objects {
		old := map[Ref]bool{}
		if was := before.objects[id]; was != nil {
			old = maps.Clone(was.members)
		}
		for id := range r.erased {
			delete(old, Ref{ByID, id}) // no loss that anybody must believe: the directory said so
		}
		now := maps.Clone(old)
		if r.whole[id] {
			now = map[Ref]bool{}
		}
		for ref, is := range r.edits[id] {
			if delete(now, ref); is {
				now[ref] = true
			}
		}
		g.members = now
		for ref := range old {
			if !now[ref] {
				lost++
			}
		}
	}
	return lost
}

func (o *oracle) missesValues(next *oracle) bool {
	before, after := o.with(), next.with()
	for name, people := range before {
		if after[name] < people {
			return true
		}
	}
	return false
}

func (o *oracle) with() map[string]int {
	with := map[string]int{}
	for _, p := range o.objects {
		if p.group {
			continue
		}
		if p.email != "" {
			with[MailCount]++
		}
		for name := range p.attrs {
			with[name]++
		}
	}
	return with
}

func (o *oracle) bury(before *oracle, lost map[string]Absence, at time.Time) {
	for id, why := range lost {
		since := at
		if d := before.objects[id].doubted; d != 0 {
			since = fromUnix(d)
		}
		o.tombs[id] = Tombstone{ID: id, Why: why, Since: since}
	}
}

// keep puts back all that is missing.
func (o *oracle) keep(before *oracle, r *oracleRead, lost map[string]Absence, at int64) {
	for id := range lost {
		kept := *before.objects[id]
		if kept.doubted == 0 {
			kept.doubted = at
		}
		o.objects[id] = &kept
	}
	for id, old := range before.objects {
		now := o.objects[id]
		now.members = maps.Clone(now.members)
		for ref, is := range r.edits[id] {
			if is {
				now.members[ref] = true
			}
		}
		maps.Copy(now.members, old.members)
		if r.stated[id] == nil {
			continue
		}
		if now.email == "" && old.email != "" {
			now.email = old.email
			o.doubted++
		}
		for name := range old.attrs {
			if _, read := now.attrs[name]; !read {
				o.doubted++
			}
		}
		attrs := maps.Clone(old.attrs)
		maps.Copy(attrs, now.attrs)
		now.attrs = attrs
	}
}

// ids returns the IDs of the people, or of the groups, in order.
func (o *oracle) ids(groups bool) (ids []string) {
	for id, object := range o.objects {
		if object.group == groups {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// named returns the objects of a source that a ref names.
func (o *oracle) named(ref Ref) (ids []string) {
	if ref.Kind == ByID && o.objects[ref.Value] != nil {
		return []string{ref.Value}
	}
	for id, object := range o.objects {
		mail := email.Fold(object.email)
		switch {
		case object.handles[ref], ref.Kind == ByMail && mail != "" && mail == ref.Value:
			ids = append(ids, id)
		}
	}
	return ids
}

// resolve returns who a ref of source s means among several sources; false for nobody.
func resolve(all []*oracle, s *oracle, ref Ref) (k Key, ok bool) {
	switch found := s.named(ref); {
	case len(found) == 1:
		return Key{s.source, found[0]}, true
	case len(found) > 1 || ref.Kind < ByMail:
		return Key{}, false
	}
	n := 0
	if ref.Kind == BySID {
		for _, other := range all {
			found := other.named(ref)
			if len(found) > 1 {
				return Key{}, false
			}
			for _, id := range found {
				if n++; other.objects[id].group {
					n = 2 // a group abroad is nobody
				}
				k = Key{other.source, id}
			}
		}
		return k, n == 1
	}
	for _, other := range all {
		for id, object := range other.objects {
			if !object.group && email.Fold(object.email) == ref.Value {
				k = Key{other.source, id}
				n++
			}
		}
	}
	return k, n == 1
}

// members returns the people of a group, nesting closed, and over how many groups the shortest way to each leads.
func members(all []*oracle, group Key) map[Key]int {
	bySource := map[string]*oracle{}
	for _, o := range all {
		bySource[o.source] = o
	}
	people, seen := map[Key]int{}, map[Key]bool{group: true}
	for level, depth := []Key{group}, 1; len(level) > 0; depth++ {
		var next []Key
		for _, g := range level {
			for ref := range bySource[g.Source].objects[g.ID].members {
				m, ok := resolve(all, bySource[g.Source], ref)
				switch {
				case !ok:
				case !bySource[m.Source].objects[m.ID].group:
					if people[m] == 0 {
						people[m] = depth
					}
				case !seen[m]:
					seen[m] = true
					next = append(next, m)
				}
			}
		}
		level = next
	}
	return people
}
