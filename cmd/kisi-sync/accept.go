package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func acceptVerb(ui *call, c *common) *cobra.Command {
	people, group, why := -1, "", ""
	cmd := &cobra.Command{
		Use: "accept SOURCE|RULE", Short: "Believe a source that has much less than lately, or the group that a rule names now", Args: exactly("SOURCE|RULE"),
		Long: `When far less comes from a source than lately, what is missing is not believed and takes nothing away. Accept reads the
source, shows what is missing, and asks how many people it has now; with --people nobody is asked. Exactly what was shown
is then taken in, and is the measure from then on. Nothing is done in Kisi: that is for the next run, and its limits hold.

A domain controller that lags behind another one, or that was put back to an older state, is believed about leavers alone
until it has caught up. When it never will, because the other one is lost, accept shows who comes back by that.

A source of type scim is pushed to, and its provider never says when it has pushed everybody. Until it is accepted once,
nothing is concluded from what is missing in it; who is disabled or deleted there loses access nevertheless.

A rule that names its group by name goes on with the group that it first matched. When that one is gone and another one
bears the name, the rule gives nothing new until somebody says that the other one is meant: accept RULE shows it and whom
it brings, and asks for its id; with --group nobody is asked.`,
		Example: `  kisi-sync accept corp
  kisi-sync accept corp --people 412
  kisi-sync accept servers --group 9f1c2d --why ticket-4711`,
	}
	cmd.Flags().IntVar(&people, "people", -1, "how many people the source has now, as accept has shown it: `N`")
	cmd.Flags().StringVar(&group, "group", "", "of a rule: the `ID` of the group that is meant, as accept has shown it")
	cmd.Flags().StringVar(&why, "why", "", "of a rule, the reason, for the audit trail: `TEXT`; required")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		a := &acceptance{ui: ui, c: c, name: args[0], people: people}
		source, err := a.ofSource()
		switch {
		case err != nil:
			return err
		case source:
			return a.run(cmd.Context())
		}
		return (&rebinding{ui: ui, c: c, name: args[0], group: group, why: why}).run(cmd.Context())
	}
	return cmd
}

// acceptance is one read of a source, shown, agreed to, and taken in as it was shown.
type acceptance struct {
	ui     *call
	c      *common
	name   string
	people int // as agreed to on the command line; negative: ask
	read   *recording
	doc    acceptDocument
}

// acceptDocument is what accept --json prints.
type acceptDocument struct {
	Source  string       `json:"source"`
	Before  sizeDocument `json:"before"`
	Now     sizeDocument `json:"now"`
	Doubt   string       `json:"doubt,omitempty"` // why what is missing is not believed
	Missing []string     `json:"missing"`         // people
	// Behind is why the source is older than what is known, so that only leavers are believed of it; Back are those who were disabled and are not there.
	Behind string   `json:"behind,omitempty"`
	Back   []string `json:"back,omitempty"`
	// Gathering: it is pushed to, and nobody has said yet that it has been told everything.
	Gathering bool         `json:"gathering,omitempty"`
	Accepted  bool         `json:"accepted"`
	Next      []shape.Line `json:"next"` // what the next run will do
}

type sizeDocument struct {
	People  int `json:"people"`
	Groups  int `json:"groups"`
	Members int `json:"members"`
}

func (a *acceptance) run(ctx context.Context) error {
	doubts, err := a.look(ctx)
	if err != nil {
		return err
	}
	a.show()
	if doubts == 0 && !a.doc.Gathering && a.doc.Behind == "" {
		a.ui.Say("Everything that source %s says is believed; there is nothing to accept.", a.name)
		return a.print()
	}
	if err := a.agreed(ctx); err != nil {
		return exit.Also(a.print(), err)
	}
	return exit.Also(a.take(ctx), a.print())
}

func (a *acceptance) print() error {
	if !a.ui.JSON {
		return nil
	}
	return a.ui.Print(a.doc)
}

