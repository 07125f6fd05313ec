package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// What packaging/release writes into the program with -ldflags -X; empty in every other build.
var release, commit string

// version returns the version of this build: of the release, or its tag when it was installed as a module, else the commit.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return "devel-" + setting.Value[:12]
		}
	}
	return "devel"
}

// versionDocument is what version --json prints.
type versionDocument struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // of a release
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func versionVerb(ui *call, _ *common) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of this program", Args: exactly(),
		Example: "  kisi-sync version\n  kisi-sync version --json",
		RunE: func(*cobra.Command, []string) error {
			if ui.JSON {
				return ui.Print(versionDocument{version(), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH})
			}
			ui.Say("kisi-sync %s (%s, %s/%s)", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
