package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/internal/notify"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// telling has people told what needs them, as the file says that the daemon goes by.
type telling struct {
	host *host
	log  *slog.Logger
	http *http.Client
	beat time.Time // of the last heartbeat
	lost uint64    // lines of the log, so far
	at   time.Time // when some were lost last
}

// often enough for people, and seldom enough for the disk.
const tellEvery = 15 * time.Second

// tell tells until ctx ends. That somebody could not be told is logged, and tried again.
func (h *host) tell(ctx context.Context, log *slog.Logger) {
	t := &telling{host: h, log: log, http: notify.NewHTTP()}
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
			log.Warn("somebody could not be told; it is tried again", "err", err)
		case err == nil && failing != "":
			failing = ""
			log.Info("everybody could be told again")
		}
	}
}

func (t *telling) once(ctx context.Context) error {
	settings := t.host.daemon().settings
	n, ways := settings.Notify(), t.ways(settings)
	if len(ways) == 0 && n.Heartbeat == nil {
		return nil
	}
	d, err := newStatus(ctx, t.host, settings, t.host.store.Preview())
	if err != nil {
		return err
	}
	d.losing = t.losing(d.LogLost)
	teller := notify.New(notify.Options{Installation: d.Installation, Ways: ways, About: n.About, Again: n.Again,
		Memory: t.host.store.Documents("(notify)"), Now: now, Sent: t.sent})
	return exit.Also(t.heartbeat(ctx, settings, &d), teller.Tell(ctx, factsOf(settings, &d)), t.summary(ctx, teller, settings))
}

// losing says that lines of the log were lost within the last hour. The count never falls, and must not be told of for ever.
func (t *telling) losing(lost uint64) bool {
	if lost > t.lost {
		t.lost, t.at = lost, now()
	}
	return !t.at.IsZero() && now().Sub(t.at) < time.Hour
}

func (t *telling) sent(way string, err error) {
	outcome := "sent"
	if err != nil {
		outcome = "failed"
	}
	t.host.book.Add(metrics.NotificationsSent, 1, way, outcome)
}

// resolving reads a secret anew each time it is needed.
func resolving(settings *config.Settings, ref secret.Ref) func() (secret.String, error) {
	return func() (secret.String, error) { return ref.Resolve(settings.Secrets()) }
}

