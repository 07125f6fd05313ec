package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/listed"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func usersRevokeVerb(ui *call, c *common) *cobra.Command {
	k, g := &keeping{did: "revoke"}, &scoping{}
	cmd := &cobra.Command{
		Use: "revoke PERSON", Short: "Take from somebody what the list gives them in one group", Args: exactly("PERSON"),
		Long: `Takes one entry of a person out of the list. What rules give the person in the same group stays. PERSON is the address or
the id in the list. With --role it is taken only if the list gives that role. First it shows what the file will say and what
Kisi would lose by that, and asks.`,
		Example: `  kisi-sync users revoke ana@partner.example --target Visitors --why ticket-4711
  kisi-sync users revoke ana@partner.example --scope place --target HQ --role 'Place administrator'`,
	}
	g.flags(cmd)
	cmd.Flags().StringVar(&g.role, "role", "", "only if it is this `ROLE`; in a group door_access or group_manager")
	completes(cmd, "role", listed.DoorAccess, listed.GroupManager)
	k.flags(cmd)
	k.noting.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		entry, err := g.entry()
		if err != nil {
			return err
		}
		return k.run(cmd.Context(), ui, c, func(ctx context.Context) error {
			l, err := k.listOf(args[0])
			if err != nil {
				return err
			}
			a := alteration{list: l, who: []string{k.addressIn(l, args[0])}, question: fmt.Sprintf("Write %s, and carry it out?", l.path)}
			if err := sameRole(l, args[0], entry, g.role); err != nil {
				return k.untouched(err)
			}
			err = l.Revoke(args[0], entry)
			if groups := l.GroupsOf(args[0]); errors.Is(err, list.ErrNotListed) && len(groups) > 0 {
				return k.untouched(exit.Failed(err, "the list has "+args[0]+" in "+strings.Join(groups, ", ")+", which may give it: edit the file"))
			}
			if err != nil {
				return k.untouched(byHand(l, args[0], err))
			}
			a.after = l.Text()
			return k.alter(ctx, a)
		})
	}
	return cmd
}

// sameRole refuses to take what is listed with another role than the one that was named; "" names none.
func sameRole(l *keptList, who string, scope listed.Entry, role string) error {
	p, _ := l.Find(who)
	i := slices.IndexFunc(p.Access, func(a list.Access) bool { return a.Same(scope) })
	if role == "" || i < 0 {
		return nil
	}
	is := p.Access[i].Role
	if is == "" {
		is = listed.DoorAccess
	}
	if strings.EqualFold(is, strings.TrimSpace(role)) {
		return nil
	}
	return exit.Failed(fmt.Errorf("the list gives %s the role %s in %s, and not %s", who, is, scope.Scope(), role), "leave --role out to take it whatever it is")
}

func usersRemoveVerb(ui *call, c *common) *cobra.Command {
	k := &keeping{did: "remove"}
	cmd := &cobra.Command{
		Use: "remove PERSON", Short: "Take somebody out of the list; what comes then is as with any leaver", Args: exactly("PERSON"),
		Long: `Takes a person out of the list, and out of the list's groups. Whom no other source has leaves like anybody who vanishes
from a directory: suspended in Kisi after the grace of leavers.vanished, and later what leavers.revoke and leavers.delete
say. Where access must end at once, suspend the person first. PERSON is the address or the id in the list.`,
		Example: `  kisi-sync users remove ana@partner.example --why ticket-4711`,
	}
	k.flags(cmd)
	k.noting.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return k.run(cmd.Context(), ui, c, func(ctx context.Context) error {
			l, err := k.listOf(args[0])
			if err != nil {
				return err
			}
			a := alteration{list: l, who: []string{k.addressIn(l, args[0])}, question: fmt.Sprintf("Write %s, and carry it out?", l.path),
				later: "Leavers have their grace (leavers.vanished). Where access must end at once: kisi-sync users suspend " + args[0]}
			if p, _ := l.Find(args[0]); p.ID != a.who[0] {
				a.who = append(a.who, p.ID)
			}
			if err := l.Remove(args[0]); err != nil {
				return k.untouched(byHand(l, args[0], err))
			}
			a.after = l.Text()
			return k.alter(ctx, a)
		})
	}
	return cmd
}

// addressIn returns the address of somebody in a list; who itself where there is none.
func (k *keeping) addressIn(l *keptList, who string) string {
	if p, ok := l.Find(who); ok && p.Email != "" {
		return email.Fold(p.Email)
	}
	return who
}

func usersRestoreVerb(ui *call, c *common) *cobra.Command {
	k := &keeping{did: "restore"}
	cmd := &cobra.Command{
		Use: "restore PERSON", Short: "Let somebody in again who was suspended by users suspend or in the list", Args: exactly("PERSON"),
		Long: `Takes back users suspend (or block), and active: false where the list says that. The person gets what directories, lists
and rules say now, at once. Whom somebody suspended by hand in Kisi stays suspended. PERSON is the address or the id in the
list, or the address that was suspended.`,
		Example: `  kisi-sync users restore ana@partner.example --why ticket-4711`,
	}
	k.flags(cmd)
	k.noting.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := reasoned(k.why); err != nil {
			return err
		}
		return k.run(cmd.Context(), ui, c, func(ctx context.Context) error { return k.restore(ctx, args[0]) })
	}
	return cmd
}

func (k *keeping) restore(ctx context.Context, who string) error {
	if err := mayApprove(k.settings, k.ui.me()); err != nil {
		return err
	}
	pins, err := k.store.Pins(ctx)
	if err != nil {
		return k.untouched(err)
	}
	a := alteration{list: &k.lists[0], who: []string{who}, after: k.lists[0].text, question: "Let " + who + " in again?"}
	if l, err := k.listOf(who); err == nil {
		a.list, a.who, a.after = l, []string{k.addressIn(l, who)}, l.text
		if p, _ := l.Find(who); p.Active != nil && !*p.Active {
			if err := l.Enable(who); err != nil {
				return k.untouched(byHand(l, who, err))
			}
			a.after = l.Text()
		}
	}
	for _, name := range append([]string{who}, a.who...) {
		if a.drop, err = pinsOf(pins, access.Block, name); err == nil {
			break
		}
	}
	switch {
	case errors.Is(err, store.ErrNoPin) && string(a.after) == string(a.list.text):
		return k.untouched(exit.Failed(fmt.Errorf("%s is not suspended by kisi-sync or in a list", who), "kisi-sync explain "+who+" says what is so"))
	case err != nil && !errors.Is(err, store.ErrNoPin):
		return k.untouched(err)
	}
	for i := range a.drop {
		a.drop[i].By, a.drop[i].Why = k.ui.me(), k.why
		if a.drop[i].Email != "" {
			a.who = append(a.who, a.drop[i].Email)
		}
	}
	return k.alter(ctx, a)
}
