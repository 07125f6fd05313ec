package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// listing is a verb that prints a table of what there is in Kisi, by the names that the file uses.
type listing[Row any] struct {
	use, short, example string
	head                string
	rows                func(c *access.Catalog) []Row
	line                func(Row) string // cells separated by tabs
}

func (l listing[Row]) verb(ui *call, c *common) *cobra.Command {
	cmd := &cobra.Command{Use: l.use, Short: l.short, Example: l.example, Args: exactly()}
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: l.use, patience: watched, alone: true, roles: l.use == "roles"})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		stop := s.lookingAtKisi()
		catalog, err := s.target.Catalog(cmd.Context())
		stop()
		if err != nil {
			return err
		}
		rows := l.rows(catalog)
		if ui.JSON {
			return ui.Print(rows)
		}
		return ui.Table(l.head, shape.Convert(rows, l.line))
	}
	return cmd
}

type placeRow struct {
	ID   access.RemoteID `json:"id"`
	Name string          `json:"name"`
}

func placesVerb(ui *call, c *common) *cobra.Command {
	return listing[placeRow]{
		use: "places", short: "List the places",
		example: "  kisi-sync places\n  kisi-sync places --json | jq -r '.[].name'",
		head:    "ID\tPLACE",
		rows: func(c *access.Catalog) []placeRow {
			return shape.Convert(c.Places, func(p access.Place) placeRow { return placeRow{p.ID, p.Name} })
		},
		line: func(r placeRow) string { return fmt.Sprintf("%d\t%s", r.ID, r.Name) },
	}.verb(ui, c)
}

type roleRow struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Scope   string `json:"scope"`   // organization or place
	Refused string `json:"refused"` // why kisi-sync does not give it; "" if it may
}

func rolesVerb(ui *call, c *common) *cobra.Command {
	return listing[roleRow]{
		use: "roles", short: "List the roles on places and the organization, and which of them rules may give",
		example: "  kisi-sync roles\n  kisi-sync roles --json | jq '.[] | select(.refused == \"\")'",
		head:    "ROLE (write it so under grant_roles:)\tSCOPE\tID\tGIVEN",
		rows: func(c *access.Catalog) []roleRow {
			return shape.Convert(c.ScopeRoles, func(r access.ScopeRole) roleRow {
				scope := "place"
				if r.Organization {
					scope = "organization"
				}
				return roleRow{r.ID, r.Name, scope, r.Refused}
			})
		},
		line: func(r roleRow) string {
			given := "by rules, with allow_admin_roles"
			if r.Refused != "" {
				given = "no: " + r.Refused
			}
			return fmt.Sprintf("%s\t%s\t%s\t%s", inYAML(r.Name), r.Scope, r.ID, given)
		},
	}.verb(ui, c)
}

type doorRow struct {
	ID    access.RemoteID `json:"id"`
	Name  string          `json:"name"` // as the file says it
	Place string          `json:"place"`
}

func doorsVerb(ui *call, c *common) *cobra.Command {
	return listing[doorRow]{
		use: "doors", short: "List the doors, as the file names them",
		example: "  kisi-sync doors\n  kisi-sync doors --json | jq -r '.[].name'",
		head:    "ID\tDOOR (write it so under doors:)",
		rows: func(c *access.Catalog) []doorRow {
			return shape.Convert(c.Doors, func(d access.Door) doorRow { return doorRow{d.ID, c.DoorName(d.ID), c.PlaceName(d.Place)} })
		},
		line: func(r doorRow) string { return fmt.Sprintf("%d\t%s", r.ID, inYAML(r.Name)) },
	}.verb(ui, c)
}

type stopRow struct {
	ID       access.RemoteID `json:"id"`
	Place    string          `json:"place"`
	Elevator string          `json:"elevator"`
	Stop     string          `json:"stop"`
}

func elevatorsVerb(ui *call, c *common) *cobra.Command {
	return listing[stopRow]{
		use: "elevators", short: "List the elevator stops, as the file names them",
		example: "  kisi-sync elevators\n  kisi-sync elevators --json | jq '.[] | {place, elevator, stop}'",
		head:    "ID\tELEVATOR STOP (write it so under elevator_stops:)",
		rows: func(c *access.Catalog) []stopRow {
			return shape.Convert(c.Stops, func(s access.Stop) stopRow { return stopRow{s.ID, c.PlaceName(s.Place), s.ElevatorName, s.Name} })
		},
		line: func(r stopRow) string {
			return fmt.Sprintf("%d\t{place: %s, elevator: %s, stop: %s}", r.ID, inYAML(r.Place), inYAML(r.Elevator), inYAML(r.Stop))
		},
	}.verb(ui, c)
}

// inYAML quotes a name where it would be something else when it is pasted into the file.
func inYAML(name string) string {
	var read struct{ Name any }
	if err := yaml.Unmarshal([]byte("{name: "+name+"}"), &read); err == nil && read.Name == name {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", "''") + "'"
}