func (t *telling) ways(settings *config.Settings) (ways []notify.Way) {
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
func (t *telling) heartbeat(ctx context.Context, settings *config.Settings, d *statusDocument) error {
	b := settings.Notify().Heartbeat
	if b == nil || now().Sub(t.beat) < b.Every || d.Daemon == nil || d.Daemon.Failures > 0 || d.Trial.stuck() {
		return nil
	}
	err := (&notify.Heartbeat{URL: resolving(settings, b.URL), HTTP: t.http, CA: b.CA}).Beat(ctx)
	t.sent("heartbeat", err)
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	t.beat = now()
	return nil
}

// factsOf returns what needs somebody now. Texts hold no ages and name no people: as long as a text is the same, it is told once.
func factsOf(settings *config.Settings, d *statusDocument) (all []notify.Fact) {
	note := func(topic, about, text, hint string) {
		all = append(all, notify.Fact{Topic: topic, About: about, Text: exit.OneLine(text), Hint: hint})
	}
	if d.Held > 0 {
		note("held", "held steps", voice.Count(d.Held, "step waits", "steps wait")+" for somebody to decide", "kisi-sync plans shows them")
	}
	if d.Parked > 0 {
		note("parked", "parked steps", "Kisi refuses "+voice.Count(d.Parked, "step", "steps")+"; tried again by itself", "kisi-sync audit show says why")
	}
	if p := d.Paused; p != nil {
		note("degraded", "pause", "nothing is carried out ("+p.By+": "+p.Why+"), not even for leavers", "kisi-sync resume ends it")
	}
	if u := d.Unsent; u.older(10 * time.Minute) {
		note("degraded", "audit trail", "lines of it wait for "+u.To, "the log of kisi-sync says why; nothing is lost, and all of it is sent when the server is back")
	}
	if d.losing {
		note("degraded", "log", "lines of it are lost, as its syslog server is away or slow", "the log on the machine itself has them; kisi-sync status says how many")
	}
	if d.StillHas > 0 {
		note("degraded", "people who have left", voice.Count(d.StillHas, "person", "people")+" should have no access and still have some that is not ours to take",
			"kisi-sync plan says who; kisi-sync adopt makes them ours, or take it in Kisi by hand")
	}
	const silent = 2 * time.Minute
	if d.Trial.age() > silent {
		note("degraded", "Kisi", "does not answer", "kisi-sync status says since when, and what came last; it is tried on")
	}
	for i := range d.Sources {
		sourceFacts(&d.Sources[i], note)
	}
	if s := d.Daemon; s != nil && s.Failing != "" && s.Failures > 1 {
		note(failureTopic(s.Failing), "runs", "the last runs failed: "+s.Failing, "kisi-sync status says how it goes on")
	}
	if s := d.Daemon; s != nil && s.Refused != "" {
		note("degraded", "configuration", "the changed file is not in use: "+s.Refused, "the one before is; mend the file and run kisi-sync reload")
	}
	for what, end := range expiries(settings) {
		if left := end.Sub(now()); left < 30*24*time.Hour {
			note("expiry", what, fmt.Sprintf("ends on %s, in less than %s", end.UTC().Format(time.DateOnly), soonWords(left)), endHint(settings, what)+"; no restart is needed")
		}
	}
	return all
}

func sourceFacts(s *statusSource, note func(topic, about, text, hint string)) {
	about := "source " + s.Name
	if s.Error != "" {
		note(failureTopic(s.Error), about, "cannot be read: "+s.Error, exit.Stays)
	}
	if s.Doubts > 0 {
		note("degraded", about+", what is missing", doubtWords(s.Doubts, s.Doubt)+", and nothing is taken away for it",
			"look at the directory; if they are really gone: kisi-sync accept "+s.Name)
	}
	if s.Behind != "" {
		note("degraded", about+", which is behind", "only leavers are believed: "+s.Behind,
			"see why it is not told (repadmin /showrepl); if it will not be told any more: kisi-sync accept "+s.Name)
	}
	if s.Stale {
		note("degraded", about+", its age", "was not read whole for too long: its people are left exactly as they are", "kisi-sync check says what is wrong with it")
	}
}

// failureTopic sorts failures of credentials out, by the words that connectors, Kisi and files of secrets use for them.
func failureTopic(text string) string {
	for _, word := range []string{"API key", "credential", "Credential", "password", "login", "secret", "401", "permission"} {
		if strings.Contains(text, word) {
			return "credentials"
		}
	}
	return "degraded"
}

// soonWords says how near an end is, in steps: as long as the step is the same it is told once.
func soonWords(left time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case left < 0:
		return "no time: it has ended"
	case left < day:
		return "a day"
	case left < 7*day:
		return "7 days"
	}
	return "30 days"
}

// summary tells of the day that ended at the time that the file names, if anything was done in it.
func (t *telling) summary(ctx context.Context, teller *notify.Teller, settings *config.Settings) error {
	at := now().In(settings.Schedule.Zone)
	year, month, date := at.Date()
	end := time.Date(year, month, date, 0, 0, 0, 0, at.Location()).Add(settings.Notify().SummaryAt)
	if at.Before(end) {
		return nil
	}
	return teller.Summary(ctx, end.Format(time.DateOnly), func() (string, error) {
		runs, err := t.host.store.Runs(ctx, manyRuns/3) // more than two days of one a minute
		return daySummary(runs, end.AddDate(0, 0, -1), end), err
	})
}

// daySummary says what runs did within a day; "" when they changed nothing.
func daySummary(runs []record.Run, from, to time.Time) string {
	var sum record.Steps
	n, failed, calls := 0, 0, 0
	for i := range runs {
		r := &runs[i]
		if r.Ended.IsZero() || r.Ended.Before(from) || !r.Ended.Before(to) {
			continue
		}
		n++
		calls += r.Calls
		if r.Error != "" {
			failed++
		}
		sum.Done += r.Steps.Done
		sum.Refused += r.Steps.Refused
		sum.Unknown += r.Steps.Unknown
	}
	if sum.Done+sum.Refused+sum.Unknown == 0 {
		return ""
	}
	text := fmt.Sprintf("%s, %s to Kisi: %s.\n", voice.Count(n, "run", "runs"), voice.Count(calls, "call", "calls"), stepsWords(shape.Steps(sum)))
	if failed > 0 {
		text += voice.Count(failed, "run", "runs") + " ended early.\n"
	}
	return text + "kisi-sync runs lists them; kisi-sync audit show has a line for each call.\n"
}
