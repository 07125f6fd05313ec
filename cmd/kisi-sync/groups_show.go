package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func groupsShow(ui *call, c *common) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a group: doors, restrictions, who holds it, and how the file says it", Args: exactly("NAME"),
		Long: `Shows a group as it is in Kisi, what of it the file manages, who holds it, and the block that the file would say it with.
NAME is a name, 'Place / Name', or a number.`,
		Example: "  kisi-sync groups show 'HQ / Night Shift'\n  kisi-sync groups show 40312 --json | jq .holders",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			s, err := open(cmd.Context(), ui, c, opening{asked: "groups", patience: watched})
			if err != nil {
				return err
			}
			defer s.closeInto(&err)
			return s.showGroup(cmd.Context(), args[0])
		},
	}
}

// shownGroup is what groups show --json prints.
type shownGroup struct {
	groupRow
	Description string          `json:"description"`
	Settings    map[string]bool `json:"settings"` // as Kisi shows them
	MadeByUs    bool            `json:"made_by_us"`
	Rules       []string        `json:"rules"` // that give it
	Holders     []groupHolder   `json:"holders"`
	Block       string          `json:"block"` // to be pasted under groups:
}

// groupHolder is somebody who holds a group.
type groupHolder struct {
	Email   string `json:"email"`
	Role    string `json:"role"`
	From    string `json:"from,omitempty"`
	Until   string `json:"until,omitempty"`
	ByUs    bool   `json:"by_us"`
	Enabled bool   `json:"enabled"`
}

func (s *session) showGroup(ctx context.Context, name string) error {
	stop := s.lookingAtKisi()
	d, err := s.lookAtGroup(ctx, name)
	stop()
	if err != nil {
		return err
	}
	if s.ui.JSON {
		return s.ui.Print(d)
	}
	s.tellGroup(d)
	return nil
}

func (s *session) lookAtGroup(ctx context.Context, name string) (*shownGroup, error) {
	o, err := s.engine.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	g, err := mapping.FindGroup(o.Words.Catalog, name)
	if err != nil {
		return nil, exit.Failed(err, "kisi-sync groups lists them")
	}
	state, err := s.target.Observe(ctx, access.Scope{All: true, Doors: []access.RemoteID{g.ID}})
	if err != nil {
		return nil, err
	}
	seen, ok := state.Group(g.ID)
	if !ok {
		return nil, exit.Failed(fmt.Errorf("the group %s is not in Kisi any more", g.Name), "")
	}
	return s.describeGroup(o, state, seen), nil
}

func (s *session) describeGroup(o *engine.Outlook, state *access.State, seen *access.Group) *shownGroup {
	c := o.Words.Catalog
	d := &shownGroup{groupRow: newGroupRow(seen, c, o.Input.Desired), Description: seen.Description, Settings: map[string]bool{}, Rules: []string{}, Holders: []groupHolder{}}
	for _, one := range access.AllSettings() {
		if on, said := seen.Settings.Is(one); said {
			d.Settings[one.Key()] = on
		}
	}
	if account, known := o.Input.Owned.Group(seen.ID); known {
		d.MadeByUs = account.Level == access.Created
	}
	for _, g := range o.Input.Desired.Groups {
		if g.ID == seen.ID {
			d.Rules = shape.OrEmpty(s.rules.Giving(g.Name))
		}
	}
	for i := range state.Members {
		m := &state.Members[i]
		for _, g := range m.In(seen.ID) {
			account, _ := o.Input.Owned.Account(m.ID)
			owned, ok := account.Grant(g.Group)
			d.Holders = append(d.Holders, groupHolder{Email: m.Email, Role: g.Role.Words(), From: shape.Stamp(g.From), Until: shape.Stamp(g.Until), Enabled: m.Enabled,
				ByUs: ok && owned.Level.Ours() && owned.Assignment == g.Assignment})
		}
	}
	slices.SortFunc(d.Holders, func(a, b groupHolder) int { return strings.Compare(a.Email, b.Email) })
	on := access.Settings{}
	for _, one := range access.AllSettings() {
		if is, said := seen.Settings.Is(one); said && is != (one == access.AppAccess) { // what is not as Kisi makes a group
			on = on.With(one, is)
		}
	}
	ids := func(all []access.Opening) []access.RemoteID {
		return shape.Convert(all, func(o access.Opening) access.RemoteID { return o.Thing })
	}
	d.Block = newBlock(&access.DesiredGroup{Name: seen.Name, Place: seen.Place, Description: &seen.Description, Doors: ids(seen.Doors), Stops: ids(seen.Stops), Settings: on}, c).String()
	return d
}

func (s *session) tellGroup(d *shownGroup) {
	scope := "of the organization"
	if d.Place != nil {
		scope = "of " + *d.Place
	}
	made := "made by others"
	if d.MadeByUs {
		made = "made by kisi-sync"
	}
	s.ui.Say("%s  (%d, %s, %s)", s.ui.Bold(d.Name), d.ID, scope, made)
	if d.Description != "" {
		s.ui.Say("  %s", d.Description)
	}
	s.ui.Say("  opens: %s", orNothing(append(d.Doors, d.Stops...)))
	var on []string
	for _, one := range access.AllSettings() {
		if is, said := d.Settings[one.Key()]; said && (is || one == access.AppAccess) {
			on = append(on, one.String()+map[bool]string{true: " on", false: " off"}[is])
		}
	}
	s.ui.Say("  settings: %s", orNothing(on))
	s.ui.Say("  the file manages: %s; rules: %s", orNothing(d.Manages), orNothing(d.Rules))
	s.ui.Say("  held by %s", voice.Count(len(d.Holders), "person", "people")+map[bool]string{true: ":"}[len(d.Holders) > 0])
	for _, h := range d.Holders {
		text := h.Role
		if h.From != "" {
			text += ", from " + s.moment(h.From)
		}
		if h.Until != "" {
			text += ", until " + s.moment(h.Until)
		}
		if !h.ByUs {
			text += ", given by others"
		}
		if !h.Enabled {
			text += ", suspended"
		}
		s.ui.Say("    %s (%s)", h.Email, text)
	}
	s.ui.Say("\nAs the file says it, under groups:\n\n%s", d.Block)
}

func orNothing(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}
