package voice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Progress shows where a long apply is: one line on a terminal; otherwise a line per step when there are few, and a line every
// tenth of the way when there are many. Its methods may be called by several goroutines.
type Progress struct {
	ui       *Voice
	describe func(*plan.Step) string
	now      func() time.Time
	began    time.Time
	stop     func()

	mu    sync.Mutex
	tried int
	todo  int
	text  string // of the last step
	told  int    // tenths
}

// fewSteps is how many steps are told one by one without a terminal.
const fewSteps = 40

// Progress begins to show. Its Step is called after each step, its End once, when there are no more. What it is made of must not be nil.
func (u *Voice) Progress(describe func(*plan.Step) string, now func() time.Time) *Progress {
	p := &Progress{ui: u, describe: describe, now: now, began: now(), stop: func() {}}
	if u.screen != nil {
		p.stop = u.During(p.where)
	}
	return p
}

// where is the line on a terminal.
func (p *Progress) where() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried == 0 {
		return "carrying out"
	}
	return fmt.Sprintf("%d of %d (%s left)  %s", p.tried, p.todo, p.left(), p.text)
}

// left guesses how long the rest takes, by how long it took up to here.
func (p *Progress) left() string {
	each := p.now().Sub(p.began) / time.Duration(p.tried)
	return Roughly(each * time.Duration(p.todo-p.tried))
}

// Step tells of a step that was tried.
func (p *Progress) Step(e apply.Event) {
	text := p.describe(e.Step)
	p.mu.Lock()
	p.tried, p.todo, p.text = e.Tried, e.Todo, text
	tenth := e.Tried * 10 / e.Todo
	news := tenth > p.told
	p.told = tenth
	p.mu.Unlock()
	switch {
	case errors.Is(e.Err, context.Canceled): // it was not sent
	case e.Err != nil: // showRun says why
		p.ui.Tell("  %s %s", p.ui.Red("✗"), text)
	case p.ui.screen != nil:
	case e.Todo <= fewSteps:
		p.ui.Tell("  %s %s", p.ui.Green("✓"), text)
	case news:
		p.ui.Tell("  %d of %d steps done (%d %%)", e.Tried, e.Todo, tenth*10)
	}
}

// End takes away what stands on the screen.
func (p *Progress) End() { p.stop() }
