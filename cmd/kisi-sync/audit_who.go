package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/audit"
)

func auditWhoVerb(ui *call, c *common) *cobra.Command {
	var at string
	var door bool
	cmd := &cobra.Command{
		Use: "who GROUP", Short: "Who held a group, or could open a door, at a moment", Args: exactly("GROUP"),
		Long: `Says who held a group at a moment, and since when by whose hand, as kisi-sync did it or saw it in Kisi by then. With --door
the name is that of a door or elevator stop, and all groups count that opened it then. A day alone means its end.`,
		Example: `  kisi-sync audit who Staff --at 2026-03-31
  kisi-sync audit who 4711 --door --at 2026-03-31T18:00`,
	}
	cmd.Flags().StringVar(&at, "at", "", "`DAY` (2026-03-31) or moment (2026-03-31T18:00); now if it is left out")
	cmd.Flags().BoolVar(&door, "door", false, "the name is that of a door or elevator stop")
	cmd.RunE = reading(ui, c, func(ctx context.Context, t *trail, args []string) error {
		when := now()
		if at != "" {
			var err error
			if when, err = parseTime(at, t.settings.Schedule.Zone, true); err != nil {
				return err
			}
		}
		return t.teller().Who(ctx, audit.Question{Name: args[0], Door: door, At: when})
	})
	return cmd
}
