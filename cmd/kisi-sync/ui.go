package main

// The rules of what people read:
//
//   - Results go to standard output, everything else to standard error; with --json, standard output is one JSON document and
//     nothing else, also when something fails.
//   - An error is one "error:" line, lower case, that names the place; what to do next follows as "hint:" lines.
//   - Nothing is asked unless somebody can answer. Questions go to the terminal, so that the result may go to a file.
//   - Long work shows where it is: on a terminal in one line that goes away, otherwise in whole lines, not too many.
//   - People are named by their address. Secrets are never printed.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
)

// voice is how the program speaks to whoever called it.
type voice struct {
	in       *bufio.Reader
	out, err io.Writer
	asks     io.Writer // where questions appear; nil: there is nobody to ask
	keys     *os.File  // the keyboard, if there is somebody to ask
	screen   *screen   // the same as err, if that is a terminal; nil otherwise
	json     bool
	colored  bool
	document []byte // what --json will print at the end
	args     []string
	from     *caller // nil: whoever called this process
	log      *slog.Logger
}

func newVoice(w world) *voice {
	u := &voice{out: w.out, err: w.err, args: w.args, from: w.from, log: slog.New(slog.DiscardHandler)}
	if w.from != nil {
		return u.far()
	}
	u.in = bufio.NewReader(w.in)
	u.colored = isTerminal(w.out) && isTerminal(w.err) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if isTerminal(w.err) && os.Getenv("TERM") != "dumb" {
		f := w.err.(*os.File)
		u.screen = newScreen(f, func() int { return widthOf(f) })
		u.err = u.screen
	}
	if isTerminal(w.in) {
		u.asks, u.keys = whereToAsk(w), w.in.(*os.File)
	}
	return u
}

// far speaks to whoever is at the other end of a socket.
func (u *voice) far() *voice {
	t := u.from.terminal
	u.colored = t.Colors
	if t.Width > 0 {
		u.screen = newScreen(u.err, func() int { return t.Width })
		u.err = u.screen
	}
	if u.from.ask != nil {
		u.asks = u.err
	}
	return u
}

// whereToAsk finds the terminal: standard error or output, else, when both go elsewhere, the one that the process belongs to.
func whereToAsk(w world) io.Writer {
	for _, stream := range []io.Writer{w.err, w.out} {
		if isTerminal(stream) {
			return stream
		}
	}
	if tty, err := os.OpenFile(terminalName, os.O_WRONLY, 0); err == nil {
		return tty
	}
	return nil
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// begin takes the flags that every verb has.
func (u *voice) begin(cmd *cobra.Command, c *common) error {
	u.json = c.json
	if !cmd.Flags().Changed("config") && cmd.Name() != "init" { // which writes one where it is called
		c.config = firstThere(c.config, installedConfig())
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.log)); err != nil {
		return exit.Usage(fmt.Errorf("--log %s: expected debug, info, warn or error", c.log), "")
	}
	u.log = slog.New(slog.NewTextHandler(u.err, &slog.HandlerOptions{Level: level}))
	return nil
}

// say prints a line of the result; with --json there is none.
func (u *voice) say(format string, args ...any) {
	if !u.json {
		fmt.Fprintf(u.out, format+"\n", args...)
	}
}

// tell prints a line about the work; it is left out with --json.
func (u *voice) tell(format string, args ...any) {
	if !u.json {
		fmt.Fprintf(u.err, format+"\n", args...)
	}
}

// warn prints what may hurt later.
func (u *voice) warn(list []exit.Trouble) {
	for _, t := range list {
		u.tell("%s %s", u.yellow("warning:"), t.Text)
		for _, hint := range t.Hints {
			u.tell("%s %s", u.yellow("hint:"), hint)
		}
	}
}

// end prints how the program ended and returns its exit code.
func (u *voice) end(err error) int {
	list := exit.Troubles(err)
	var problems *config.Problems
	if u.json && errors.As(err, &problems) {
		list = []exit.Trouble{{Text: "the configuration has " + count(len(problems.List), "problem", "problems")}}
		_ = u.print(map[string]any{"problems": problems.List})
	}
	if u.json {
		if writeErr := u.endDocument(list); writeErr != nil && err == nil {
			err = writeErr
		}
		return exit.CodeOf(err)
	}
	for _, t := range list {
		fmt.Fprintf(u.err, "%s %s\n", u.red("error:"), t.Text)
		for _, hint := range t.Hints {
			fmt.Fprintf(u.err, "%s %s\n", u.yellow("hint:"), hint)
		}
	}
	return exit.CodeOf(err)
}

// The few colors, and only where they are seen.
func (u *voice) paint(code, text string) string {
	if !u.colored {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (u *voice) bold(text string) string   { return u.paint("1", text) }
func (u *voice) green(text string) string  { return u.paint("32", text) }
func (u *voice) yellow(text string) string { return u.paint("33", text) }
func (u *voice) red(text string) string    { return u.paint("31", text) }

// typed is the command line as it could be typed again.
func (u *voice) typed() string {
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
