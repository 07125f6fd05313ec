package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
)

func configVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "config", Short: "Show the configuration, or its JSON Schema",
		Example: "  kisi-sync config show\n  kisi-sync config schema > kisi-sync.schema.json",
	})
	cmd.AddCommand(configShowVerb(ui, c), configSchemaVerb(ui))
	return cmd
}

func configShowVerb(ui *call, c *common) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Print the configuration with all defaults; secrets only by where they are kept", Args: exactly(),
		Long: `Prints the configuration as it is understood, with all defaults. It is a file that means the same. Secrets are shown by
where they are kept, and need not be there.`,
		Example: "  kisi-sync config show --config /etc/kisi-sync/config.yaml\n  kisi-sync config show --json | jq '.limits'",
		RunE: func(*cobra.Command, []string) error {
			settings, err := loaded(config.Loader{Types: all.Types(), SkipSecrets: true}.Load(c.config))
			if err != nil {
				return err
			}
			text, err := settings.Show()
			if err != nil {
				return err
			}
			if !ui.JSON {
				_, err = ui.Out.Write(text)
				return err
			}
			var v any
			if err := yaml.Unmarshal(text, &v); err != nil {
				return fmt.Errorf("read the configuration as it is shown: %w", err)
			}
			return ui.Print(v)
		},
	}
}

func configSchemaVerb(ui *call) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print a JSON Schema of the file, for editors", Args: exactly(),
		Long: `Prints a JSON Schema of the configuration file. Editors that know it complete keys and mark mistakes while you type;
write as the first line of the file: # yaml-language-server: $schema=kisi-sync.schema.json`,
		Example: "  kisi-sync config schema > kisi-sync.schema.json",
		RunE: func(*cobra.Command, []string) error {
			text, err := config.Schema(all.Types())
			if err != nil {
				return err
			}
			if ui.JSON {
				return ui.Print(json.RawMessage(text))
			}
			_, err = ui.Out.Write(append(text, '\n'))
			return err
		},
	}
}
