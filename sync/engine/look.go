package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Outlook is what a run would do, with everything that it was decided from. It may be kept, shown and decided upon before it is
// carried out; it is good for one Carry.
type Outlook struct {
	Plan      *plan.Plan
	Input     plan.Input
	Words     plan.Words
	Conflicts []mapping.Conflict
	Unsettled []plan.Verdict // intents whose outcome is still open, or ambiguous
	Full      bool
	Run       record.Run
	Asked     mapping.Input     // with which the rules were asked last
	wordings  []mapping.Wording // of the file, to be remembered like bindings; nil when not everybody was planned for
	bindings  []mapping.Binding // of selectors, to be remembered when this is carried out
	ended     []access.Pin      // to be dropped once the run has told of their end
	calls     int               // that were made before
	kisi      *careful
}

// Look observes Kisi and plans. full looks at everybody, otherwise only at who differs from what is known; then nobody may be
// looked at, no call is made and the plan is empty. It changes nothing in Kisi; in the store it settles what was open.
func (e *Engine) Look(ctx context.Context, full bool) (*Outlook, error) {
	l := e.look(full)
	return l.do(ctx, l.recall, l.word, l.catalog, l.remap, l.madeSince, l.observe, l.settle, l.recognize, l.plan)
}

// LookBeside is a Look beside which other runs go that write into the same store, until it calls alone: that returns once none is under way, and
// none begins from then on. What they did while Kisi was looked at counts as they wrote it down.
func (e *Engine) LookBeside(ctx context.Context, full bool, alone func(context.Context) error) (*Outlook, error) {
	accept := e.o.Accept
	beside := e.Beside(true, func(o *Options) { o.Alive, o.Accept = e.now(), accept })
	l := beside.look(full)
	return l.do(ctx, l.recall, l.word, l.catalog, l.remap, l.madeSince, l.observe, alone, l.catchUp, l.settle, l.recognize, l.plan)
}

// LookAtLeavers is a Look at nobody but those who must lose everything at once. Whoever else differs is left for the next run, so it
// takes a few calls however much there is to do besides.
func (e *Engine) LookAtLeavers(ctx context.Context) (*Outlook, error) {
	l := e.look(false)
	l.suspects = plan.Leavers
	return l.do(ctx, l.recall, l.catalog, l.remap, l.observe, l.settle, l.recognize, l.plan)
}

// LeaversWait says that, by what is known of sources and of Kisi, somebody must lose everything at once and has not. Nobody is asked, and where
// nothing is known of Kisi yet it is false. It may be called while a run is under way.
func (e *Engine) LeaversWait(ctx context.Context) (bool, error) {
	if c, err := e.o.Store.Catalog(ctx); c == nil || err != nil {
		return false, err
	}
	l := e.look(false)
	if _, err := l.do(ctx, l.recall, l.catalog, l.remap); err != nil {
		return false, err
	}
	return !plan.Leavers(l.out.Input).Empty(), nil
}

// Preview is a full Look that leaves the store alone, too: earlier calls without an outcome stay open, and what they are about
// is held.
func (e *Engine) Preview(ctx context.Context) (*Outlook, error) {
	l := e.look(true)
	l.aloof = true
	l.out.kisi.insists, l.out.kisi.aloof = true, true
	return l.do(ctx, l.recall, l.catalog, l.remap, l.observe, l.catchUp, l.recognize, l.plan)
}

// Resolve maps without observing anybody: what the rules make of what was read, against what there is in Kisi. Its plan is empty.
func (e *Engine) Resolve(ctx context.Context) (*Outlook, error) {
	l := e.look(true)
	l.out.Plan = &plan.Plan{}
	return l.do(ctx, l.recall, l.catalog, l.remap)
}

// ResolveKnown is Resolve against what there was in Kisi when it was last looked at: no call is made unless nothing is known of it.
func (e *Engine) ResolveKnown(ctx context.Context) (*Outlook, error) {
	l := e.look(false)
	l.out.Plan = &plan.Plan{}
	return l.do(ctx, l.recall, l.catalog, l.remap)
}

func (e *Engine) look(full bool) *look {
	return &look{e: e, full: full, suspects: plan.Suspects, out: &Outlook{Full: full, calls: e.calls(), kisi: e.careful(), Run: record.Run{Began: e.o.Now(), Full: full, Asked: e.o.Asked}}}
}

// do takes the steps of a look in order.
func (l *look) do(ctx context.Context, steps ...func(context.Context) error) (*Outlook, error) {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return l.out, nil
}

// look is an Outlook in the making.
type look struct {
	e        *Engine
	full     bool
	aloof    bool                          // the store is left alone
	suspects func(plan.Input) access.Scope // whom to observe unless it is everybody
	out      *Outlook
	view     *directory.View
	unread   []string
	ledger   *access.Ledger
	pins     []access.Pin
	bound    []mapping.Binding
	worded   []mapping.Wording
	open     []access.Intent
	desired  *access.Desired
}

