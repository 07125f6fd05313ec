package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// groupChanges are what groups update is told.
type groupChanges struct {
	rename, description              string
	described                        bool
	add, remove, addStop, removeStop []string
	settingFlags
}

func groupsUpdate(ui *call, c *common) *cobra.Command {
	o, ch := &ordering{did: "update"}, groupChanges{}
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Change a group by hand: name, description, doors, stops, restrictions", Args: exactly("NAME"),
		Long: `Changes a group in Kisi. It shows what it will do and asks. What the configuration file says of the group is changed there
and not here. Doors and stops may be put into any group, and taken out again if kisi-sync put them in; everything else is
changed only of a group that kisi-sync made. Whether a group is one of a place or of the organization cannot be changed.`,
		Example: `  kisi-sync groups update 'HQ / Night Shift' --add-door 'HQ / Garage' --remove-door 'HQ / Main entrance'
  kisi-sync groups update Visitors --name Guests --description 'Day guests' --restrict time --unrestrict reader
  kisi-sync groups update 40312 --app-access no --why ticket-4711 --yes --json`,
	}
	cmd.Flags().StringVar(&ch.rename, "name", "", "the new `NAME`")
	cmd.Flags().StringVar(&ch.description, "description", "", "what Kisi shows beside the name: `TEXT`; '' for none")
	cmd.Flags().StringArrayVar(&ch.add, "add-door", nil, "a door to put in: `'PLACE / DOOR'` or its number; may be given several times")
	cmd.Flags().StringArrayVar(&ch.remove, "remove-door", nil, "a door to take out: `'PLACE / DOOR'` or its number; may be given several times")
	cmd.Flags().StringArrayVar(&ch.addStop, "add-stop", nil, "an elevator stop to put in: `'PLACE / ELEVATOR / STOP'` or its number; may be given several times")
	cmd.Flags().StringArrayVar(&ch.removeStop, "remove-stop", nil, "an elevator stop to take out: `'PLACE / ELEVATOR / STOP'` or its number; may be given several times")
	ch.flags(cmd)
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ch.described = cmd.Flags().Changed("description")
		if !ch.any() {
			return exit.Usage(errors.New("say what is to change"), seeHelp(cmd))
		}
		said, err := ch.settings()
		if err != nil {
			return err
		}
		return o.run(cmd.Context(), ui, c, func(out *engine.Outlook) (access.DesiredGroup, error) {
			x, err := o.existing(out, args[0])
			if err != nil {
				return access.DesiredGroup{}, err
			}
			if err := ch.allowed(x, said, o.settings.File); err != nil {
				return access.DesiredGroup{}, err
			}
			return o.changed(cmd.Context(), out, x, &ch, said)
		})
	}
	return cmd
}

func (ch *groupChanges) opens() bool {
	return len(ch.add)+len(ch.remove)+len(ch.addStop)+len(ch.removeStop) > 0
}

func (ch *groupChanges) any() bool {
	return ch.opens() || ch.rename != "" || ch.described || len(ch.restrict)+len(ch.unrestrict) > 0 || ch.app != ""
}

// allowed refuses what the file says, and what others made.
func (ch *groupChanges) allowed(x existing, said access.Settings, file string) error {
	if d := x.declared; d != nil {
		inFile := ""
		switch {
		case ch.rename != "":
			inFile = "its name"
		case ch.opens() && d.Openings:
			inFile = "its doors"
		case ch.described && d.Description != nil:
			inFile = "its description"
		case !said.Only(d.Settings.Said).Empty():
			inFile = said.Only(d.Settings.Said).String()
		}
		if inFile != "" {
			return exit.Failed(fmt.Errorf("%s says %s of the group %s", file, inFile, d.Name), "change it there; kisi-sync plan shows what that does")
		}
	}
	if !x.made() && (ch.rename != "" || ch.described || !said.Empty()) {
		return exit.Failed(fmt.Errorf("the group %s was made by others; only doors may be put into it", x.Name), "change the rest in Kisi")
	}
	return nil
}

