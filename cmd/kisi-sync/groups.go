package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func groupsVerb(ui *call, c *common) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "groups", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		return s.listGroups(cmd.Context())
	}
	const short = "List the groups, their doors, and what of them the file manages; make and change them by hand"
	cmd := &cobra.Command{
		Use: "groups", Short: short, Args: exactly(), RunE: list,
		Example: "  kisi-sync groups\n  kisi-sync groups list --json | jq '.[] | select(.manages != [])'",
	}
	cmd.AddCommand(&cobra.Command{Use: "list", Short: "List the groups, their doors, and what of them the file manages", Args: exactly(), RunE: list, Example: "  kisi-sync groups list"},
		groupsShow(ui, c), groupsCreate(ui, c), groupsUpdate(ui, c), groupsDelete(ui, c))
	return cmd
}

// groupRow is one line of groups.
type groupRow struct {
	ID      access.RemoteID `json:"id"`
	Name    string          `json:"name"`
	Place   *string         `json:"place"` // null: a group of the organization
	Users   int             `json:"users"`
	Manages []string        `json:"manages"` // what of it the file manages
	Doors   []string        `json:"doors"`
	Stops   []string        `json:"elevator_stops"`
}

func (s *session) listGroups(ctx context.Context) error {
	stop := s.lookingAtKisi()
	o, state, err := s.everyGroup(ctx)
	stop()
	if err != nil {
		return err
	}
	rows := make([]groupRow, len(state.Groups))
	for i := range state.Groups {
		rows[i] = newGroupRow(&state.Groups[i], o.Words.Catalog, o.Input.Desired)
	}
	if s.ui.JSON {
		return s.ui.Print(rows)
	}
	return s.ui.Table("ID\tGROUP\tSCOPE\tUSERS\tMANAGED\tDOORS AND STOPS", shape.Convert(rows, groupRow.line))
}

// everyGroup maps the file's groups to Kisi's, and reads the doors of all.
func (s *session) everyGroup(ctx context.Context) (*engine.Outlook, *access.State, error) {
	o, err := s.engine.Resolve(ctx)
	if err != nil {
		return nil, nil, err
	}
	scope := access.Scope{}
	for _, g := range o.Words.Catalog.Groups {
		scope.Doors = append(scope.Doors, g.ID)
	}
	state, err := s.target.Observe(ctx, scope)
	return o, state, err
}

func newGroupRow(g *access.Group, c *access.Catalog, d *access.Desired) groupRow {
	row := groupRow{ID: g.ID, Name: g.Name, Users: g.Users, Manages: []string{}}
	if g.Place != 0 {
		place := c.PlaceName(g.Place)
		row.Place = &place
	}
	for _, want := range d.Groups {
		if want.ID == g.ID {
			row.Manages = manages(want)
		}
	}
	row.Doors = shape.Convert(g.Doors, func(o access.Opening) string { return c.DoorName(o.Thing) })
	row.Stops = shape.Convert(g.Stops, func(o access.Opening) string { return c.StopName(o.Thing) })
	return row
}

func manages(g access.DesiredGroup) []string {
	all := []string{}
	if g.Members {
		all = append(all, "members")
	}
	if g.Openings {
		all = append(all, "doors")
	}
	return all
}

func (r groupRow) line() string {
	scope, managed := "organization", "-"
	if r.Place != nil {
		scope = *r.Place
	}
	if len(r.Manages) > 0 {
		managed = strings.Join(r.Manages, ", ")
	}
	return fmt.Sprintf("%d\t%s\t%s\t%d\t%s\t%s", r.ID, r.Name, scope, r.Users, managed, strings.Join(append(r.Doors, r.Stops...), ", "))
}