// recall brings together everything that is remembered.
func (l *look) recall(ctx context.Context) (err error) {
	var all []*directory.Snapshot
	for _, s := range l.e.o.Sources {
		snapshot, err := l.e.snapshot(ctx, s)
		if err != nil {
			return fmt.Errorf("source %s: %w", s.Name, err)
		}
		if snapshot == nil || l.stale(s, snapshot) {
			l.unread = append(l.unread, s.ID)
			continue
		}
		all = append(all, snapshot)
	}
	l.view = directory.Join(all...)
	if l.open, err = l.e.o.Store.Open(ctx); err != nil {
		return err
	}
	l.open = slices.DeleteFunc(l.open, l.e.underWay)
	in := &l.out.Input
	in.Policy, in.Limits, in.At = l.e.o.Policy, l.e.o.Limits, l.e.now()
	if in.Holds, err = l.e.o.Store.Holds(ctx); err != nil {
		return err
	}
	if in.Drift, err = l.e.o.Store.Drift(ctx); err != nil {
		return err
	}
	since := access.At(l.e.o.Now().Add(-l.e.o.Limits.Window))
	if in.Spent, err = l.e.o.Store.Spent(ctx, since); err != nil {
		return err
	}
	if l.pins, err = l.e.o.Store.Pins(ctx); err != nil {
		return err
	}
	in.Released = released(l.pins)
	if l.bound, err = l.e.o.Store.Bindings(ctx); err != nil {
		return err
	}
	if l.worded, err = l.e.o.Store.Wordings(ctx); err != nil {
		return err
	}
	l.ledger, err = l.e.o.Store.Ledger(ctx)
	return err
}

// word finds what is to be remembered of what the file says. Doors are looked at by a full look only, and what a source brings since it was
// changed may not be believed yet: until then it is told what was changed.
func (l *look) word(context.Context) error {
	var doubted []string
	for _, s := range l.e.Statuses() {
		if s.Doubts > 0 {
			doubted = append(doubted, s.Name)
		}
	}
	l.out.wordings = mapping.KeepWordings(l.e.o.Rules.Wordings(), l.worded, l.full, doubted, l.e.o.Now())
	return nil
}

// released returns the Kisi users that operators have released.
func released(pins []access.Pin) (ids []access.RemoteID) {
	for i := range pins {
		if pins[i].Kind == access.Release {
			ids = append(ids, pins[i].Member)
		}
	}
	return ids
}

// stale says that a source was not read for longer than the file allows, and notes it.
func (l *look) stale(s Source, snapshot *directory.Snapshot) bool {
	age := l.e.o.Now().Sub(snapshot.AsOf())
	if s.StaleAfter == 0 || age <= s.StaleAfter {
		return false
	}
	what := "was last read"
	if snapshot.AsOf().Before(snapshot.At()) {
		what = "has not been brought up to date since"
	}
	l.out.Run.Problems = append(l.out.Run.Problems, record.Problem{Kind: "stale_source", Who: "source " + s.Name,
		Text: fmt.Sprintf("%s %s ago, stale_after is %s: its people are left exactly as they are", what, age.Round(time.Minute), s.StaleAfter),
		Hint: "kisi-sync check says what is wrong with it"})
	return true
}

// catalog reads what there is to be granted: anew for a full look, else as it was last read.
func (l *look) catalog(ctx context.Context) (err error) {
	var c *access.Catalog
	if !l.full {
		if c, err = l.e.o.Store.Catalog(ctx); err != nil {
			return err
		}
	}
	if c == nil {
		if c, err = l.e.readCatalog(ctx, l.out.kisi); err != nil {
			return err
		}
		if err := l.e.bind(ctx, c); err != nil {
			return err
		}
	}
	l.out.Words.Catalog, l.out.Input.Catalog = c, c
	return nil
}

// madeSince reads the catalog again when a group that the file wants made is not in it: it may have been made by a run that was cut short
// before it could look, and without it nobody would be given what is in it before the next full look.
func (l *look) madeSince(ctx context.Context) error {
	missing := func(g access.DesiredGroup) bool { return g.ID == 0 && g.Create }
	if l.full || !slices.ContainsFunc(l.desired.Groups, missing) {
		return nil
	}
	if err := l.e.rereadCatalog(ctx, l.out.kisi); err != nil {
		return err
	}
	if err := l.catalog(ctx); err != nil {
		return err
	}
	return l.remap(ctx)
}

// bind makes sure that the key belongs to the organization that the file and the store are about.
func (e *Engine) bind(ctx context.Context, c *access.Catalog) error {
	if want := e.o.Organization; want != "" && want != c.Organization.Domain {
		return fmt.Errorf("%w: the API key belongs to the organization %q, the file says %q (kisi.organization.domain)",
			access.ErrStop, c.Organization.Domain, want)
	}
	if err := e.o.Store.Bind(ctx, c.Organization, e.o.Policy.Installation); err != nil {
		return err
	}
	return e.o.Store.SaveCatalog(ctx, c)
}

