package status

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/internal/notify"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// Telling has people told what needs them, as the file says that the daemon goes by. Its exported fields are required.
type Telling struct {
	Of     func() Of     // how it is now
	Memory notify.Memory // of what was told, over restarts
	Book   *metrics.Book // counts what was sent
	Log    *slog.Logger

	http *http.Client
	beat time.Time // of the last heartbeat
	lost uint64    // lines of the log, so far
	at   time.Time // when some were lost last
}

// often enough for people, and seldom enough for the disk.
const tellEvery = 15 * time.Second

// Run tells until ctx ends. That somebody could not be told is logged, and tried again.
func (t *Telling) Run(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := t.once(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil && err.Error() != failing:
			failing = err.Error()
			t.Log.Warn("somebody could not be told; it is tried again", "err", err)
		case err == nil && failing != "":
			failing = ""
			t.Log.Info("everybody could be told again")
		}
	}
}

func (t *Telling) once(ctx context.Context) error {
	if t.http == nil {
		t.http = notify.NewHTTP()
	}
	o := t.Of()
	settings := o.Settings
	n, ways := settings.Notify(), t.ways(settings)
	if len(ways) == 0 && n.Heartbeat == nil {
		return nil
	}
	d, err := New(ctx, o)
	if err != nil {
		return err
	}
	d.losing = t.losing(d.LogLost, d.at)
	teller := notify.New(notify.Options{Installation: d.Installation, Ways: ways, About: n.About, Again: n.Again,
		Memory: t.Memory, Now: o.Now, Sent: t.sent})
	return exit.Also(t.heartbeat(ctx, o, &d), teller.Tell(ctx, factsOf(settings, &d)), t.summary(ctx, teller, o))
}

// losing says that lines of the log were lost within the last hour. The count never falls, and must not be told of for ever.
func (t *Telling) losing(lost uint64, now time.Time) bool {
	if lost > t.lost {
		t.lost, t.at = lost, now
	}
	return !t.at.IsZero() && now.Sub(t.at) < time.Hour
}

func (t *Telling) sent(way string, err error) {
	outcome := "sent"
	if err != nil {
		outcome = "failed"
	}
	t.Book.Add(metrics.NotificationsSent, 1, way, outcome)
}

// resolving reads a secret anew each time it is needed.
func resolving(settings *config.Settings, ref secret.Ref) func() (secret.String, error) {
	return func() (secret.String, error) { return ref.Resolve(settings.Secrets()) }
}

func (t *Telling) ways(settings *config.Settings) (ways []notify.Way) {
	n := settings.Notify()
	if m := n.Mail; m != nil {
		ways = append(ways, &notify.Mail{Server: m.Server, Security: m.Security, User: m.User, Password: resolving(settings, m.Password), From: m.From, To: m.To, CA: m.CA})
	}
	if c := n.Chat; c != nil {
		ways = append(ways, &notify.Chat{URL: resolving(settings, c.URL), HTTP: t.http, CA: c.CA})
	}
	if w := n.Webhook; w != nil {
		ways = append(ways, &notify.Webhook{URL: w.URL, Secret: resolving(settings, w.Secret), HTTP: t.http, CA: w.CA})
	}
	return ways
}

// heartbeat says that all is well, as long as it is: the daemon's loop goes round, its runs do not fail, and Kisi answers.
func (t *Telling) heartbeat(ctx context.Context, o Of, d *Document) error {
	b := o.Settings.Notify().Heartbeat
	if b == nil || o.Now().Sub(t.beat) < b.Every || d.Daemon == nil || d.Daemon.Failures > 0 || d.Trial.Stuck() {
		return nil
	}
	err := (&notify.Heartbeat{URL: resolving(o.Settings, b.URL), HTTP: t.http, CA: b.CA}).Beat(ctx)
	t.sent("heartbeat", err)
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	t.beat = o.Now()
	return nil
}

// summary tells of the day that ended at the time that the file names, if anything was done in it.
func (t *Telling) summary(ctx context.Context, teller *notify.Teller, o Of) error {
	at := o.Now().In(o.Settings.Schedule.Zone)
	year, month, date := at.Date()
	end := time.Date(year, month, date, 0, 0, 0, 0, at.Location()).Add(o.Settings.Notify().SummaryAt)
	if at.Before(end) {
		return nil
	}
	return teller.Summary(ctx, end.Format(time.DateOnly), func() (string, error) {
		runs, err := o.Store.Runs(ctx, ManyRuns/3) // more than two days of one a minute
		return daySummary(runs, end.AddDate(0, 0, -1), end), err
	})
}
