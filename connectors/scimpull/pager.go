package scimpull

import (
	"context"
	"sync"
	"sync/atomic"
)

// pager asks for pages before they are wanted, as many at a time as may be under way. It guesses where they begin from how much the server
// gave last; where the guess was wrong the page is asked for again.
type pager struct {
	*source
	list  *list
	pages map[int]chan fetched // asked for and not wanted yet, by their start
	size  int                  // what the server gives at once; 0 while it is not known
	total int
	all   sync.WaitGroup
	calls atomic.Int64
}

type fetched struct {
	page *page
	err  error
}

// page returns the page that starts at a number.
func (g *pager) page(ctx context.Context, start int) (*page, error) {
	g.look(ctx, start)
	got := <-g.pages[start]
	delete(g.pages, start)
	if got.err == nil {
		if n := len(got.page.resources); start == 1 || n > g.size {
			g.size = n
		}
		g.total = got.page.total
	}
	return got.page, got.err
}

// look asks for the page and for those behind it.
func (g *pager) look(ctx context.Context, start int) {
	g.ask(ctx, start)
	if g.size < 2 {
		return
	}
	for next := start; len(g.pages) < g.settings.Concurrency; {
		if next += g.size - 1; next >= g.total { // the last of all is that of the page before
			return
		}
		g.ask(ctx, next)
	}
}

func (g *pager) ask(ctx context.Context, start int) {
	if g.pages[start] != nil {
		return
	}
	answer := make(chan fetched, 1)
	g.pages[start] = answer
	g.calls.Add(1)
	g.all.Go(func() {
		p, err := g.client.page(ctx, g.list, start, g.settings.PageSize)
		answer <- fetched{p, err}
	})
}
