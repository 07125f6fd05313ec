package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/apply"
)

// progress shows where a long apply is: one line on a terminal; otherwise a line per step when there are few, and a line every
// tenth of the way when there are many.
type progress struct {
	ui      *voice
	catalog *access.Catalog
	began   time.Time
	stop    func()

	mu    sync.Mutex
	tried int
	todo  int
	text  string // of the last step
	told  int    // tenths
}

// fewSteps is how many steps are told one by one without a terminal.
const fewSteps = 40

// progress begins to show. Its step is called after each step, its end when there are no more.
func (u *voice) progress(catalog *access.Catalog) *progress {
	p := &progress{ui: u, catalog: catalog, began: now(), stop: func() {}}
	if u.screen != nil {
		p.stop = u.during(p.where)
	}
	return p
}

// where is the line on a terminal.
func (p *progress) where() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried == 0 {
		return "carrying out"
	}
	return fmt.Sprintf("%d of %d (%s left)  %s", p.tried, p.todo, p.left(), p.text)
}

// left guesses how long the rest takes, by how long it took up to here.
func (p *progress) left() string {
	each := now().Sub(p.began) / time.Duration(p.tried)
	return roughly(each * time.Duration(p.todo-p.tried))
}

func (p *progress) step(e apply.Event) {
	text := e.Step.Describe(p.catalog)
	p.mu.Lock()
	p.tried, p.todo, p.text = e.Tried, e.Todo, text
	tenth := e.Tried * 10 / e.Todo
	news := tenth > p.told
	p.told = tenth
	p.mu.Unlock()
	switch {
	case errors.Is(e.Err, context.Canceled): // it was not sent
	case e.Err != nil: // showRun says why
		p.ui.tell("  %s %s", p.ui.red("✗"), text)
	case p.ui.screen != nil:
	case e.Todo <= fewSteps:
		p.ui.tell("  %s %s", p.ui.green("✓"), text)
	case news:
		p.ui.tell("  %d of %d steps done (%d %%)", e.Tried, e.Todo, tenth*10)
	}
}

func (p *progress) end() { p.stop() }

// roughly says a duration as people do.
func roughly(d time.Duration) string {
	switch {
	case d < 1500*time.Millisecond:
		return "a second"
	case d < 2*time.Minute:
		return count(int(d.Round(time.Second).Seconds()), "second", "seconds")
	case d < 2*time.Hour:
		return count(int(d.Round(time.Minute).Minutes()), "minute", "minutes")
	}
	return fmt.Sprintf("%.1f hours", d.Hours())
}
