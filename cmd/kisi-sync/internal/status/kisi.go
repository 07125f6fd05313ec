package status

import (
	"context"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/anchor"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Rest is that Kisi does not work and is left alone. Who must lose everything at once does not wait for the end of that.
type Rest struct {
	Since string `json:"since"`
	Why   string `json:"why"`
	Runs  int    `json:"failed_runs"` // in a row
	Next  string `json:"next_try"`    // no run asks before, but for leavers
}

func newRest(c record.Circuit) *Rest {
	if !c.Open() {
		return nil
	}
	return &Rest{Since: c.Since.UTC().Format(time.RFC3339), Why: c.Why, Runs: c.Failures, Next: c.Until.UTC().Format(time.RFC3339)}
}

// Unsent are lines of the audit trail that the syslog server does not have yet. A daemon sends within seconds, as long as it can.
type Unsent struct {
	Lines uint64 `json:"lines"`
	To    string `json:"to"`
	Since string `json:"since"` // the first of them

	since time.Time
	age   time.Duration
}

// older says that the first of them has waited for longer than some time.
func (u *Unsent) older(than time.Duration) bool { return u != nil && u.age > than }

// asOf notes how long the first of them has waited.
func (u *Unsent) asOf(at time.Time) {
	if u != nil {
		u.age = at.Sub(u.since)
	}
}

// newUnsent returns nil when nothing waits, and when there is no copy.
func newUnsent(ctx context.Context, c *anchor.Copy) (*Unsent, error) {
	if c == nil {
		return nil, nil
	}
	u, err := c.Unsent(ctx)
	if err != nil || u.Lines == 0 {
		return nil, err
	}
	return &Unsent{Lines: u.Lines, To: c.To.String(), Since: u.Since.UTC().Format(time.RFC3339), since: u.Since}, nil
}

// Trial is a call to Kisi that is under way, tried again and again, and not answered as it should be.
type Trial struct {
	Since string `json:"since"`
	Tries int    `json:"tries"`
	Last  string `json:"last,omitempty"` // how the last try ended; "" while the first is still waited for

	since time.Time
	at    time.Time // of which this is
}

// NewTrial returns how it goes with a call at a moment. It is nil for one that was just sent, and for none: one that goes well at the
// second try is no news, either.
func NewTrial(t pacer.Trial, at time.Time) *Trial {
	const noNews = 3 * time.Second
	if t.Since.IsZero() || at.Sub(t.Since) < noNews {
		return nil
	}
	return &Trial{Since: t.Since.UTC().Format(time.RFC3339), Tries: t.Tries, Last: t.Last, since: t.Since, at: at}
}

// stuck is for how long a call is tried until whoever asks is told that Kisi does not answer.
const stuck = 15 * time.Second

// Stuck says that it has been tried for so long that somebody should know; no call at all has not.
func (t *Trial) Stuck() bool { return t.age() >= stuck }

// age is how long it has been tried; 0 for none.
func (t *Trial) age() time.Duration {
	if t == nil {
		return 0
	}
	return t.at.Sub(t.since)
}

// Words say how it goes with the call.
func (t *Trial) Words() string {
	text := fmt.Sprintf("Kisi has not answered as it should since %s, though asked %s", t.since.UTC().Format("15:04:05 MST"), voice.Count(t.Tries, "time", "times"))
	if t.Last == "" {
		return text
	}
	return text + ", the last time: " + exit.OneLine(t.Last)
}
