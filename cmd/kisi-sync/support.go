package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/support"
)

const supportLong = `Writes one archive for whoever helps you: the configuration without secrets, versions, what check finds,
the plan, what waits for a decision, the runs, the state of the state file, and the last days of the
audit trail; with --add, logs too.

People are replaced by pseudonyms, everywhere the same: addresses keep their domain, and names that are
known from Kisi go. Which pseudonym is whom stands in a second file, which stays with you. Groups, doors
and places keep their names. Look at the archive before you give it away.`

const supportExample = `  kisi-sync support
  kisi-sync support --add /var/log/kisi-sync.log ticket-4711.zip
  journalctl --unit kisi-sync.service --since -3d > log.txt; kisi-sync support --add log.txt`

func supportVerb(ui *call, c *common) *cobra.Command {
	o := support.Order{Now: now, Run: runWithin}
	cmd := &cobra.Command{Use: "support [FILE]", Short: "Write an archive for whoever helps you, without names and secrets", Long: supportLong, Example: supportExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exit.Usage(errors.New("expected: kisi-sync support [FILE]"), seeHelp(cmd))
			}
			return nil
		}}
	cmd.Flags().StringArrayVar(&o.Add, "add", nil, "put this `FILE` into the archive too, such as a log")
	cmd.Flags().BoolVar(&o.Offline, "offline", false, "ask neither the directories nor Kisi")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Config, o.File = c.config, "kisi-sync-support-"+now().Format("20060102-1504")+".zip"
		if len(args) == 1 {
			o.File = args[0]
		}
		return support.Collect(cmd.Context(), ui.Voice, o)
	}
	return cmd
}
