package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func blockVerb(ui *call, c *common) *cobra.Command {
	p := &pinning{kind: access.Block}
	cmd := &cobra.Command{
		Use: "block PERSON", Short: "Take all access from somebody at once, whatever the rules say", Args: exactly("PERSON"),
		Long: `Blocks somebody until unblock: the Kisi user is suspended at once, whatever directories and rules say, and no limit holds
that up. PERSON is as explain takes it; an address that nobody has yet is blocked, too, for when somebody comes with it.
A Kisi user whom kisi-sync does not know of is not touched.`,
		Example: `  kisi-sync block ana@example.com --why ticket-4711
  kisi-sync block corp:4711 --why ticket-4711 --no-run   leave it to the next run`,
	}
	cmd.Flags().StringVar(&p.why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	cmd.Flags().BoolVar(&p.noRun, "no-run", false, "only write it down; the next run carries it out")
	return p.command(ui, c, cmd)
}

func exemptVerb(ui *call, c *common) *cobra.Command {
	p := &pinning{kind: access.Exempt}
	cmd := &cobra.Command{
		Use: "exempt PERSON", Short: "Let somebody keep what they have, until a day", Args: exactly("PERSON"),
		Long: `Until a day, its end included, nothing is taken from somebody because of rules, groups or an absence: for a change of
department that takes a week, or a directory that is being moved. A block, and a directory that disables the person, still
take everything. PERSON is as explain takes it.`,
		Example: `  kisi-sync exempt ana@example.com --until 2026-03-31 --why ticket-4711`,
	}
	cmd.Flags().StringVar(&p.until, "until", "", "the last `DAY` on which it holds (2026-03-31), or a moment (2026-03-31T18:00); required")
	cmd.Flags().StringVar(&p.why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	p.noRun = true // nothing is to be done for it
	return p.command(ui, c, cmd)
}

// pinning is block or exempt.
type pinning struct {
	kind       access.PinKind
	why, until string
	noRun      bool
	undo       string // the verb that takes it back, where that is another than for most
}

func (p *pinning) command(ui *call, c *common, cmd *cobra.Command) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := reasoned(p.why); err != nil {
			return err
		}
		s, err := open(cmd.Context(), ui, c, opening{asked: ui.me(), keep: true, patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		if err := mayApprove(s.settings, s.ui.me()); err != nil {
			return err
		}
		return p.pin(cmd.Context(), s, args[0])
	}
	return cmd
}

// pinDocument is what exempt, unblock, unexempt, and block with --no-run print as JSON.
type pinDocument struct {
	Did    string   `json:"did"` // block, exempt, unblock, unexempt
	Who    string   `json:"who"`
	Person string   `json:"person,omitempty"` // key
	Email  string   `json:"email,omitempty"`
	Until  string   `json:"until,omitempty"`
	By     string   `json:"by"`
	Why    string   `json:"why"`
	Notes  []string `json:"notes"`
}

func newPinDocument(did string, p access.Pin) pinDocument {
	who := p.Email
	if who == "" {
		who = string(p.Anchor)
	}
	return pinDocument{Did: did, Who: who, Person: string(p.Anchor), Email: p.Email, Until: shape.Stamp(p.Until), By: p.By, Why: p.Why, Notes: []string{}}
}

// pin writes the pin down, and carries out what follows from a block. A directory that cannot be read does not stop it: what is
// known of it is good enough to know a person by.
func (p *pinning) pin(ctx context.Context, s *session, who string) error {
	until, err := p.ends(s.settings.Schedule.Zone)
	if err != nil {
		return err
	}
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return s.untouched(ctx.Err())
	}
	pin, err := s.identify(ctx, who)
	stranger := errors.Is(err, mapping.ErrNobody) && p.kind == access.Block && email.Problem(who) == ""
	if stranger {
		pin, err = access.Pin{Email: email.Fold(who)}, nil
	}
	if err != nil {
		return exit.Also(readErr, s.untouched(err))
	}
	pin.Kind, pin.Until, pin.By, pin.Why = p.kind, until, s.ui.me(), p.why
	if err := s.store.(*store.Store).SavePin(ctx, pin); err != nil {
		return err
	}
	d := newPinDocument(p.kind.String(), pin)
	if stranger {
		d.Notes = append(d.Notes, "no source knows this address yet; a Kisi user that others made with it is not touched")
	}
	return exit.Also(readErr, p.follow(ctx, s, d), s.stillOpen(ctx, pin))
}

// stillOpen is an error when a block is about somebody whose Kisi user is not ours to suspend.
func (s *session) stillOpen(ctx context.Context, pin access.Pin) error {
	if pin.Kind != access.Block {
		return nil
	}
	ledger, err := s.store.Ledger(ctx)
	if err != nil {
		return err
	}
	for i := range ledger.Accounts {
		a := &ledger.Accounts[i]
		known := slices.Contains(a.Link.Anchors, pin.Anchor) || len(a.Link.Anchors) > 0 && pin.Email != "" && email.Fold(a.Known.Email) == pin.Email
		if known && a.Link.Level == access.Linked && a.Known.Enabled {
			who := newPinDocument("", pin).Who
			return exit.Failed(fmt.Errorf("%s still has access: the Kisi user was made by hand, and kisi-sync suspends only what it made or adopted", who),
				"kisi-sync adopt "+who+" --why TEXT makes the user ours and suspends it at once; or suspend it in Kisi by hand")
		}
	}
	return nil
}

func (p *pinning) ends(zone *time.Location) (access.Instant, error) {
	if p.kind == access.Block {
		return 0, nil
	}
	if p.until == "" {
		return 0, exit.Usage(errors.New("say until when: --until DAY"), "an exemption without an end is forgotten; a rule in the file is not")
	}
	until, err := parseTime(p.until, zone, true)
	if err == nil && !until.After(now()) {
		err = exit.Usage(fmt.Errorf("--until %s is over", p.until), "write a day to come")
	}
	return access.At(until), err
}

// follow says what was written down, and runs for it.
func (p *pinning) follow(ctx context.Context, s *session, d pinDocument) error {
	switch p.kind {
	case access.Block:
		s.ui.Say("%s is blocked, until kisi-sync %s.", d.Who, cmp.Or(p.undo, "unblock"))
	default:
		s.ui.Say("%s keeps what they have until %s.", d.Who, s.moment(d.Until))
	}
	for _, note := range d.Notes {
		s.ui.Say("  %s %s", s.ui.Yellow("!"), note)
	}
	if p.noRun {
		if p.kind == access.Block {
			s.ui.Say("The next run carries it out.")
		}
		return s.ui.PrintJSON(d)
	}
	return s.inTurn(ctx, func(ctx context.Context) error {
		o, err := s.look(ctx, false)
		if err != nil {
			return exit.Failed(err, "the block is written down, and the next run carries it out")
		}
		if err := s.proven(ctx, o); err != nil {
			return p.alone(ctx, s, d, err)
		}
		f := s.forecast(o)
		s.showPlan(f)
		return s.carry(ctx, f)
	})
}

// alone carries out a block for the person alone, where nothing else may be carried out: whoever must lose access does not wait for the file to be
// put right.
func (p *pinning) alone(ctx context.Context, s *session, d pinDocument, why error) error {
	if p.kind != access.Block {
		return why
	}
	who := d.Person
	if who == "" {
		who = d.Email
	}
	x, err := s.engine.LookAtPerson(ctx, who)
	if errors.Is(err, mapping.ErrNobody) {
		return why
	}
	if err != nil {
		return exit.Also(why, exit.Failed(err, "the block is written down, and the next run carries it out"))
	}
	f := s.forecast(x.Outlook)
	s.showPlan(f)
	return exit.Also(s.carry(ctx, f), why)
}

// identify finds a person as explain does. What Kisi says is not needed for it.
func (s *session) identify(ctx context.Context, who string) (access.Pin, error) {
	x, err := s.engine.Explain(ctx, who)
	if x == nil {
		return access.Pin{}, err
	}
	return s.pinOf(x, who)
}

// pinOf names a person who was found, by anchor and address.
func (s *session) pinOf(x *engine.Explanation, who string) (access.Pin, error) {
	var pin access.Pin
	if len(x.Trail.Records) > 0 {
		r := x.Trail.Records[0]
		pin.Email = email.Fold(r.Email)
		if i := s.indexOf(r.Source); i >= 0 {
			pin.Anchor = access.Anchor(s.sources[i].ID + ":" + r.ID)
		}
	} else if x.Account != nil {
		pin.Email = email.Fold(x.Account.Known.Email)
		if len(x.Account.Link.Anchors) > 0 {
			pin.Anchor = x.Account.Link.Anchors[0]
		}
	}
	if pin.Email == "" && pin.Anchor == "" {
		return pin, fmt.Errorf("%w: %q", mapping.ErrNobody, who)
	}
	return pin, nil
}

func unblockVerb(ui *call, c *common) *cobra.Command {
	return unpinVerb(ui, c, access.Block, &cobra.Command{
		Use: "unblock PERSON", Short: "Take a block back", Args: exactly("PERSON"),
		Long: `Takes a block back. The next run gives the person what directories and rules say. PERSON is the address or the key that the
block names, or an unmistakable part of it. Nobody is contacted.`,
		Example: `  kisi-sync unblock ana@example.com --why ticket-4711`,
	})
}

func unexemptVerb(ui *call, c *common) *cobra.Command {
	return unpinVerb(ui, c, access.Exempt, &cobra.Command{
		Use: "unexempt PERSON", Short: "Take an exemption back before its end", Args: exactly("PERSON"),
		Long: `Takes an exemption back. The next run takes from the person what directories and rules no longer give, within the limits.
PERSON is the address or the key that the exemption names, or an unmistakable part of it. Nobody is contacted.`,
		Example: `  kisi-sync unexempt ana@example.com --why ticket-4711`,
	})
}

func unpinVerb(ui *call, c *common, kind access.PinKind, cmd *cobra.Command) *cobra.Command {
	var why string
	cmd.Flags().StringVar(&why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := reasoned(why); err != nil {
			return err
		}
		m, err := remember(cmd.Context(), ui, c)
		if err != nil {
			return err
		}
		defer m.closeInto(cmd.Context(), &err)
		if err := mayApprove(m.settings, m.ui.me()); err != nil {
			return err
		}
		return m.unpin(cmd.Context(), kind, args[0], why)
	}
	return cmd
}

// unpin takes back all pins of a kind that are about one person.
func (m *memory) unpin(ctx context.Context, kind access.PinKind, who, why string) error {
	all, err := m.Pins(ctx)
	if err != nil {
		return err
	}
	found, err := pinsOf(all, kind, who)
	if err != nil {
		return err
	}
	for _, p := range found {
		if err := m.DropPin(ctx, p, m.ui.me(), why); err != nil {
			return err
		}
	}
	p := found[0]
	p.By, p.Why = m.ui.me(), why
	d := newPinDocument("un"+kind.String(), p)
	m.ui.Say("The %s of %s is taken back. The next run goes by directories and rules again.", pinNoun(kind), d.Who)
	return m.ui.PrintJSON(d)
}

func pinNoun(kind access.PinKind) string {
	if kind == access.Exempt {
		return "exemption"
	}
	return "block"
}

// pinsOf finds the pins of one person: those that name exactly this address or key, else those that it is a part of.
func pinsOf(all []access.Pin, kind access.PinKind, who string) ([]access.Pin, error) {
	folded := email.Fold(who)
	for _, is := range []func(name, part string) bool{func(a, b string) bool { return a == b }, strings.Contains} {
		var found []access.Pin
		var people []string
		for _, p := range all {
			if p.Kind != kind || !is(p.Email, folded) && !is(string(p.Anchor), who) {
				continue
			}
			found = append(found, p)
			if name := newPinDocument("", p).Who; !slices.Contains(people, name) {
				people = append(people, name)
			}
		}
		switch len(people) {
		case 0:
			continue
		case 1:
			return found, nil
		}
		return nil, exit.Usage(fmt.Errorf("%q may be %s", who, strings.Join(people, ", ")), "write the whole address or key; nothing was changed")
	}
	return nil, exit.Failed(fmt.Errorf("%q: %w", who, store.ErrNoPin), "kisi-sync audit show lists who was blocked and exempted")
}
