package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func renameVerb(ui *call, c *common) *cobra.Command {
	o := &owning{kind: access.Rename}
	var to string
	cmd := &cobra.Command{
		Use: "rename PERSON", Short: "Give somebody whose address has changed a Kisi user with the new one", Args: exactly("PERSON"),
		Long: `Kisi cannot change the address of a user through its API. When a directory says another address, access goes on under the
old one. Somebody with the rights for it can correct the address in Kisi's web interface, which keeps everything; kisi-sync
knows the user by its number. Where that is not possible, rename makes a new user with the present address, gives it every
right with its dates, and only when it holds them all suspends the old one and takes its rights. It may be stopped at any
point: the next run goes on, and until then nobody is without a door.

First it shows what cannot be moved, such as cards and phone logins, and asks.`,
		Example: `  kisi-sync rename ana.weber@example.com --why 'married'
  kisi-sync rename corp:4711 --to ana.weber@example.com --why 'married' --yes`,
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the new `ADDRESS`; it must be what the directory says, which is what is taken without it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd.Context(), ui, c, func(ctx context.Context) error { return o.rename(ctx, args[0], email.Fold(to)) })
	}
	return cmd
}

func (o *owning) rename(ctx context.Context, who, to string) error {
	x, err := o.find(ctx, who)
	if err != nil {
		return err
	}
	var a engine.Attention
	if x.said(access.Rename) == nil {
		now, err := o.renameable(x, to)
		if err != nil {
			return err
		}
		pin := o.pin(x.pin)
		pin.Email, pin.Member = now, x.Member.ID
		a.Save = []access.Pin{pin}
	} else {
		o.ui.Say("It was asked for already; this goes on with it.")
	}
	x.attention(&a)
	if x.Trail.Wish != nil && x.Trail.Wish.Replaces != 0 {
		a.Members = append(a.Members, x.Trail.Wish.Replaces)
	}
	slices.Sort(a.Members)
	a.Members = slices.Compact(a.Members)
	f, err := o.attend(ctx, a)
	if err != nil {
		return err
	}
	o.gaps(ctx, x, f)
	return o.finish(ctx, f, a, "Make the new user, and suspend the old one when the new one holds everything?")
}

// renameable refuses what cannot be done, and returns the new address.
func (o *owning) renameable(x subject, to string) (string, error) {
	standing, cause := x.standing()
	now := ""
	if x.Trail.Wish != nil {
		now = email.Fold(x.Trail.Wish.Email)
	}
	refuse := func(why, hint string) (string, error) { return "", o.refuse(x.who(), why, hint) }
	switch {
	case x.Member == nil || x.Account == nil:
		return refuse("no Kisi user of this person is in kisi-sync's care", "there is nothing to replace")
	case !x.level().Ours():
		return refuse("the Kisi user was made by hand, so kisi-sync would not suspend it", "kisi-sync adopt makes it ours; or correct the address in Kisi")
	case x.Member.Protected != access.Unprotected:
		return refuse("is "+x.Member.Protected.String()+", whom kisi-sync does not suspend", "correct the address in Kisi's web interface")
	case standing != "keep":
		return refuse(cause, "only somebody who stays gets another user; nothing was done")
	case now == email.Fold(x.Member.Email):
		return refuse("Kisi knows this person as "+now+" already", "there is nothing to do")
	case to != "" && to != now:
		return refuse("the directory says "+now+", not "+to, "kisi-sync goes by the directory; correct the address there first")
	case !x.Member.Enabled && x.Account.Link.Suspended == nil, x.Member.SCIMBlocked:
		return refuse("the Kisi user was suspended, and not by kisi-sync", "a new user would undo that; restore it, or correct its address in Kisi")
	}
	return now, nil
}

// gaps says what the old user has and the new one cannot be given.
func (o *owning) gaps(ctx context.Context, x subject, f forecast) {
	r := replacedIn(f)
	if r == nil {
		return
	}
	old, there := f.Input.Observed.Member(r.Member)
	account, known := f.Input.Owned.Account(r.Member)
	if !there || !known {
		return
	}
	moves := ownedBy(account)
	u := ownUser{Who: x.who(), User: old.ID, Email: old.Email, Level: account.Link.Level.String(), Takes: groupsOf(old, f.Input, moves, true), Stays: []string{},
		Later: "the old user stays in Kisi, suspended and without rights of ours, and is nobody's; delete it there when nothing of it is needed"}
	gained := gainedGroups(f)
	for _, group := range groupsOf(old, f.Input, moves, false) {
		if !slices.Contains(gained, group) {
			u.Stays = append(u.Stays, group)
		}
	}
	u.Gaps = append(u.Gaps, o.credentials(ctx, int64(old.ID))...)
	o.doc.Users = append(o.doc.Users, u)
}

// replacedIn returns the replacement that a plan is about.
func replacedIn(f forecast) *access.Replaced {
	if len(f.told.Steps) == 0 {
		return nil
	}
	for i := range f.Input.Desired.Wishes {
		if r := f.Input.Desired.Wishes[i].Replaces; r != nil && slices.ContainsFunc(f.told.Steps, func(s plan.Step) bool { return s.Change.Object.Member == r.Member }) {
			return r
		}
	}
	return nil
}

func gainedGroups(f forecast) (names []string) {
	for _, s := range f.told.Steps {
		if s.Change.Kind == access.CreateAssignment {
			names = append(names, s.Change.Object.GroupName)
		}
	}
	return names
}

// credentials lists what opens doors, belongs to one Kisi user, and stays with it. What cannot be read is told as such.
func (o *owning) credentials(ctx context.Context, user int64) []string {
	invitation := "Kisi mails nobody: new users are managed (kisi.new_users), so tell the person to sign in with the new address"
	if !o.settings.Policy().Managed {
		invitation = "Kisi mails an invitation to the new address, and the person must follow it before the phone opens a door"
	}
	defer o.lookingAtKisi()()
	cards, cardsErr := o.client.Cards(ctx, user)
	phones, phonesErr := o.client.Phones(ctx, user)
	teams, teamsErr := o.client.TeamsOf(ctx, user)
	gaps := []string{
		amount(len(cards), cardsErr, "card", "cards") + ", with their PINs: assigned to the old user, and stop with it; assign them to the new one in Kisi",
		amount(len(phones), phonesErr, "phone login", "phone logins") + ": the old user's; the person must sign in again, with the new address",
	}
	if len(teams) > 0 || teamsErr != nil {
		gaps = append(gaps, amount(len(teams), teamsErr, "team", "teams")+": the old user is a member, the new one is not; whoever looks after them must add it")
	}
	return append(gaps, "anything else that was set up for the old user in Kisi, such as mobile passes and guests' links, ends with it", invitation)
}

// amount says how many there are, or that it cannot be known.
func amount(n int, err error, one, many string) string {
	if err != nil {
		return many + " (how many could not be read)"
	}
	return voice.Count(n, one, many)
}
