// Package status says how it is: to people on one screen, to scripts as a document, to figures, and to whoever must be told.
//
// All of them tell from one Document, made at one moment, so that no two say different things. It is read from the state file and, if one
// is running, the daemon; nobody else is asked and nothing is changed but the memory of what was told. Figures name nobody.
package status

import (
	"context"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/anchor"
	"github.com/kisi-sync/kisi-sync/internal/logs"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Of is what a status is made of. All fields are required but those of which it says what nil means.
type Of struct {
	Settings *config.Settings
	Store    *store.Preview
	Copy     *anchor.Copy // of the audit trail; nil: the file wants none
	Daemon   *Daemon      // nil: none is running, and this is what the state file says
	Now      func() time.Time
}

// Daemon is what only the daemon itself knows of how it is. All fields are required but Sender.
type Daemon struct {
	Status func(context.Context) (record.Status, error)
	Calls  func() pacer.Stats // what was sent to Kisi
	Sender *logs.Syslog       // of the log; nil: no syslog server gets it
}

// Document is what status --json prints.
type Document struct {
	Installation string         `json:"installation"`
	Mode         string         `json:"mode"`
	Daemon       *record.Status `json:"daemon"`                    // null: none is running
	Paused       *record.Pause  `json:"paused"`                    // null: it is not
	Kisi         *Rest          `json:"kisi_left_alone"`           // null: Kisi works, as far as is known
	Trial        *Trial         `json:"kisi_unanswered,omitempty"` // nil: the call under way, if there is one, was just sent
	Sources      []Source       `json:"sources"`
	LastRun      *shape.Run     `json:"last_run"`      // null: there was none
	LastFullRun  *shape.Run     `json:"last_full_run"` // null: there was none lately
	Held         int            `json:"held"`          // steps that wait for somebody to decide
	HeldSince    string         `json:"held_since"`    // "" when none does
	Approved     int            `json:"approved"`      // and not done yet
	Rejected     int            `json:"rejected"`
	Parked       int            `json:"parked"`                 // refused by Kisi, tried again by itself
	Unsettled    int            `json:"unsettled"`              // calls of which it is not known whether they were carried out
	Drifted      int            `json:"drifted"`                // what the last full run found altered by hand in Kisi
	StillHas     int            `json:"still_has"`              // people who should have no access, and have some that is not ours to take
	Undecided    int            `json:"undecided"`              // people, rules and groups about which the last run could not decide
	Unsent       *Unsent        `json:"audit_unsent,omitempty"` // nil: the syslog server has the whole trail, or there is none
	Ends         []End          `json:"ends,omitempty"`         // certificates and secrets that end soon, the next first
	LogLost      uint64         `json:"log_lost,omitempty"`     // lines of the daemon's log that its syslog server will never see

	lastGood, lastGoodFull *shape.Run // that ended without an error
	losing                 bool       // lines of the log were lost lately
	at                     time.Time  // of which all of this is; ages are as of then
}

// Source is a source.
type Source struct {
	shape.Source
	Age      *int64 `json:"age_seconds"` // of what the last good read brought; null: there was none
	Stale    bool   `json:"stale"`       // older than stale_after: its people are left as they are
	Watching bool   `json:"watching"`
	Pushed   bool   `json:"pushed,omitempty"` // to it; the age is that of the last push
	// NotWatched is why a source that could tell of changes is not listened to; "" when there is nothing to say.
	NotWatched string `json:"not_watched,omitempty"`
	Next       string `json:"next"` // when it is read next; "" when nobody knows
}

// ManyRuns is how far back status looks for a full run: a week of one a minute.
const ManyRuns = 10_080

// New says how it is. It asks the daemon, if there is one, and the state file, and contacts nobody else.
func New(ctx context.Context, o Of) (d Document, err error) {
	policy := o.Settings.Policy()
	d = Document{Installation: policy.Installation, Mode: policy.Mode.String(), Sources: []Source{}}
	if err := d.askDaemon(ctx, o); err != nil {
		return d, err
	}
	if d.Paused, err = o.Store.Paused(ctx); err != nil {
		return d, err
	}
	circuit, err := o.Store.Circuit(ctx)
	if err != nil {
		return d, err
	}
	d.Kisi = newRest(circuit)
	if d.Unsent, err = newUnsent(ctx, o.Copy); err != nil {
		return d, err
	}
	statuses, err := o.Store.Statuses(ctx)
	if err != nil {
		return d, err
	}
	if err := d.runs(ctx, o.Store); err != nil {
		return d, err
	}
	if err := d.holds(ctx, o.Store); err != nil {
		return d, err
	}
	d.asOf(o, statuses)
	return d, nil
}

// askDaemon takes over what only the daemon knows.
func (d *Document) askDaemon(ctx context.Context, o Of) error {
	if o.Daemon == nil {
		return nil
	}
	s, err := o.Daemon.Status(ctx)
	if err != nil {
		return err
	}
	d.Daemon, d.Mode = &s, s.Mode
	if o.Daemon.Sender != nil {
		d.LogLost = o.Daemon.Sender.Lost()
	}
	return nil
}

// asOf notes the moment, after all else was read, and how old things are then.
func (d *Document) asOf(o Of, statuses []record.SourceStatus) {
	var calls pacer.Stats
	if o.Daemon != nil {
		calls = o.Daemon.Calls()
	}
	d.at = o.Now()
	d.Trial = NewTrial(calls.Trial, d.at)
	d.Unsent.asOf(d.at)
	d.Ends = EndsSoon(o.Settings, d.at)
	for _, source := range o.Settings.Sources {
		d.Sources = append(d.Sources, d.source(source, statuses))
	}
}

// runs looks back until a full run that succeeded, in larger and larger steps: a day has many runs, and most full ones are of last night.
func (d *Document) runs(ctx context.Context, st *store.Preview) error {
	for n := 32; ; n = min(n*8, ManyRuns) {
		runs, err := st.Runs(ctx, n)
		if err != nil {
			return err
		}
		d.lastRuns(runs)
		if d.lastGoodFull != nil || len(runs) < n || n == ManyRuns {
			return nil
		}
	}
}

func (d *Document) source(s config.Source, all []record.SourceStatus) Source {
	out := Source{Source: shape.Source{Name: s.Name}}
	_, out.Pushed = s.Config.(*scim.Settings)
	for _, status := range all {
		if status.Name != s.Name {
			continue
		}
		out.Source = shape.NewSource(status)
		if !status.At.IsZero() {
			seconds := int64(status.Age(d.at).Seconds())
			out.Age, out.Stale = &seconds, s.Outdated(status.Age(d.at))
		}
	}
	if d.Daemon == nil {
		return out
	}
	for _, health := range d.Daemon.Sources {
		if health.Name == s.Name {
			out.Watching, out.NotWatched = health.Watching, health.NotWatched
			if !health.Next.IsZero() {
				out.Next = health.Next.UTC().Format(time.RFC3339)
			}
		}
	}
	return out
}

// lastRuns finds the newest of each sort.
func (d *Document) lastRuns(runs []record.Run) {
	d.LastRun, d.LastFullRun, d.lastGood, d.lastGoodFull = nil, nil, nil, nil
	d.StillHas, d.Undecided = stillHave(runs), undecidedOf(runs)
	for i := range runs {
		r := &runs[i]
		if r.Ended.IsZero() {
			continue
		}
		row := shape.NewRun(r)
		note := func(to **shape.Run, is bool) bool {
			if *to != nil || !is {
				return false
			}
			*to = &row
			return true
		}
		note(&d.LastRun, true)
		note(&d.lastGood, r.Error == "")
		note(&d.LastFullRun, r.Full)
		if note(&d.lastGoodFull, r.Full && r.Error == "") {
			return
		}
	}
}

// stillHave counts who should have no access and has some, as the last run over everybody and those after it told; newest first.
func stillHave(runs []record.Run) int {
	who := map[string]bool{}
	for i := range runs {
		for _, p := range runs[i].Problems {
			if p.Kind == string(plan.StillHolds) || p.Kind == string(plan.Protected) {
				who[p.Who] = true
			}
		}
		if runs[i].Full && runs[i].Error == "" {
			break
		}
	}
	return len(who)
}

// undecidedOf counts the people, rules and groups that the last run which decided could not decide about; newest first. Every run decides
// about everybody, also one that looks at nobody.
func undecidedOf(runs []record.Run) (n int) {
	for i := range runs {
		if runs[i].Ended.IsZero() || runs[i].Error != "" {
			continue
		}
		for _, p := range runs[i].Problems {
			if p.Undecided {
				n += max(1, p.Count)
			}
		}
		break
	}
	return n
}

func (d *Document) holds(ctx context.Context, st *store.Preview) error {
	all, err := st.Holds(ctx)
	if err != nil {
		return err
	}
	var since access.Instant
	for i := range all {
		h := &all[i]
		if h.Reason.Kind == access.HeldByHand && h.Verdict == access.Waiting {
			continue // is drift, and waits for nobody
		}
		switch h.Verdict {
		case access.Waiting:
			d.Held++
			if since == 0 || h.Since < since {
				since = h.Since
			}
		case access.Approved:
			d.Approved++
		case access.Rejected:
			d.Rejected++
		case access.Parked:
			d.Parked++
		}
	}
	d.HeldSince = shape.Stamp(since)
	drift, err := st.Drift(ctx)
	if err != nil {
		return err
	}
	for i := range drift {
		if !drift[i].Accepted() {
			d.Drifted++
		}
	}
	open, err := st.Open(ctx)
	for i := range open {
		if !d.underWay(&open[i]) {
			d.Unsettled++
		}
	}
	return err
}

// underWay says that a call is being made now: the daemon that began it still runs, and has not found it without an outcome.
func (d *Document) underWay(i *access.Intent) bool {
	return d.Daemon != nil && i.Cut == 0 && i.Begun >= access.At(d.Daemon.Started)
}