func (l *look) remap(context.Context) error {
	l.out.Asked = l.mappingInput()
	result := l.e.o.Rules.Map(l.out.Asked)
	l.desired, l.out.Conflicts, l.out.bindings = result.Desired, result.Conflicts, result.Bindings
	l.out.ended = result.Ended
	l.out.Input.Desired, l.out.Words.Desired = l.desired, l.desired
	l.out.Input.Owned, l.out.Input.Open = l.ledger, l.open
	return nil
}

func (l *look) mappingInput() mapping.Input {
	return mapping.Input{People: l.view, Owned: l.ledger, Catalog: l.out.Words.Catalog, At: l.e.o.Now(), Unread: l.unread,
		Pins: l.pins, Bindings: l.bound, Wordings: l.worded}
}

// observe looks at Kisi and keeps what it saw.
func (l *look) observe(ctx context.Context) error {
	scope := access.Scope{All: true, Beside: true}
	if !l.full {
		scope = l.suspects(l.out.Input)
	}
	if scope.Empty() {
		l.out.Input.Observed = &access.State{At: l.e.now()}
		l.out.Words.Observed = l.out.Input.Observed
		return nil
	}
	if !l.full && !plan.Leavers(l.out.Input).Empty() {
		l.out.kisi.insists = true // who leaves does not wait for the end of a rest
	}
	for i := range l.desired.Groups {
		if g := &l.desired.Groups[i]; g.ID != 0 && !g.Role && l.full {
			scope.Doors = append(scope.Doors, g.ID)
		}
	}
	for _, intent := range l.open {
		if c := intent.Call; !c.Change.Kind.OfMember() && c.Group() != 0 {
			scope.Doors = append(scope.Doors, c.Group())
		}
	}
	slices.Sort(scope.Doors)
	scope.Doors = slices.Compact(scope.Doors)
	state, err := l.believed(ctx, scope)
	if err != nil {
		return err
	}
	l.out.Input.Observed, l.out.Words.Observed = state, state
	return l.groupsOfToday(ctx, state)
}

// groupsOfToday puts the groups that were observed in place of those of a catalog that was read some time ago: nothing is decided about a
// group that has been made, renamed or deleted since.
func (l *look) groupsOfToday(ctx context.Context, state *access.State) error {
	same := func(a, b access.Group) bool { return a.ID == b.ID && a.Name == b.Name && a.Place == b.Place }
	if slices.EqualFunc(l.out.Words.Catalog.Groups, state.Groups, same) {
		return nil
	}
	today := *l.out.Words.Catalog
	today.Groups = slices.Clone(state.Groups)
	for i := range today.Groups {
		today.Groups[i].Opened, today.Groups[i].Doors, today.Groups[i].Stops = false, nil, nil
	}
	l.out.Words.Catalog = &today
	if err := l.e.o.Store.SaveCatalog(ctx, &today); err != nil {
		return err
	}
	return l.remap(ctx)
}

// plan computes the plan.
func (l *look) plan(ctx context.Context) error {
	l.out.Plan = plan.Compute(l.out.Input)
	if err := l.byBothClocks(ctx); err != nil {
		return err
	}
	l.out.Run.Sources = l.e.Statuses()
	l.out.Run.Steps.Planned, l.out.Run.Steps.Held = len(l.out.Plan.Steps), l.out.Plan.Held()
	l.out.Conflicts = slices.DeleteFunc(l.out.Conflicts, l.toldBetter)
	for _, c := range l.out.Conflicts {
		l.out.Run.Problems = append(l.out.Run.Problems, record.Problem{Kind: c.Kind, Who: c.Who, Text: c.Text, Hint: c.Hint, Count: c.Count,
			Undecided: !c.Informs()})
	}
	for _, n := range l.out.Plan.Notes {
		l.out.Run.Problems = append(l.out.Run.Problems, record.Problem{Kind: string(n.Kind), Who: n.Who, Text: n.Text, Hint: n.Hint})
	}
	return nil
}

// toldBetter says that a conflict is about an address of which the plan speaks by what Kisi has now: another one still, or the right one
// since somebody corrected it. What mapping says is of the last look.
func (l *look) toldBetter(c mapping.Conflict) bool {
	if c.Kind != mapping.AddressChanged {
		return false
	}
	return l.out.Input.Observed.Covers.All ||
		slices.ContainsFunc(l.out.Plan.Notes, func(n plan.Note) bool { return n.Kind == plan.AddressChanged && n.Who == email.Fold(c.Who) })
}

// Reconsider plans again from the same observation after some holds were decided.
func (e *Engine) Reconsider(ctx context.Context, o *Outlook) error {
	holds, err := e.o.Store.Holds(ctx)
	if err != nil {
		return err
	}
	o.Input.Holds = holds
	o.Plan = plan.Compute(o.Input)
	o.Run.Steps.Held = o.Plan.Held()
	return nil
}
