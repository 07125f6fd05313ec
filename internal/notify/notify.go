// Package notify tells people and programs outside what needs somebody: by mail, into a chat, to a webhook with a signature.
//
// It promises that the same fact is told once until it changes, ends, or a time has passed, also over restarts; that a way which fails
// keeps back nothing from the others and is tried again; and that no secret is in an error. It decides nothing about what is worth
// telling, and names only whom it is told to name.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fact is something that is so now and needs somebody.
type Fact struct {
	Topic string `json:"topic"` // held, degraded, parked, credentials, expiry
	About string `json:"about"` // what it is about; with Topic it names the fact
	Text  string `json:"text"`  // one sentence; another one makes it another fact, so it holds no age
	Hint  string `json:"hint,omitempty"`
}

func (f Fact) name() string { return f.Topic + "\x00" + f.About }

// Message is what is sent at once.
type Message struct {
	Installation string    `json:"installation"`
	At           time.Time `json:"at"`
	Subject      string    `json:"subject"`
	Facts        []Fact    `json:"facts"` // what is new, or told again
	Over         []Fact    `json:"over"`  // what was told and is not so any more
	Text         string    `json:"text"`  // all of it, to be read
}

// Way is one way to tell. Send returns nil once the message was taken over by the other side. It is called by one goroutine at a time.
type Way interface {
	Name() string // mail, chat, webhook
	Send(ctx context.Context, m Message) error
}

// Memory keeps a document over restarts; Get returns nil when there is none.
type Memory interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
}

// Options are what a Teller is made of. All but Sent are required.
type Options struct {
	Installation string
	Ways         []Way
	About        []string      // the topics that are told; "summary" among them lets Summary send
	Again        time.Duration // after which a fact that still is so is told again
	Memory       Memory
	Now          func() time.Time
	Sent         func(way string, err error) // called after each try; it may be nil
}

// Teller tells facts. It is safe for concurrent use.
type Teller struct {
	o  Options
	mu sync.Mutex
}

// New returns a Teller that has sent nothing yet.
func New(o Options) *Teller { return &Teller{o: o} }

// told is what one way was told, by the name of the fact.
type told struct {
	Facts map[string]toldFact
	Last  time.Time // message
	Day   string    // of the last summary
}

type toldFact struct {
	Fact Fact
	At   time.Time
}

// gap is the least time between two messages of one way: what changes meanwhile comes with the next one.
const gap = time.Minute

// Tell sees which of all facts that are so now have to be told, and tells them, one message for each way. The error joins what went wrong;
// it is tried again with the next call.
func (t *Teller) Tell(ctx context.Context, now []Fact) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now = slices.DeleteFunc(slices.Clone(now), func(f Fact) bool { return !slices.Contains(t.o.About, f.Topic) })
	var all []error
	for _, w := range t.o.Ways {
		all = append(all, t.tell(ctx, w, now))
	}
	return errors.Join(all...)
}

func (t *Teller) tell(ctx context.Context, w Way, now []Fact) error {
	known, err := t.recall(ctx, w)
	if err != nil {
		return err
	}
	at := t.o.Now()
	if wait := at.Sub(known.Last); wait >= 0 && wait < gap {
		return nil
	}
	m := Message{Installation: t.o.Installation, At: at, Facts: []Fact{}, Over: []Fact{}}
	next := map[string]toldFact{}
	for _, f := range now {
		before, ok := known.Facts[f.name()]
		if ok && before.Fact.Text == f.Text && at.Sub(before.At) < t.o.Again {
			next[f.name()] = before
			continue
		}
		m.Facts = append(m.Facts, f)
		next[f.name()] = toldFact{f, at}
	}
	for name, before := range known.Facts {
		if _, still := next[name]; !still {
			m.Over = append(m.Over, before.Fact)
		}
	}
	if len(m.Facts)+len(m.Over) == 0 {
		return nil
	}
	slices.SortFunc(m.Over, func(a, b Fact) int { return strings.Compare(a.name(), b.name()) })
	m.write()
	if err := t.send(ctx, w, m); err != nil {
		return err
	}
	known.Facts, known.Last = next, at
	return t.keep(ctx, w, known)
}

// Summary sends the text of a day, once for each day and way. text is called at most once, and only if somebody was not told yet; an
// empty text says that nothing changed, and is not sent.
func (t *Teller) Summary(ctx context.Context, day string, text func() (string, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.o.About, "summary") {
		return nil
	}
	text = sync.OnceValues(text)
	var all []error
	for _, w := range t.o.Ways {
		all = append(all, t.summary(ctx, w, day, text))
	}
	return errors.Join(all...)
}

func (t *Teller) summary(ctx context.Context, w Way, day string, write func() (string, error)) error {
	known, err := t.recall(ctx, w)
	if err != nil || known.Day == day {
		return err
	}
	text, err := write()
	if err != nil {
		return err
	}
	if text != "" {
		m := Message{Installation: t.o.Installation, At: t.o.Now(), Subject: "what was done until " + day, Facts: []Fact{}, Over: []Fact{}, Text: text}
		if err := t.send(ctx, w, m); err != nil {
			return err
		}
	}
	known.Day = day
	return t.keep(ctx, w, known)
}

func (t *Teller) send(ctx context.Context, w Way, m Message) error {
	err := w.Send(ctx, m)
	if t.o.Sent != nil {
		t.o.Sent(w.Name(), err)
	}
	if err != nil {
		return fmt.Errorf("notify by %s: %w", w.Name(), err)
	}
	return nil
}

func (t *Teller) recall(ctx context.Context, w Way) (known told, err error) {
	text, err := t.o.Memory.Get(ctx, "told by "+w.Name())
	if err == nil && text != nil {
		err = json.Unmarshal(text, &known)
	}
	return known, err
}

func (t *Teller) keep(ctx context.Context, w Way, known told) error {
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return t.o.Memory.Put(ctx, "told by "+w.Name(), text)
}

// write puts subject and text together.
func (m *Message) write() {
	var b strings.Builder
	for _, f := range m.Facts {
		fmt.Fprintf(&b, "%s: %s\n", f.About, f.Text)
		if f.Hint != "" {
			fmt.Fprintf(&b, "    %s\n", f.Hint)
		}
	}
	for _, f := range m.Over {
		fmt.Fprintf(&b, "over: %s: %s\n", f.About, f.Text)
	}
	m.Text = b.String()
	first := len(m.Facts)
	switch {
	case first == 0:
		m.Subject = "well again: " + m.Over[0].About
	case first == 1:
		m.Subject = m.Facts[0].About + ": " + m.Facts[0].Text
	default:
		m.Subject = fmt.Sprintf("%s: %s, and %d more", m.Facts[0].About, m.Facts[0].Text, first-1)
	}
}
