// Package voice is how the program speaks to whoever called it, asks, and shows where long work is. It knows streams, terminals and
// words; it knows nothing of the verbs, and decides nothing. These are the rules of what people read, and it keeps them:
//
//   - Results go to standard output, everything else to standard error; with --json, standard output is one JSON document and
//     nothing else, also when something fails.
//   - An error is one "error:" line, lower case, that names the place; what to do next follows as "hint:" lines.
//   - Nothing is asked unless somebody can answer. Questions go to the terminal, so that the result may go to a file.
//   - Long work shows where it is: on a terminal in one line that goes away, otherwise in whole lines, not too many.
//   - People are named by their address. Secrets are never printed.
package voice

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
)

// Voice is how one command line is answered. What tells and says may be called by several goroutines where the writers may; everything
// else is for one at a time. The zero value with Out and Err says and tells in plain text, and has nobody to ask.
type Voice struct {
	In       *bufio.Reader // nil: whoever called is at another process, which keeps its standard input
	Out, Err io.Writer
	JSON     bool         // what is printed is one JSON document, and nothing is said or told
	Log      *slog.Logger // of what the program does; on standard error, unless somebody puts it elsewhere

	asks     io.Writer                                              // where questions appear; nil: there is nobody to ask
	keys     *os.File                                               // the keyboard, if there is somebody to ask
	far      func(ctx context.Context, text string) (string, error) // asks at the other end of a socket; nil: here
	screen   *screen                                                // the same as err, if that is a terminal; nil otherwise
	colored  bool
	document []byte // what --json will print at the end
}

// Streams are what a process is called with. None may be nil where it is used.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// New speaks to whoever called this process. It looks at which of the streams are a terminal, and asks only where somebody can
// answer.
func New(s Streams) *Voice {
	u := &Voice{In: bufio.NewReader(s.In), Out: s.Out, Err: s.Err, Log: slog.New(slog.DiscardHandler)}
	u.colored = IsTerminal(s.Out) && IsTerminal(s.Err) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if IsTerminal(s.Err) && os.Getenv("TERM") != "dumb" {
		f := s.Err.(*os.File)
		u.screen = newScreen(f, func() int { return widthOf(f) })
		u.Err = u.screen
	}
	if IsTerminal(s.In) {
		u.asks, u.keys = whereToAsk(s), s.In.(*os.File)
	}
	return u
}

// Far is the terminal of another process, whose command line is carried out here.
type Far struct {
	Out, Err io.Writer
	Width    int                                                    // of standard error; 0: it is no terminal
	Colors   bool                                                   // they are seen there
	Ask      func(ctx context.Context, text string) (string, error) // nil: there is nobody to ask
}

// NewFar speaks to whoever is at the other end of a socket.
func NewFar(f Far) *Voice {
	u := &Voice{Out: f.Out, Err: f.Err, colored: f.Colors, far: f.Ask, Log: slog.New(slog.DiscardHandler)}
	if f.Width > 0 {
		u.screen = newScreen(u.Err, func() int { return f.Width })
		u.Err = u.screen
	}
	if f.Ask != nil {
		u.asks = u.Err
	}
	return u
}

// Answers says that there is somebody to ask.
func (u *Voice) Answers() bool { return u.asks != nil }

// HasColors says that colors are seen where the voice is heard.
func (u *Voice) HasColors() bool { return u.colored }

// Width is how wide the terminal is on which the work is told; 0 where it is told on none.
func (u *Voice) Width() int {
	if u.screen == nil {
		return 0
	}
	return u.screen.width()
}

// Within are the streams for a verb that is carried out as a part of this one, with nobody to ask. What goes to standard error belongs
// to what is told here, so where that goes to a file, it does too.
func (u *Voice) Within() Streams {
	s := Streams{In: strings.NewReader(""), Out: u.Out, Err: u.Out}
	if u.screen != nil && IsTerminal(u.Out) {
		s.Err = u.screen.out
	}
	return s
}

// whereToAsk finds the terminal: standard error or output, else, when both go elsewhere, the one that the process belongs to.
func whereToAsk(s Streams) io.Writer {
	for _, stream := range []io.Writer{s.Err, s.Out} {
		if IsTerminal(stream) {
			return stream
		}
	}
	if tty, err := os.OpenFile(terminalName, os.O_WRONLY, 0); err == nil {
		return tty
	}
	return nil
}

// IsTerminal says that a reader or writer is a file, and a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Say prints a line of the result; with --json there is none. The format needs no end of line.
func (u *Voice) Say(format string, args ...any) {
	if !u.JSON {
		fmt.Fprintf(u.Out, format+"\n", args...)
	}
}

// Tell prints a line about the work; it is left out with --json. The format needs no end of line.
func (u *Voice) Tell(format string, args ...any) {
	if !u.JSON {
		fmt.Fprintf(u.Err, format+"\n", args...)
	}
}

// Warn prints what may hurt later, in the order of the list; with --json nothing.
func (u *Voice) Warn(list []exit.Trouble) {
	for _, t := range list {
		u.Tell("%s %s", u.Yellow("warning:"), t.Text)
		for _, hint := range t.Hints {
			u.Tell("%s %s", u.Yellow("hint:"), hint)
		}
	}
}

// End prints how the program ended, with --json the document too, and returns its exit code. It is called once, with nil after success.
func (u *Voice) End(err error) int {
	list := exit.Troubles(err)
	var problems *config.Problems
	if u.JSON && errors.As(err, &problems) {
		list = []exit.Trouble{{Text: "the configuration has " + Count(len(problems.List), "problem", "problems")}}
		_ = u.Print(map[string]any{"problems": problems.List})
	}
	if u.JSON {
		if writeErr := u.endDocument(list); writeErr != nil && err == nil {
			err = writeErr
		}
		return exit.CodeOf(err)
	}
	for _, t := range list {
		fmt.Fprintf(u.Err, "%s %s\n", u.Red("error:"), t.Text)
		for _, hint := range t.Hints {
			fmt.Fprintf(u.Err, "%s %s\n", u.Yellow("hint:"), hint)
		}
	}
	return exit.CodeOf(err)
}

// paint makes a text one of the few colors, and only where they are seen.
func (u *Voice) paint(code, text string) string {
	if !u.colored {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold is the text as a heading, where colors are seen; else as it is.
func (u *Voice) Bold(text string) string { return u.paint("1", text) }

// Green is the text as something good or given, where colors are seen; else as it is.
func (u *Voice) Green(text string) string { return u.paint("32", text) }

// Yellow is the text as something to look at, where colors are seen; else as it is.
func (u *Voice) Yellow(text string) string { return u.paint("33", text) }

// Red is the text as something bad or taken, where colors are seen; else as it is.
func (u *Voice) Red(text string) string { return u.paint("31", text) }
