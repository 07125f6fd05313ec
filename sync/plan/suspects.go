package plan

import (
	"cmp"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Suspects returns who differs from what is known and is not merely waiting: the only ones that a run of changes must look at
// in Kisi. in.Observed and in.Limits are ignored: what is over a limit is looked at once, and then waits. An empty scope means that no
// call is needed. What an earlier call that is not settled was about is looked at always.
func Suspects(in Input) access.Scope {
	var scope access.Scope
	for i := range in.Open {
		add(&scope, in.Open[i].Call.Change.Object)
	}
	in.Observed, in.Open = nil, nil
	d := newDecider(&in, true)
	d.members()
	steps := d.ordered()
	for i := range steps {
		steps[i].ID = steps[i].Change.Digest()
	}
	hold(d, steps)
	for i := range steps {
		if s := &steps[i]; s.Hold == nil {
			add(&scope, s.Change.Object)
			if a := d.people.linked(s.Change.Object.Member); a != nil && len(a.Link.Anchors) == 0 {
				scope.Emails = append(scope.Emails, s.Change.Object.Email) // whoever has the address now, if not the user last seen
			}
		}
	}
	d.whole(&scope)
	scope.Members, scope.Emails, scope.Doors = sorted(scope.Members), sorted(scope.Emails), sorted(scope.Doors)
	return scope
}

// Leavers returns the suspects who must lose everything at once because they were disabled, deleted or blocked. What an earlier call
// left open is not among them: taking away does not wait for it.
func Leavers(in Input) access.Scope {
	if in.Desired == nil {
		return access.Scope{}
	}
	leaving := *in.Desired
	leaving.Wishes = nil
	for i := range in.Desired.Wishes {
		if leaves(in.Desired, &in.Desired.Wishes[i]) {
			leaving.Wishes = append(leaving.Wishes, in.Desired.Wishes[i])
		}
	}
	if len(leaving.Wishes) == 0 {
		return access.Scope{}
	}
	in.Desired, in.Open = &leaving, nil
	scope := Suspects(in)
	scope.Doors = nil
	return scope
}

// leaves says that a wish takes something away for a cause that does not wait.
func leaves(d *access.Desired, w *access.Wish) bool {
	urgent := func(cause uint32) bool { return int(cause) < len(d.Causes) && urgentCause(d.Causes[cause].Kind) }
	return w.Standing == access.Suspend && urgent(w.Cause) ||
		slices.ContainsFunc(w.Losses, func(l access.Loss) bool { return urgent(l.Cause) })
}

// whole adds the other user of whoever has one that makes room for it: nothing can be decided about one alone.
func (d *decider) whole(scope *access.Scope) {
	for i := range d.in.Desired.Wishes {
		w := &d.in.Desired.Wishes[i]
		if w.Replaces == nil || !slices.Contains(scope.Members, w.Replaces.Member) && !slices.Contains(scope.Members, w.Member) &&
			!slices.Contains(scope.Emails, w.Folded) {
			continue
		}
		add(scope, access.ObjectKey{Member: w.Member, Email: w.Folded})
		add(scope, access.ObjectKey{Member: w.Replaces.Member})
	}
}

func sorted[T cmp.Ordered](all []T) []T {
	slices.Sort(all)
	return slices.Compact(all)
}

func add(scope *access.Scope, o access.ObjectKey) {
	switch {
	case o.Member != 0:
		scope.Members = append(scope.Members, o.Member)
	case o.Email != "":
		scope.Emails = append(scope.Emails, email.Fold(o.Email))
	case o.Group != 0:
		scope.Doors = append(scope.Doors, o.Group)
	}
}
