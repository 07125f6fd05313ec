package main

// The rules of what people read:
//
//   - Results go to standard output, everything else to standard error; with --json, standard output is JSON alone.
//   - An error is one "error:" line, lower case, that names the place; what to do next follows as "hint:" lines.
//   - Nothing is asked unless somebody can answer: both standard input and output are terminals.
//   - Long work shows where it is. Without a terminal it says so in whole lines, not too many.
//   - People are named by their address. Secrets are never printed.

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/kisi-sync/kisi-sync/config"
)

type voice struct {
	in       *bufio.Reader
	out, err io.Writer
	json     bool
	terminal bool
	colored  bool
	log      *slog.Logger
}

func newVoice(w world) *voice {
	u := &voice{in: bufio.NewReader(w.in), out: w.out, err: w.err, terminal: isTerminal(w.in) && isTerminal(w.out)}
	u.colored = isTerminal(w.out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	u.log = slog.New(slog.DiscardHandler)
	return u
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// begin takes the flags that every verb has.
func (u *voice) begin(c *common) error {
	u.json = c.json
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.log)); err != nil {
		return usage(fmt.Errorf("--log %s: expected debug, info, warn or error", c.log), "")
	}
	u.log = slog.New(slog.NewTextHandler(u.err, &slog.HandlerOptions{Level: level}))
	return nil
}

// say prints a line of the result.
func (u *voice) say(format string, args ...any) { fmt.Fprintf(u.out, format+"\n", args...) }

// tell prints a line about the work; it is left out with --json.
func (u *voice) tell(format string, args ...any) {
	if !u.json {
		fmt.Fprintf(u.err, format+"\n", args...)
	}
}

// print writes a value as JSON.
func (u *voice) print(v any) error {
	e := json.NewEncoder(u.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// ask asks a yes-or-no question; anything but yes is no.
func (u *voice) ask(question string) bool {
	if !u.terminal {
		return false
	}
	fmt.Fprintf(u.out, "%s [y/N] ", question)
	answer, err := u.in.ReadString('\n')
	if err != nil {
		fmt.Fprintln(u.out)
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// end prints how the program ended and returns its exit code.
func (u *voice) end(err error) int {
	if err == nil {
		return 0
	}
	var problems *config.Problems
	var e *exit
	switch {
	case errors.As(err, &problems):
		return u.endProblems(problems)
	case errors.As(err, &e):
		u.error(e.err, e.hint)
		return e.code
	case errors.Is(err, context.Canceled):
		u.error(errors.New("interrupted; what was begun is finished and written down"), "run the same again: it goes on where it stopped")
		return exitFailed
	case strings.HasPrefix(err.Error(), "unknown command"):
		u.error(err, "see kisi-sync --help")
		return exitUsage
	}
	u.error(err, hintFor(err))
	return exitFailed
}

func (u *voice) endProblems(p *config.Problems) int {
	if u.json {
		_ = u.print(map[string]any{"problems": p.List})
	} else {
		for _, problem := range p.List {
			u.error(errors.New(strings.Split(problem.String(), "\n")[0]), problem.Hint)
		}
	}
	return exitUsage
}

func (u *voice) error(err error, hint string) {
	if err == nil {
		return
	}
	text := err.Error()
	if u.json {
		_ = u.print(map[string]string{"error": text, "hint": hint})
		return
	}
	fmt.Fprintf(u.err, "error: %s\n", text)
	for line := range strings.SplitSeq(hint, "\n") {
		if line != "" {
			fmt.Fprintf(u.err, "hint: %s\n", line)
		}
	}
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
