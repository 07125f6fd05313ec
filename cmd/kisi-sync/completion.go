package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

func completionVerb(ui *call, _ *common) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	cmd := &cobra.Command{
		Use: "completion SHELL", Short: "Print a script that completes verbs and flags in your shell", ValidArgs: shells,
		Long: "Prints a script for bash (with its bash-completion package), zsh, fish or powershell.",
		Example: `  source <(kisi-sync completion bash)                                  for this shell
  kisi-sync completion bash > /etc/bash_completion.d/kisi-sync         for all, from now on
  kisi-sync completion zsh > "${fpath[1]}/_kisi-sync"
  kisi-sync completion fish > ~/.config/fish/completions/kisi-sync.fish
  kisi-sync completion powershell | Out-String | Invoke-Expression`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return exit.Usage(fmt.Errorf("expected one shell: %s", strings.Join(shells, ", ")), seeHelp(cmd))
			}
			return nil
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch root := cmd.Root(); args[0] {
		case "bash":
			return root.GenBashCompletionV2(ui.Out, true)
		case "zsh":
			return root.GenZshCompletion(ui.Out)
		case "fish":
			return root.GenFishCompletion(ui.Out, true)
		default:
			return root.GenPowerShellCompletionWithDesc(ui.Out)
		}
	}
	return cmd
}
