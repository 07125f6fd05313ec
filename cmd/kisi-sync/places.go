package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// listing is a verb that prints a table of what there is in Kisi.
type listing struct {
	use, short, example string
	head                string
	rows                func(c *access.Catalog) (lines []string, data any)
}

func (l listing) verb(ui *voice, c *common) *cobra.Command {
	return &cobra.Command{
		Use: l.use, Short: l.short, Example: l.example, Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			s, err := open(cmd.Context(), ui, c, opening{asked: l.use, patience: watched})
			if err != nil {
				return err
			}
			defer s.closeInto(&err)
			catalog, err := s.target.Catalog(cmd.Context())
			if err != nil {
				return err
			}
			lines, data := l.rows(catalog)
			if ui.json {
				return ui.print(data)
			}
			return ui.table(l.head, lines)
		},
	}
}

// table prints rows whose cells are separated by tabs.
func (u *voice) table(head string, rows []string) error {
	w := tabwriter.NewWriter(u.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, head)
	for _, row := range rows {
		fmt.Fprintln(w, row)
	}
	return w.Flush()
}

func placesVerb(ui *voice, c *common) *cobra.Command {
	return listing{
		use: "places", short: "List the places of the organization", example: "  kisi-sync places", head: "ID\tPLACE",
		rows: func(c *access.Catalog) (lines []string, data any) {
			all := make([]map[string]any, 0, len(c.Places))
			for _, p := range c.Places {
				lines = append(lines, fmt.Sprintf("%d\t%s", p.ID, p.Name))
				all = append(all, map[string]any{"id": p.ID, "name": p.Name})
			}
			return lines, all
		},
	}.verb(ui, c)
}

func doorsVerb(ui *voice, c *common) *cobra.Command {
	return listing{
		use: "doors", short: "List the doors, as the file names them", example: "  kisi-sync doors\n  kisi-sync doors --json | jq -r '.[].name'",
		head: "ID\tDOOR (write it so under doors:)",
		rows: func(c *access.Catalog) (lines []string, data any) {
			all := make([]map[string]any, 0, len(c.Doors))
			for _, d := range c.Doors {
				lines = append(lines, fmt.Sprintf("%d\t%s", d.ID, c.DoorName(d.ID)))
				all = append(all, map[string]any{"id": d.ID, "name": c.DoorName(d.ID), "place": c.PlaceName(d.Place)})
			}
			return lines, all
		},
	}.verb(ui, c)
}

func elevatorsVerb(ui *voice, c *common) *cobra.Command {
	return listing{
		use: "elevators", short: "List the elevator stops, as the file names them", example: "  kisi-sync elevators",
		head: "ID\tELEVATOR STOP (write it so under elevator_stops:)",
		rows: func(c *access.Catalog) (lines []string, data any) {
			all := make([]map[string]any, 0, len(c.Stops))
			for _, s := range c.Stops {
				lines = append(lines, fmt.Sprintf("%d\t{place: %s, elevator: %s, stop: %s}", s.ID, c.PlaceName(s.Place), s.ElevatorName, s.Name))
				all = append(all, map[string]any{"id": s.ID, "place": c.PlaceName(s.Place), "elevator": s.ElevatorName, "stop": s.Name})
			}
			return lines, all
		},
	}.verb(ui, c)
}

func groupsVerb(ui *voice, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "groups", Short: "List the groups of the organization, and which of them the file manages", Args: exactly(),
		Example: "  kisi-sync groups",
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "groups", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		return s.listGroups(cmd.Context())
	}
	return cmd
}

// groupRow is one line of groups.
type groupRow struct {
	ID      access.RemoteID `json:"id"`
	Name    string          `json:"name"`
	Scope   string          `json:"scope"`
	Users   int             `json:"users"`
	Managed string          `json:"managed"`
	Doors   []string        `json:"doors"`
}

func (s *session) listGroups(ctx context.Context) error {
	o, err := s.engine.Resolve(ctx)
	if err != nil {
		return err
	}
	catalog := o.Words.Catalog
	scope := access.Scope{}
	for _, g := range catalog.Groups {
		scope.Doors = append(scope.Doors, g.ID)
	}
	state, err := s.target.Observe(ctx, scope)
	if err != nil {
		return err
	}
	rows := make([]groupRow, 0, len(state.Groups))
	var lines []string
	for i := range state.Groups {
		row := newGroupRow(&state.Groups[i], catalog, o.Input.Desired)
		rows = append(rows, row)
		lines = append(lines, fmt.Sprintf("%d\t%s\t%s\t%d\t%s\t%s", row.ID, row.Name, row.Scope, row.Users, row.Managed, strings.Join(row.Doors, ", ")))
	}
	if s.ui.json {
		return s.ui.print(rows)
	}
	return s.ui.table("ID\tGROUP\tSCOPE\tUSERS\tMANAGED\tDOORS AND STOPS", lines)
}

func newGroupRow(g *access.Group, c *access.Catalog, d *access.Desired) groupRow {
	row := groupRow{ID: g.ID, Name: g.Name, Scope: "organization", Users: g.Users, Managed: "-", Doors: []string{}}
	if g.Place != 0 {
		row.Scope = c.PlaceName(g.Place)
	}
	for _, want := range d.Groups {
		if want.ID == g.ID {
			row.Managed = managedWords(want)
		}
	}
	for _, o := range g.Doors {
		row.Doors = append(row.Doors, c.DoorName(o.Thing))
	}
	for _, o := range g.Stops {
		row.Doors = append(row.Doors, c.StopName(o.Thing))
	}
	return row
}

func managedWords(g access.DesiredGroup) string {
	switch {
	case g.Members && g.Openings:
		return "members, doors"
	case g.Members:
		return "members"
	case g.Openings:
		return "doors"
	}
	return "-"
}
