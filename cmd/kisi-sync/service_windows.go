package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/winservice"
)

// machineVerbs are the verbs of one kind of machine only.
func machineVerbs() []func(*call, *common) *cobra.Command {
	return []func(*call, *common) *cobra.Command{serviceVerb}
}

// longestStop is more than a call to Kisi may take.
const longestStop = 90 * time.Second

func serviceVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "service", Short: "Install, remove, start and stop the Windows service",
		Long: `The service is ` + "`kisi-sync run`" + `, started with the machine and begun again after a fault. Its log is in the Event Log, under its
name. All of these need an administrator's prompt.`,
		Example: "  kisi-sync service install\n  kisi-sync service start",
	})
	name := cmd.PersistentFlags().String("name", winservice.DefaultName, "the service, where there are several: `NAME`")
	cmd.AddCommand(serviceInstallVerb(ui, c, name),
		serviceActVerb(ui, name, "start", "Start the service and wait until it runs", "runs", winservice.Start),
		serviceActVerb(ui, name, "stop", "Stop the service and wait until it has ended", "has ended", winservice.Stop),
		serviceActVerb(ui, name, "remove", "Stop the service and take it away; files stay", "is removed", winservice.Remove))
	return cmd
}

func serviceInstallVerb(ui *call, c *common, name *string) *cobra.Command {
	return &cobra.Command{
		Use: "install", Short: "Install the Windows service", Args: exactly(),
		Long: `Installs the service, with the file that --config names, or C:\ProgramData\kisi-sync\config.yaml. It runs under an account of its
own, which may read the folder of the file and write into the folder state in it. From then on nobody else may open that folder but
administrators: put the secrets there. The service is not started.`,
		Example: "  kisi-sync service install\n  kisi-sync service install --name kisi-sync-acme --config C:\\ProgramData\\kisi-sync-acme\\config.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := serviceConfig(cmd, c, *name)
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			err = winservice.Install(winservice.Options{Name: *name, Program: program, Arguments: []string{"run", "--config", file},
				Config: file, Description: "Keeps the doors of a Kisi organization in step with your directories."})
			if err != nil {
				return exit.Failed(err, "it needs an administrator's prompt, and a name that no service has")
			}
			ui.Say("The service %s is installed. It reads %s and writes into %s.", *name, file, winservice.StateFolder(file))
			return ui.PrintJSON(map[string]string{"service": *name, "config": file, "state_folder": winservice.StateFolder(file)})
		},
	}
}

// serviceConfig returns the whole path of the service's file. The folder of whoever installs it is not where a service's file should be.
func serviceConfig(cmd *cobra.Command, c *common, name string) (string, error) {
	if !cmd.Flags().Changed("config") {
		return filepath.Join(os.Getenv("ProgramData"), name, "config.yaml"), nil
	}
	file, err := filepath.Abs(c.config)
	if err != nil {
		return "", fmt.Errorf("find the folder of %s: %w", c.config, err)
	}
	return file, nil
}

// serviceActVerb does something to a service that is there.
func serviceActVerb(ui *call, name *string, word, short, done string, act func(context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: word, Short: short, Args: exactly(), Example: "  kisi-sync service " + word,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), longestStop)
			defer cancel()
			err := act(ctx, *name)
			switch {
			case errors.Is(err, winservice.ErrNone):
				return exit.Failed(err, "kisi-sync service install makes it")
			case err != nil:
				return exit.Failed(err, "it needs an administrator's prompt; what the service itself says is in the Event Log, under "+*name)
			}
			ui.Say("The service %s %s.", *name, done)
			return ui.PrintJSON(map[string]string{"service": *name, "did": word})
		},
	}
}
