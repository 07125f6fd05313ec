package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/dn"
)

// Binding ties a selector of the file that names a group by name, address or distinguished name to the group that it first matched.
// A group that is renamed is still the same; one that is made under the old name is not. Accepting the new group means to set its
// GroupID here; without a binding the selector is bound to whatever it matches next.
type Binding struct {
	Source  string         `json:"source"` // id
	Text    string         `json:"text"`   // the selector; a distinguished name in canonical form
	GroupID string         `json:"group_id"`
	Name    string         `json:"name"`  // of the group when it was last seen
	Since   access.Instant `json:"since"` // when it was first matched
}

func compareBindings(a, b Binding) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Text, b.Text), cmp.Compare(a.GroupID, b.GroupID))
}

// selectorText returns the one form of a selector.
func selectorText(text string) string {
	if canonical, err := dn.Canonical(text); err == nil && canonical != "" {
		return canonical
	}
	return strings.TrimSpace(text)
}

// selected is a selector's group: its number in the view, or noGroup; why rules with the selector cannot be asked; and what is to be
// told about it.
type selected struct {
	group int
	lost  string
	exact bool // named by id or by distinguished name
	tell  *Conflict
}

// binder finds the groups of selectors and binds them.
type binder struct {
	*mapper
	old   []Binding // sorted
	bound []Binding
	done  map[[2]string]selected // by source and text
}

func newBinder(m *mapper) *binder {
	b := &binder{mapper: m, old: slices.Clone(m.in.Bindings), done: map[[2]string]selected{}}
	for i := range b.old {
		b.old[i].Source = m.current(b.old[i].Source)
	}
	slices.SortFunc(b.old, compareBindings)
	return b
}

// known returns the binding of a selector.
func (b *binder) known(source, text string) (Binding, bool) {
	i, ok := slices.BinarySearchFunc(b.old, Binding{Source: source, Text: text}, func(x, y Binding) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Text, y.Text))
	})
	if !ok {
		return Binding{}, false
	}
	return b.old[i], true
}

// find returns the group of a rule's selector.
func (b *binder) find(r *rule) selected {
	s := &b.sources[r.source]
	key := [2]string{s.ID, selectorText(r.From.Group)}
	out, done := b.done[key]
	if !done {
		out = b.look(r, key[1])
		b.done[key] = out
	}
	return out
}

func (b *binder) look(r *rule, text string) selected {
	s := &b.sources[r.source]
	binding, bound := b.known(s.ID, text)
	if b.unread[r.source] {
		if bound {
			b.bound = append(b.bound, binding)
		}
		return selected{group: noGroup, lost: "the source was not read"}
	}
	found, how := b.groupsFor(s.ID, r.From.Group)
	if !bound {
		return b.first(r, text, found, how)
	}
	group, alive := b.view.FindGroup(s.ID, directory.Ref{Kind: directory.ByID, Value: binding.GroupID})
	if !alive {
		b.bound = append(b.bound, binding)
		return b.replaced(r, binding, found)
	}
	binding.Name = groupWords(group)
	out := selected{group: group.Number, exact: how == byID || how == byDN}
	if same := slices.ContainsFunc(found, func(g directory.Object) bool { return g.Number == group.Number }); !same || len(found) > 1 {
		out.tell, out.exact = b.renamed(r, group, found), isDN(r.From.Group)
	} else if how == byID {
		return out // nothing needs to be remembered
	}
	b.bound = append(b.bound, binding)
	return out
}

// first is about a selector that is not bound yet.
func (b *binder) first(r *rule, text string, found []directory.Object, how naming) selected {
	switch {
	case len(found) == 0:
		return b.nothing(r)
	case len(found) > 1:
		return b.several(r, found)
	}
	if g := found[0]; how != byID {
		b.bound = append(b.bound, Binding{Source: g.Source(), Text: text, GroupID: g.ID(), Name: groupWords(g), Since: b.at})
	}
	return selected{group: found[0].Number, exact: how == byID || how == byDN}
}

