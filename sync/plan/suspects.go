package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Suspects returns who differs from what is known and is not merely waiting: the only ones that a run of changes must look at
// in Kisi. in.Observed is ignored. An empty scope means that no call is needed. People whose earlier call is not settled are
// suspects always.
func Suspects(in Input) access.Scope {
	in.Observed = nil
	open := in.Open
	in.Open = nil
	d := newDecider(&in, true)
	d.members()
	steps := d.ordered()
	for i := range steps {
		steps[i].ID = steps[i].Change.Digest()
	}
	hold(d, steps)
	var scope access.Scope
	for i := range steps {
		if s := &steps[i]; s.Hold == nil {
			add(&scope, s.Change.Object)
		}
	}
	for _, intent := range open {
		add(&scope, intent.Call.Change.Object)
	}
	slices.Sort(scope.Members)
	slices.Sort(scope.Emails)
	slices.Sort(scope.Doors)
	scope.Members, scope.Emails, scope.Doors = slices.Compact(scope.Members), slices.Compact(scope.Emails), slices.Compact(scope.Doors)
	return scope
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