// changed returns the group as it shall be.
func (o *ordering) changed(ctx context.Context, out *engine.Outlook, x existing, ch *groupChanges, said access.Settings) (access.DesiredGroup, error) {
	g := access.DesiredGroup{ID: x.ID, Name: x.Name, Place: x.Place, Settings: said, Order: &access.Order{Rename: ch.rename}}
	if ch.described {
		g.Description = &ch.description
	}
	if !ch.opens() {
		return g, nil
	}
	named := mapping.Group{Name: x.Name, ID: x.ID, Openings: true, Doors: slices.Concat(ch.add, ch.remove), Stops: stopNames(slices.Concat(ch.addStop, ch.removeStop))}
	if _, problems := mapping.Resolve(named, out.Words.Catalog, nil); len(problems) > 0 {
		return g, found(problems)
	}
	state, err := o.target.Observe(ctx, access.Scope{Doors: []access.RemoteID{x.ID}})
	if err != nil {
		return g, err
	}
	seen, _ := state.Group(x.ID)
	if seen == nil {
		return g, exit.Failed(fmt.Errorf("the group %s is not in Kisi any more", x.Name), "")
	}
	g.Openings = true
	ours := x.account
	if ours == nil {
		ours = &access.GroupAccount{}
	}
	resolve := func(doors, stops []string) access.DesiredGroup {
		r, _ := mapping.Resolve(mapping.Group{Name: x.Name, ID: x.ID, Openings: true, Doors: doors, Stops: stopNames(stops)}, out.Words.Catalog, nil)
		return r
	}
	added, removed := resolve(ch.add, ch.addStop), resolve(ch.remove, ch.removeStop)
	if g.Doors, err = swapped(seen.Doors, ours.Doors, added.Doors, removed.Doors, out.Words.Catalog.DoorName); err != nil {
		return g, err
	}
	g.Stops, err = swapped(seen.Stops, ours.Stops, added.Stops, removed.Stops, out.Words.Catalog.StopName)
	return g, err
}

// swapped is what a group shall open: what it opens, with some more and some less. Only what we put in is taken out.
func swapped(seen, ours []access.Opening, add, remove []access.RemoteID, name func(access.RemoteID) string) ([]access.RemoteID, error) {
	var all []access.RemoteID
	for _, o := range seen {
		if !slices.Contains(remove, o.Thing) {
			all = append(all, o.Thing)
			continue
		}
		if !slices.Contains(ours, o) {
			return nil, exit.Failed(fmt.Errorf("%s was put in by others", name(o.Thing)), "take it out in Kisi")
		}
	}
	for _, id := range remove {
		if !slices.ContainsFunc(seen, func(o access.Opening) bool { return o.Thing == id }) {
			return nil, exit.Failed(fmt.Errorf("the group does not open %s", name(id)), "")
		}
	}
	for _, id := range add {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all, nil
}

// groupBlock is a group as the configuration file says it.
type groupBlock struct {
	name, scope, description string
	doors, stops             []string
	settings                 access.Settings
}

// newBlock says a group as it is wanted.
func newBlock(g *access.DesiredGroup, c *access.Catalog) groupBlock {
	b := groupBlock{name: g.Name, scope: "organization", settings: g.Settings}
	if g.Place != 0 {
		b.scope = "{place: " + inYAML(c.PlaceName(g.Place)) + "}"
	}
	if g.Description != nil {
		b.description = *g.Description
	}
	for _, id := range g.Doors {
		b.doors = append(b.doors, inYAML(c.DoorName(id)))
	}
	for _, id := range g.Stops {
		b.stops = append(b.stops, stopInYAML(c, id))
	}
	return b
}

func stopInYAML(c *access.Catalog, id access.RemoteID) string {
	parts := strings.SplitN(c.StopName(id), " / ", 3)
	if len(parts) < 3 {
		return fmt.Sprint(id)
	}
	return fmt.Sprintf("{place: %s, elevator: %s, stop: %s}", inYAML(parts[0]), inYAML(parts[1]), inYAML(parts[2]))
}

// String is the block, indented to stand under groups:.
func (b groupBlock) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "  %s:\n    scope: %s\n    manage: [members, doors]\n", inYAML(b.name), b.scope)
	if b.description != "" {
		fmt.Fprintf(&out, "    description: %s\n", inYAML(b.description))
	}
	fmt.Fprintf(&out, "    doors: [%s]\n", strings.Join(b.doors, ", "))
	if len(b.stops) > 0 {
		fmt.Fprintf(&out, "    elevator_stops: [%s]\n", strings.Join(b.stops, ", "))
	}
	var restrictions []string
	for _, one := range access.AllSettings() {
		on, said := b.settings.Is(one)
		switch {
		case !said:
		case one == access.AppAccess:
			fmt.Fprintf(&out, "    app_access: %v\n", on)
		default:
			restrictions = append(restrictions, fmt.Sprintf("%s: %v", one.Key(), on))
		}
	}
	if len(restrictions) > 0 {
		fmt.Fprintf(&out, "    restrictions: {%s}\n", strings.Join(restrictions, ", "))
	}
	return out.String()
}