// look reads the source without keeping anything, and returns how many absences are not believed.
func (a *acceptance) look(ctx context.Context) (doubts int, err error) {
	s, err := open(ctx, a.ui, a.c, opening{asked: a.ui.me()})
	if err != nil {
		return 0, err
	}
	defer s.closeInto(&err)
	if err := mayApprove(s.settings, s.ui.me()); err != nil {
		return 0, err
	}
	i := s.indexOf(a.name)
	switch {
	case i < 0 && a.name == "kisi":
		return 0, exit.Usage(errors.New("accept is about sources"), "what is missing in Kisi itself is accepted by kisi-sync sync --accept kisi")
	case i < 0:
		return 0, exit.Usage(fmt.Errorf("the file has no source %q", a.name), "kisi-sync config show lists its sources")
	}
	a.doc = acceptDocument{Source: a.name, Missing: []string{}, Next: []shape.Line{}}
	before, err := s.store.Snapshot(ctx, s.sources[i].ID)
	if err != nil {
		return 0, err
	}
	if before != nil {
		a.doc.Before = newSize(before.Counts())
	}
	a.read = &recording{Source: s.counted[i].Source}
	s.counted[i].Source = a.read
	stop := a.ui.During(s.where)
	_, err = s.engine.Intake(ctx, a.name, true)
	stop()
	if err != nil {
		return 0, &exit.Unread{Err: err}
	}
	a.doc.Now = a.read.size()
	now, err := s.store.Snapshot(ctx, s.sources[i].ID)
	if err != nil {
		return 0, err
	}
	for _, st := range s.engine.Statuses() {
		if st.Name == a.name {
			a.doc.Doubt, a.doc.Gathering, a.doc.Behind = st.Doubt, st.Gathering, st.Behind
		}
	}
	if a.doc.Missing, err = doubted(now); err == nil && a.doc.Behind != "" {
		a.doc.Back, err = back(now, a.read.records)
	}
	return now.Doubts(), err
}

// back names the people who are known to be disabled, and are not by what was read.
func back(known *directory.Snapshot, read []*directory.Record) (people []string, err error) {
	enabled := map[string]bool{}
	for _, r := range read {
		if r.Kind == directory.PersonIs {
			enabled[r.ID] = r.Active != directory.No
		}
	}
	err = known.Records(func(r *directory.Record) error {
		if r.Kind == directory.PersonIs && r.Active == directory.No && enabled[r.ID] {
			people = append(people, called(r))
		}
		return nil
	})
	slices.Sort(people)
	return people, err
}

// called is how a person is named to people.
func called(r *directory.Record) string { return voice.OrNone(r.Email, voice.OrNone(r.Name, r.ID)) }

func (s *session) indexOf(source string) int {
	for i := range s.sources {
		if s.sources[i].Name == source {
			return i
		}
	}
	return -1
}

func newSize(c directory.Counts) sizeDocument {
	return sizeDocument{People: c.People, Groups: c.Groups, Members: c.Members}
}

// doubted names the people whose absence is not believed.
func doubted(s *directory.Snapshot) ([]string, error) {
	ids, people := map[string]bool{}, []string{}
	s.EachDoubted(func(id string, _ time.Time) { ids[id] = true })
	err := s.Records(func(r *directory.Record) error {
		if r.Kind == directory.PersonIs && ids[r.ID] {
			people = append(people, called(r))
		}
		return nil
	})
	slices.Sort(people)
	return people, err
}

func (a *acceptance) show() {
	b, n := a.doc.Before, a.doc.Now
	a.ui.Say("source %s, before → now: people %d → %d, groups %d → %d, memberships %d → %d", a.name, b.People, n.People, b.Groups, n.Groups,
		b.Members, n.Members)
	if a.doc.Doubt != "" {
		a.ui.Say("  not believed: %s", a.doc.Doubt)
	}
	if a.doc.Behind != "" {
		a.ui.Say("  older than what is known: %s", a.doc.Behind)
	}
	if len(a.doc.Back) > 0 {
		a.ui.Say("  disabled until now, and not there: %s", voice.Names(a.doc.Back))
	}
	if a.doc.Gathering {
		a.ui.Say("  its provider pushes, and nobody can see from here whether it has pushed everybody: compare the numbers with what it says itself")
	}
	if len(a.doc.Missing) > 0 {
		a.ui.Say("  not there now: %s", voice.Names(a.doc.Missing))
	}
}

