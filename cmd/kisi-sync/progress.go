package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/kisi-sync/kisi-sync/sync/apply"
)

// progress shows where a long apply is: a bar on a terminal, otherwise a line per step when there are few, and a line every tenth of
// the way when there are many.
type progress struct {
	ui   *voice
	bar  *progressbar.ProgressBar
	told int // tenths
}

// fewSteps is how many steps are told one by one without a terminal.
const fewSteps = 40

func (u *voice) progress(calls int) *progress {
	p := &progress{ui: u}
	if u.terminal && !u.json && calls > 0 {
		p.bar = progressbar.NewOptions(calls, progressbar.OptionSetWriter(u.err), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

func (p *progress) step(e apply.Event) {
	text := e.Step.Describe(nil)
	switch {
	case p.bar != nil:
		p.bar.Describe(cut(text, 60))
		_ = p.bar.Set(e.Tried)
	case e.Todo <= fewSteps && e.Err == nil:
		p.ui.tell("  %s %s", p.ui.green("✓"), text)
	case e.Todo <= fewSteps:
		p.ui.tell("  %s %s: %v", p.ui.red("✗"), text, e.Err)
	case e.Tried*10/e.Todo > p.told:
		p.told = e.Tried * 10 / e.Todo
		p.ui.tell("  %d of %d steps done (%d %%)", e.Tried, e.Todo, p.told*10)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// cut shortens a text to a number of characters.
func cut(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return fmt.Sprintf("%-*s", n, text)
	}
	return string(runes[:n-1]) + "…"
}