// replaced is about a selector whose group is gone. Another group of its name may be what somebody made to open a door.
func (b *binder) replaced(r *rule, old Binding, found []directory.Object) selected {
	switch {
	case len(found) == 0:
		return b.deleted(r, old)
	case len(found) > 1:
		return b.several(r, found)
	}
	text := fmt.Sprintf("the group that %q named (%s) is gone, and %s bears the name now; what the rule gave stays, and it gives nothing new",
		r.From.Group, old.GroupID, found[0].ID())
	return selected{group: noGroup, lost: "its group is gone, and another one bears the name", tell: &Conflict{Kind: SelectorRebound, Text: text,
		Hint: fmt.Sprintf("if that group is meant: kisi-sync accept %s; or write its id: %s", r.Name, found[0].ID())}}
}

// renamed tells about a selector whose group is there under another name, or not alone under its name.
func (b *binder) renamed(r *rule, group directory.Object, found []directory.Object) *Conflict {
	text := fmt.Sprintf("the group %q of source %s is called %q now", r.From.Group, r.From.Source, groupWords(group))
	kind := SelectorRenamed
	switch {
	case len(found) > 1:
		kind, text = SelectorAmbiguous, fmt.Sprintf("source %s has %d groups named %q", r.From.Source, len(found), r.From.Group)
	case len(found) == 1:
		text += fmt.Sprintf(", and another one (%s) bears the name", found[0].ID())
	}
	return &Conflict{Kind: kind, Text: text + "; the rule goes on with the one that it has known", Hint: "write the group's id instead: " + group.ID()}
}

func (b *binder) nothing(r *rule) selected {
	if b.gathering[r.source] {
		text := fmt.Sprintf("source %s has not pushed a group %q yet; until it has, the rule gives nothing and takes nothing", r.From.Source, r.From.Group)
		return selected{group: noGroup, lost: "its group has not been pushed yet", tell: &Conflict{Kind: SelectorUnpushed, Text: text,
			Hint: fmt.Sprintf("have the provider push it; when it has pushed everybody: kisi-sync accept %s", r.From.Source)}}
	}
	text := fmt.Sprintf("source %s has no group %q; what the rule gave stays", r.From.Source, r.From.Group)
	return selected{group: noGroup, lost: "its source has no such group", tell: &Conflict{Kind: SelectorMatchesNothing, Text: text,
		Hint: "if the group was renamed, write its new name, its distinguished name or its id"}}
}

// deleted is about a selector whose group the source says to be gone, and nothing bears the name. A group that was deleted may be one that is
// about to be made anew, as when a provider links it again; so it takes nothing until somebody says what is meant.
func (b *binder) deleted(r *rule, old Binding) selected {
	out := b.nothing(r)
	if t, gone := b.view.Source(old.Source).Tombstone(old.GroupID); gone && t.Why == directory.Deleted {
		out.tell.Kind = SelectorMatchesNothing
		out.tell.Text = fmt.Sprintf("source %s has deleted the group %q; what the rule gave stays, and it gives nothing new", r.From.Source, r.From.Group)
		out.tell.Hint = "to take what it gave, take the rule out of the file; if the group comes back, kisi-sync accept " + r.Name + " takes the new one"
		out.lost = "its source has deleted the group"
	}
	return out
}

func (b *binder) several(r *rule, found []directory.Object) selected {
	var ids []string
	for _, g := range found {
		ids = append(ids, g.ID())
	}
	text := fmt.Sprintf("source %s has %d groups named %q; what the rule gave stays", r.From.Source, len(found), r.From.Group)
	return selected{group: noGroup, lost: "several groups bear the name", tell: &Conflict{Kind: SelectorAmbiguous, Text: text,
		Hint: "write one of these ids instead: " + strings.Join(ids, ", ")}}
}

// exactOnly refuses a selector that many people may come to match, where a rule gives a sensitive group.
func (b *binder) exactOnly(r *rule, s selected) selected {
	if s.group == noGroup || s.exact {
		return s
	}
	for _, g := range b.allGrants(r) {
		if b.groups[g].Sensitive {
			id := b.view.Group(s.group).ID()
			return selected{group: noGroup, lost: "it names its group by name, and gives a sensitive one", tell: &Conflict{Kind: SelectorNotExact,
				Text: fmt.Sprintf("gives %q, which is sensitive, to a group that it names by name; what the rule gave stays, and it gives nothing new", b.groups[g].Name),
				Hint: fmt.Sprintf("write the distinguished name or the id of %q: %s", r.From.Group, id)}}
		}
	}
	return s
}

func isDN(text string) bool {
	canonical, err := dn.Canonical(text)
	return err == nil && canonical != ""
}