// agreed asks for the number of people, or compares the one that was given.
func (a *acceptance) agreed(ctx context.Context) error {
	want := a.doc.Now.People
	given := a.people
	if given < 0 {
		if a.ui.JSON || !a.ui.Answers() {
			return exit.Usage(errors.New("accept wants the number of people that the source has now, and there is nobody to ask"),
				fmt.Sprintf("look at what is missing; if that is right: kisi-sync accept %s --people %d", a.name, want))
		}
		answer, err := a.ui.Prompt(ctx, fmt.Sprintf("If that is right, write how many people %s has now: ", a.name))
		if err != nil {
			return err
		}
		if _, err := fmt.Sscan(answer, &given); err != nil {
			given = -1
		}
	}
	if given != want {
		return exit.Failed(fmt.Errorf("source %s has %s now; nothing was accepted", a.name, voice.Count(want, "person", "people")), "look at what is missing again")
	}
	return nil
}

// take takes in what was shown, and nothing else: the source is not asked again.
func (a *acceptance) take(ctx context.Context) (err error) {
	s, err := open(ctx, a.ui, a.c, opening{asked: a.ui.me(), accept: []string{a.name}, keep: true, quiet: true, patience: watched})
	if err != nil {
		return err
	}
	defer s.closeInto(&err)
	s.counted[s.indexOf(a.name)].Source = a.read.again()
	if _, err := s.engine.Intake(ctx, a.name, true); err != nil {
		return &exit.Unread{Err: err}
	}
	a.doc.Accepted = true
	b, n := a.doc.Before, a.doc.Now
	line := record.AuditLine{Kind: record.DidAccept, Who: a.ui.me(), Outcome: record.Done, What: "accept source " + a.name,
		Why: fmt.Sprintf("people %d → %d, groups %d → %d, memberships %d → %d", b.People, n.People, b.Groups, n.Groups, b.Members, n.Members)}
	if st, ok := s.store.(*store.Store); ok {
		if err := st.Audit(ctx, line); err != nil {
			return err
		}
	}
	a.ui.Say("Accepted. The next run goes by it:")
	return a.tellNext(ctx, s)
}

// tellNext says what the next run will do.
func (a *acceptance) tellNext(ctx context.Context, s *session) error {
	stop := s.lookingAtKisi()
	o, err := s.engine.Preview(ctx)
	stop()
	if err != nil {
		return exit.Failed(err, "the source was accepted; what the next run will do is not known")
	}
	f := s.forecast(o)
	a.doc.Next = shape.Convert(f.told.Summary(f.Words), shape.NewLine)
	s.showPlan(f)
	return nil
}

// recording is a source that remembers what it was read as.
type recording struct {
	connectors.Source
	records []*directory.Record
	receipt directory.Receipt
}

// Fetch reads as the source does.
func (r *recording) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	r.records = nil
	receipt, err := r.Source.Fetch(ctx, since, func(one *directory.Record) error {
		r.records = append(r.records, cloned(one)) // a connector may use one record for the whole read
		return put(one)
	})
	r.receipt = receipt
	return receipt, err
}

func cloned(r *directory.Record) *directory.Record {
	c := *r
	c.Handles, c.Attrs = slices.Clone(r.Handles), slices.Clone(r.Attrs)
	for i := range c.Attrs {
		c.Attrs[i].Values = slices.Clone(c.Attrs[i].Values)
	}
	return &c
}

func (r *recording) size() sizeDocument {
	var s sizeDocument
	for _, one := range r.records {
		switch one.Kind {
		case directory.PersonIs:
			s.People++
		case directory.GroupIs:
			s.Groups++
		case directory.MemberIs:
			s.Members++
		}
	}
	return s
}

// again is a source that says the same once more, without being asked.
func (r *recording) again() connectors.Source { return replayed{r} }

type replayed struct{ of *recording }

// Fetch puts what was recorded.
func (r replayed) Fetch(ctx context.Context, _ directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	for _, one := range r.of.records {
		if err := put(one); err != nil {
			return directory.Receipt{}, err
		}
	}
	return r.of.receipt, ctx.Err()
}
