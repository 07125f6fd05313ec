package voice

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// screen is standard error when it is a terminal. It has one line that comes and goes at the bottom; whatever else is written
// takes its place. It is safe for concurrent use.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	width func() int
	shown bool // the line is there
}

func newScreen(out io.Writer, width func() int) *screen { return &screen{out: out, width: width} }

// Write writes ordinary lines.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	return s.out.Write(p)
}

// show puts a text into the line, cut to the width of the terminal; "" takes the line away.
func (s *screen) show(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	if text == "" {
		return
	}
	fmt.Fprint(s.out, cut(text, s.width()-1))
	s.shown = true
}

func (s *screen) clear() {
	if s.shown {
		fmt.Fprint(s.out, "\r\x1b[2K")
		s.shown = false
	}
}

// cut shortens a text to a number of characters.
func cut(text string, n int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n-1]) + "…"
}

const (
	// often is how often the line on a terminal is drawn anew.
	often = 250 * time.Millisecond
	// seldom is how often a line is written where there is no terminal; short work stays silent there.
	seldom = 15 * time.Second
)

// During keeps people posted about long work until the function that it returns is called. where says how far it is; it is called
// from another goroutine.
func (u *Voice) During(where func() string) (stop func()) {
	if u.JSON {
		return func() {}
	}
	interval, show := seldom, func(text string) { u.Tell("… %s", text) }
	if u.screen != nil {
		interval, show = often, u.screen.show
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				show(where())
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
		if u.screen != nil {
			u.screen.show("")
		}
	}
}

// widthOf returns how wide a terminal is.
func widthOf(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		return 80
	}
	return width
}
