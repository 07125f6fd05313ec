package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func releaseVerb(ui *call, c *common) *cobra.Command {
	o := &owning{kind: access.Release}
	cmd := &cobra.Command{
		Use: "release PERSON...", Short: "No longer look after somebody's Kisi user; nothing changes in Kisi", Args: atLeastOne,
		Long: `Takes a Kisi user out of kisi-sync's care, exactly as it is. Nothing changes in Kisi. From then on nothing is given to
the user and nothing is taken from it, also when the person leaves: that is reported, and is for somebody to do by hand.
PERSON is as explain takes it; the address or the number of a Kisi user means that one, where somebody has several.

First it shows what it means, and asks. adopt takes it back.`,
		Example: `  kisi-sync release ana@example.com --why ticket-4711
  kisi-sync release 31415 --why 'made twice'`,
	}
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd.Context(), ui, c, func(ctx context.Context) error { return o.release(ctx, args) })
	}
	return cmd
}

func atLeastOne(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return exit.Usage(fmt.Errorf("expected: kisi-sync %s", cmd.Use), seeHelp(cmd))
	}
	return nil
}

// noPlan is the plan of a verb that found nothing to do.
func noPlan() *plan.Plan { return &plan.Plan{} }

func (o *owning) release(ctx context.Context, people []string) error {
	ledger, err := o.store.Ledger(ctx)
	if err != nil {
		return o.untouched(err)
	}
	pins, err := o.store.Pins(ctx)
	if err != nil {
		return o.untouched(err)
	}
	var a engine.Attention
	for _, who := range people {
		account, err := o.linkedUser(ctx, ledger, who)
		if err != nil {
			return err
		}
		pin := access.Pin{Anchor: account.Link.Anchors[0], Email: email.Fold(account.Known.Email), Member: account.Known.ID}
		for _, p := range pins {
			switch {
			case p.Kind == access.Block && (p.Anchor == pin.Anchor || p.Email == pin.Email):
				return o.refuse(who, "is blocked, and a block goes before a release", "kisi-sync unblock takes the block back; nothing was done")
			case p.Kind == access.Adopt && slices.Contains(account.Link.Anchors, p.Anchor), p.Kind == access.Rename && p.Member == pin.Member:
				p.By, p.Why = o.ui.me(), o.why
				a.Drop = append(a.Drop, p)
			}
		}
		a.Save, a.Members = append(a.Save, o.pin(pin)), append(a.Members, pin.Member)
	}
	f, err := o.attend(ctx, a)
	if err != nil {
		return err
	}
	o.lettingGo(f)
	return o.finish(ctx, f, a, fmt.Sprintf("Release %s?", voice.Count(len(o.doc.Users), "Kisi user", "Kisi users")))
}

// linkedUser finds a Kisi user that we know: by its address or number in Kisi, else by its person.
func (o *owning) linkedUser(ctx context.Context, ledger *access.Ledger, who string) (*access.Account, error) {
	id, _ := strconv.ParseInt(who, 10, 64)
	for i := range ledger.Accounts {
		a := &ledger.Accounts[i]
		if len(a.Link.Anchors) > 0 && (email.Fold(a.Known.Email) == email.Fold(who) || int64(a.Known.ID) == id) {
			return a, nil
		}
	}
	x, err := o.find(ctx, who)
	switch {
	case err != nil:
		return nil, err
	case x.Account == nil || len(x.Account.Link.Anchors) == 0:
		return nil, o.refuse(x.who(), "no Kisi user of this person is in kisi-sync's care", "there is nothing to release")
	}
	return x.Account, nil
}

// lettingGo says what it means for each Kisi user.
func (o *owning) lettingGo(f forecast) {
	for _, s := range f.told.Steps {
		if s.Change.Kind != access.ReleaseMember {
			continue
		}
		account, _ := f.Input.Owned.Account(s.Change.Object.Member)
		u := ownUser{Who: s.Change.Object.Email, User: account.Known.ID, Email: account.Known.Email, Level: account.Link.Level.String(),
			Takes: []string{}, Stays: []string{}, Gaps: []string{}}
		u.Later = "nothing is given and nothing is taken any more; on leaving, the user stays as it is, and kisi-sync only reports it"
		if m, ok := f.Input.Observed.Member(account.Known.ID); ok {
			u.Takes, u.Stays = groupsOf(m, f.Input, ownedBy(account), true), groupsOf(m, f.Input, ownedBy(account), false)
			if !m.Enabled && account.Link.Suspended != nil {
				u.Gaps = append(u.Gaps, "kisi-sync has suspended this user ("+account.Link.Suspended.Text+"): it stays suspended, and nobody but people will restore it")
			}
		}
		o.doc.Users = append(o.doc.Users, u)
	}
}
