package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func adoptVerb(ui *call, c *common) *cobra.Command {
	o := &owning{kind: access.Adopt, heirs: map[access.RemoteID]string{}}
	cmd := &cobra.Command{
		Use: "adopt [PERSON...]", Short: "Look after Kisi users that were made by hand, as if kisi-sync had made them",
		Long: `A Kisi user that somebody made by hand is only known to kisi-sync: it gives and takes its own rights, and suspends nobody.
Adopting makes the user ours, with those of its rights that the rules want: whoever leaves is then suspended as a whole, and
the rights follow the rules. What no rule gives stays with whoever gave it. PERSON is as explain takes it; without one it
is about everybody who is known and not adopted, but for those who are leaving.

First it shows what it means for each of them, and asks. release takes it back.`,
		Example: `  kisi-sync adopt --why 'first week'
  kisi-sync adopt ana@example.com bo@example.com --why ticket-4711
  kisi-sync adopt ana@example.com --why ticket-4711 --yes --json`,
	}
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd.Context(), ui, c, func(ctx context.Context) error { return o.adopt(ctx, args) })
	}
	return cmd
}

func (o *owning) adopt(ctx context.Context, people []string) error {
	var a engine.Attention
	var err error
	if len(people) == 0 {
		err = o.everybodyKnown(ctx, &a)
	} else {
		err = o.adoptees(ctx, people, &a)
	}
	if err != nil {
		return err
	}
	if len(a.Save) == 0 {
		return o.finish(ctx, forecast{Outlook: &engine.Outlook{}, told: noPlan()}, a, "")
	}
	f, err := o.attend(ctx, a)
	if err != nil {
		return err
	}
	o.meanings(f, a)
	return o.finish(ctx, f, a, fmt.Sprintf("Adopt %s?", voice.Count(len(o.doc.Users), "Kisi user", "Kisi users")))
}

// everybodyKnown is about all who are only linked and stay.
func (o *owning) everybodyKnown(ctx context.Context, a *engine.Attention) error {
	stop := o.lookingAtKisi()
	out, err := o.engine.Resolve(ctx)
	stop()
	if err != nil {
		return o.untouched(err)
	}
	d := out.Input.Desired
	for i := range d.Wishes {
		w := &d.Wishes[i]
		account, ok := out.Input.Owned.Account(w.Member)
		if !ok || account.Link.Level != access.Linked || w.Adopt != 0 {
			continue
		}
		if w.Standing != access.Keep {
			o.left(w.Folded, "leaving", d.Causes[w.Cause].Text+"; adopting by name suspends the user")
			continue
		}
		a.Save = append(a.Save, o.pin(access.Pin{Anchor: w.Anchors[0], Email: w.Folded}))
		a.Members = append(a.Members, w.Member)
	}
	return nil
}

// adoptees is about people who were named.
func (o *owning) adoptees(ctx context.Context, people []string, a *engine.Attention) error {
	pins, err := o.store.Pins(ctx)
	if err != nil {
		return o.untouched(err)
	}
	for _, who := range people {
		x, err := o.find(ctx, who)
		if err != nil {
			return err
		}
		standing, cause := x.standing()
		readdressed := x.readdressed()
		switch {
		case readdressed != 0:
			x.pin.Member = readdressed
			a.Members = append(a.Members, readdressed)
		case x.Member == nil:
			return o.refuse(x.who(), errNoUser.Error(), "nothing was done: the next run makes one, when a rule gives something")
		case x.has(mapping.JoinHeld):
		case x.has(mapping.AddressReused):
			o.heirs[x.Member.ID] = x.who()
		case x.Account == nil && standing == "":
			return o.refuse(x.who(), "no rule gives this person anything, so kisi-sync has nothing to do with the Kisi user", "kisi-sync explain says more; nothing was done")
		case standing == "leave" && x.said(access.Release) == nil:
			return o.refuse(x.who(), cause, "nothing was done; kisi-sync explain says more")
		}
		for _, p := range pins {
			if p.Kind == access.Release && (x.Member != nil && p.Member == x.Member.ID || p.Anchor == x.pin.Anchor && x.pin.Anchor != "") {
				p.By, p.Why = o.ui.me(), o.why
				a.Drop = append(a.Drop, p)
			}
		}
		a.Save = append(a.Save, o.pin(x.pin))
		x.attention(a)
	}
	return nil
}

// meanings says what the plan makes of each Kisi user. Of whom nothing changes nothing is said, but that.
func (o *owning) meanings(f forecast, a engine.Attention) {
	asked := map[access.RemoteID]bool{}
	for _, id := range a.Members {
		asked[id] = true
	}
	for i := range f.Input.Observed.Members {
		m := &f.Input.Observed.Members[i]
		if !asked[m.ID] {
			continue
		}
		takes, changes := map[access.RemoteID]bool{}, false
		who := email.Fold(m.Email)
		for _, s := range f.told.Steps {
			if s.Change.Object.Member != m.ID {
				continue
			}
			who = s.Change.Object.Email
			switch s.Change.Kind {
			case access.LinkMember:
				changes = true
			case access.NoteSatisfied:
				takes[s.Change.Object.Group] = s.Change.After.Level == access.Adopted
				changes = changes || takes[s.Change.Object.Group]
			}
		}
		account, _ := f.Input.Owned.Account(m.ID)
		if account == nil {
			account = &access.Account{}
		}
		if !changes {
			o.unchanged(who, account)
			continue
		}
		ours := ownedBy(account)
		all := func(g access.Grant) bool { return takes[g.Group] || ours(g) }
		gaps := []string{}
		if heir := o.heirs[m.ID]; heir != "" {
			gaps = append(gaps, fmt.Sprintf("it was the Kisi user of %s: cards and phones that are assigned to it open from now on what %s may open", cmp.Or(account.Link.Name, m.Name), heir))
		}
		o.doc.Users = append(o.doc.Users, ownUser{Who: who, User: m.ID, Email: m.Email, Level: account.Link.Level.String(),
			Takes: groupsOf(m, f.Input, all, true), Stays: groupsOf(m, f.Input, all, false), Gaps: gaps, Later: o.laterAdopted(m)})
	}
	slices.SortFunc(o.doc.Users, func(a, b ownUser) int { return int(a.User - b.User) })
}

func (o *owning) unchanged(who string, account *access.Account) {
	if account.Link.Level.Ours() {
		o.left(who, "ours", "this Kisi user is ours already ("+account.Link.Level.String()+"), and all that the rules want of it")
	}
}

// laterAdopted says what a later leaving does.
func (o *owning) laterAdopted(m *access.Member) string {
	switch {
	case m.Protected != access.Unprotected:
		return "on leaving, what is ours is taken; the user is " + m.Protected.String() + ", and never suspended by kisi-sync"
	case !m.Enabled:
		return "the user is suspended by hand, and stays so; whoever restores it puts it into kisi-sync's care"
	}
	return "on leaving, the whole user is suspended, with what others gave it"
}
