package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/listed"
	"github.com/kisi-sync/kisi-sync/mapping"
)

func usersAddVerb(ui *call, c *common) *cobra.Command {
	k, g := &keeping{did: "add"}, &scoping{}
	cmd := &cobra.Command{
		Use: "add [EMAIL[,Name]...]", Short: "Add people by hand, or what they are to have", Args: cobra.ArbitraryArgs,
		Long: `Writes people into the list that is kept by hand, with what they are to have: a group, a role in it, and its dates. People
are given as EMAIL or EMAIL,Name, or one per line on standard input. Who is in the list already keeps everything; what they
have in the same group is changed in what the flags say.

First it shows what the file will say and what Kisi would get by that, and asks. The list's source must be allowed to give
the group (may_grant) and to speak for the addresses (emails); limits hold back what is too much, as in any run. A role on a
place or the organization must be one of those that the list's rule names (grant_roles), and waits for an approval. A
directory that brings the same person later takes over the name and the address; what the list gives stays.`,
		Example: `  kisi-sync users add ana@partner.example,'Ana Reis' --target Visitors --until 2026-03-31 --why 'painter'
  kisi-sync users add --target Visitors --until 2026-03-31 --yes < people.csv
  kisi-sync users add ana@partner.example --target Visitors --role group_manager --notify
  kisi-sync users add ana@partner.example --target Visitors --until none
  kisi-sync users add ana@partner.example --scope place --target HQ --role 'Place administrator'`,
	}
	g.flags(cmd)
	g.moreFlags(cmd)
	k.flags(cmd)
	k.noting.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		entry, err := g.entry()
		if err != nil {
			return err
		}
		people, err := ui.people(args)
		if err != nil {
			return err
		}
		return k.run(cmd.Context(), ui, c, func(ctx context.Context) error { return k.add(ctx, people, entry, g) })
	}
	return cmd
}

// add puts people into the list.
func (k *keeping) add(ctx context.Context, people []list.Person, e listed.Entry, g *scoping) error {
	if len(k.lists) > 1 {
		names := shape.Convert(k.lists, func(l keptList) string { return l.name })
		return k.untouched(exit.Usage(fmt.Errorf("there are several lists: %s", strings.Join(names, ", ")), "say which one: --source "+names[0]))
	}
	l := &k.lists[0]
	if e.Group == "" {
		e.Role = strings.TrimSpace(g.role)
		if f := e.Check(); f != nil {
			return k.untouched(exit.Usage(fmt.Errorf("--%s %s", f.Field, f.Text), f.Hint))
		}
	}
	e, err := mayGive(k.settings, l.name, e)
	if err != nil {
		return k.untouched(err)
	}
	a := alteration{list: l, question: fmt.Sprintf("Write %s, and carry it out?", l.path)}
	for i := range people {
		p := &people[i]
		if err := maySpeakFor(k.settings, l.name, p.Email); err != nil {
			return k.untouched(err)
		}
		was, _ := l.Find(p.Email)
		entry := e
		if k := slices.IndexFunc(was.Access, func(o list.Access) bool { return o.Same(e) }); k >= 0 {
			entry = was.Access[k].Entry
		}
		if entry, err = g.over(entry, k.settings.Schedule.Zone); err != nil {
			return k.untouched(err)
		}
		p.Access, p.Note = []list.Access{{Entry: entry}}, k.note()
		a.who = append(a.who, email.Fold(p.Email))
		if was.Active != nil && !*was.Active {
			a.later += fmt.Sprintf("%s is disabled in the list: users restore takes that back.", p.Email)
		}
	}
	if err := l.Put(people...); err != nil {
		return k.untouched(byHand(l, onlyOne(people), err))
	}
	a.after = l.Text()
	return k.alter(ctx, a)
}

// onlyOne is the address of somebody who is alone; "" of several.
func onlyOne(people []list.Person) string {
	if len(people) == 1 {
		return people[0].Email
	}
	return ""
}

