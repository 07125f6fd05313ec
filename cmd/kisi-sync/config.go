package main

import (
	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
)

func configVerb(ui *voice, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Show the configuration, or its JSON Schema",
		Example: "  kisi-sync config show\n  kisi-sync config schema > kisi-sync.schema.json",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "show", Short: "Print the configuration with all defaults; secrets only by where they are kept", Args: exactly(),
			Example: "  kisi-sync config show --config /etc/kisi-sync/config.yaml",
			RunE: func(*cobra.Command, []string) error {
				settings, err := load(ui, c)
				if err != nil {
					return err
				}
				text, err := settings.Show()
				if err != nil {
					return err
				}
				_, err = ui.out.Write(text)
				return err
			},
		},
		&cobra.Command{
			Use: "schema", Short: "Print a JSON Schema of the file, for editors", Args: exactly(),
			Example: "  kisi-sync config schema > kisi-sync.schema.json\n  # in the file: # yaml-language-server: $schema=kisi-sync.schema.json",
			RunE: func(*cobra.Command, []string) error {
				text, err := config.Schema(all.Types())
				if err != nil {
					return err
				}
				_, err = ui.out.Write(append(text, '\n'))
				return err
			},
		},
	)
	return cmd
}
