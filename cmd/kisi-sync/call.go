package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
)

// call is one command line being carried out: the voice that answers whoever called, and who that is.
type call struct {
	*voice.Voice
	args []string
	from *caller // nil: whoever called this process
}

func newCall(w world) *call {
	u := &call{args: w.args, from: w.from}
	if w.from == nil {
		u.Voice = voice.New(voice.Streams{In: w.in, Out: w.out, Err: w.err})
		return u
	}
	t := w.from.terminal
	u.Voice = voice.NewFar(voice.Far{Out: w.out, Err: w.err, Width: t.Width, Colors: t.Colors, Ask: w.from.ask})
	return u
}

// begin takes the flags that every verb has.
func (u *call) begin(cmd *cobra.Command, c *common) error {
	u.JSON = c.json
	if !cmd.Flags().Changed("config") && cmd.Name() != "init" { // which writes one where it is called
		c.config = firstThere(c.config, installedConfig())
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.log)); err != nil {
		return exit.Usage(fmt.Errorf("--log %s: expected debug, info, warn or error", c.log), "")
	}
	u.Log = slog.New(slog.NewTextHandler(u.Err, &slog.HandlerOptions{Level: level}))
	return nil
}

// typed is the command line as it could be typed again.
func (u *call) typed() string {
	args := u.args
	if u.from != nil && len(args) > 2 && args[0] == "--config" { // which relay put there
		args = args[2:]
	}
	words := []string{"kisi-sync"}
	for _, a := range args {
		if !plainWord(a) {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// plainWord says that a shell takes a word as it is.
func plainWord(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_=./:,@%+", r))
	})
}
