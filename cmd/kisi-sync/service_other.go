//go:build !windows

package main

import "github.com/spf13/cobra"

// machineVerbs are the verbs of one kind of machine only. Where there is systemd, its own commands do what they would.
func machineVerbs() []func(*call, *common) *cobra.Command { return nil }