// byHand says where somebody is, of whom the file says it in a way that is not changed here.
func byHand(l *keptList, who string, err error) error {
	if !errors.Is(err, list.ErrByHand) {
		return err
	}
	if p, ok := l.Find(who); ok {
		return exit.Failed(err, fmt.Sprintf("%s is in %s:%d; the next run carries out what you write there", who, l.path, p.Line()))
	}
	return exit.Failed(err, "edit "+l.path+"; the next run carries out what you write there")
}

// mayGive refuses what the list's source may not give, before anything is written, and returns the entry with names as the file has them.
func mayGive(settings *config.Settings, source string, e listed.Entry) (listed.Entry, error) {
	spec := settings.MappingSpec()
	i := slices.IndexFunc(spec.Rules, func(r mapping.Rule) bool { return r.Listed && r.From.Source == source })
	if i < 0 {
		return e, exit.Usage(fmt.Errorf("%s has no rule that gives what %s lists", settings.File, source), "write this into it; a rule under rules: that is there already stays:\n\n"+listedRule(source))
	}
	if e.Group == "" {
		return e, mayGiveRole(spec.Rules, source, e)
	}
	declared := shape.Convert(spec.Groups, func(g mapping.Group) string { return g.Name })
	if i = groupNamed(declared, e.Group); i < 0 {
		return e, exit.Usage(fmt.Errorf("%s declares no group %q", settings.File, e.Group), "it declares "+strings.Join(declared, ", "))
	}
	s := sourceSpec(spec, source)
	e.Group = declared[i]
	switch {
	case s.MayGrant != nil && !slices.Contains(s.MayGrant, e.Group):
		hint := "may_grant of " + source + " says what it may"
		if len(s.MayGrant) > 0 {
			hint += ": " + strings.Join(s.MayGrant, ", ")
		}
		return e, exit.Usage(fmt.Errorf("the source %s may not grant %q", source, e.Group), hint)
	case !spec.Groups[i].Members:
		return e, exit.Usage(fmt.Errorf("the members of %q are not ours to manage", e.Group), "add members to the group's manage")
	}
	return e, nil
}

// groupNamed finds a group as spelled, or else as spelled but for case; -1 when there is none.
func groupNamed(names []string, word string) int {
	if i := slices.Index(names, word); i >= 0 {
		return i
	}
	return slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, word) })
}

// mayGiveRole refuses roles on places and the organization that no rule lets the list give.
func mayGiveRole(rules []mapping.Rule, source string, e listed.Entry) error {
	var may []string
	for _, r := range rules {
		for _, x := range r.Roles {
			if !r.Listed || r.From.Source != source {
				continue
			}
			if strings.EqualFold(x.Role, e.Role) && strings.EqualFold(x.Place, e.Place) {
				return nil
			}
			may = append(may, access.RoleWords(x.Role, x.Place))
		}
	}
	hint := "grant_roles of its rule, beside grant_listed, says which it may; that needs allow_admin_roles: true, and each one waits for an approval"
	if len(may) > 0 {
		hint = "grant_roles of its rule says which it may: " + strings.Join(may, ", ")
	}
	return exit.Usage(fmt.Errorf("the list of %s may not give %s", source, access.RoleWords(e.Role, e.Place)), hint)
}

func sourceSpec(spec mapping.Spec, name string) mapping.Source {
	i := slices.IndexFunc(spec.Sources, func(s mapping.Source) bool { return s.Name == name })
	return spec.Sources[i]
}

// maySpeakFor refuses addresses that are not the source's to speak for.
func maySpeakFor(settings *config.Settings, source, address string) error {
	domains := sourceSpec(settings.MappingSpec(), source).Domains
	if domains == nil || address == "" || slices.Contains(domains, email.Domain(email.Fold(address))) {
		return nil
	}
	return exit.Usage(fmt.Errorf("the source %s may not speak for %s", source, address), "emails of "+source+" says for which it may: "+strings.Join(domains, ", "))
}
