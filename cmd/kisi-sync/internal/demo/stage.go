package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// errEnough is somebody who has seen enough of the story.
var errEnough = errors.New("enough")

// chapter begins a part of the story; with somebody at the terminal it waits for Enter, and q ends the story.
func (d *Demo) chapter(ctx context.Context, title, text string) error {
	answer, err := d.ui.Prompt(ctx, "\n[Enter goes on, q ends] ")
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(strings.ToLower(answer), "q"):
		return errEnough
	}
	d.ui.Say("\n%s\n%s", d.ui.Bold("── "+title+" "+strings.Repeat("─", max(3, 90-len([]rune(title))))), text)
	return nil
}

// show plays one scene: what happens, and what is done about it.
func (d *Demo) show(ctx context.Context, s scene) error {
	if s.happen != nil {
		if err := s.happen(); err != nil {
			return fmt.Errorf("the demo's company: %w", err)
		}
	}
	for i, args := range s.verbs {
		began := d.now()
		code := d.verb(ctx, args...)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if want := s.code; i == len(s.verbs)-1 && code != want {
			return fmt.Errorf("kisi-sync %s ended with %d, the story says %d", args[0], code, want)
		}
		d.ui.Say("(exit code %d, %s)", code, d.now().Sub(began).Round(10*time.Millisecond))
	}
	if s.after != "" {
		d.ui.Say("\n%s", s.after)
	}
	return nil
}

// verb runs a verb exactly as the command line would, and returns its exit code. Nobody is asked: the story says apply --yes. What
// goes to standard error belongs to the story, so where the story goes to a file, that does too.
func (d *Demo) verb(ctx context.Context, args ...string) int {
	d.ui.Say("\n%s", d.ui.Bold("$ kisi-sync "+strings.Join(args, " ")))
	return d.run(ctx, d.ui.Within(), append([]string{"--config", d.config()}, args...))
}

// program is how the reader called this program.
func program() string {
	if exe, err := os.Executable(); err == nil && strings.Contains(exe, "go-build") {
		return "go run ./cmd/kisi-sync" // of a build that goes away with us
	}
	if len(os.Args) > 0 && strings.ContainsRune(os.Args[0], filepath.Separator) {
		return os.Args[0]
	}
	return "kisi-sync"
}

// Next says what to do after the demo, and, if it is to keep, stays up until the context ends.
func (d *Demo) Next(ctx context.Context, keep bool) error {
	d.ui.Say("\n%s", d.ui.Bold("── What next "+strings.Repeat("─", 80)))
	if !keep {
		d.ui.Say(`For your own organization:

  1. kisi-sync init     asks for a directory and a key, looks at both, and writes the first file
  2. kisi-sync check    looks at the file, your directories and Kisi, and changes nothing
  3. kisi-sync plan     says what would happen, in people and doors
  4. kisi-sync apply    asks, and does it
  5. kisi-sync run      stays, and does it by itself from then on

  %s demo --keep stays up, so that you can try the verbs first.`, program())
		if !d.made {
			d.ui.Say("\nThe files of the demo are in %s.", d.dir)
		}
		return nil
	}
	d.ui.Say(`The directory and the simulated Kisi stay up. In another terminal:

  %[1]s -c %[2]s check
  %[1]s -c %[2]s plan
  %[1]s -c %[2]s apply
  %[1]s -c %[2]s explain jmueller
  %[1]s -c %[2]s groups
  %[1]s -c %[2]s users add vera@partner.example,'Vera Lang' --target Visitors

Or write somebody into %[3]s, and plan again.
Ctrl-C ends it.`, program(), d.config(), filepath.Join(d.dir, "handpicked.yaml"))
	<-ctx.Done()
	return nil
}
