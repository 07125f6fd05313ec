package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/notify"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// factsOf returns what needs somebody now. Texts hold no ages and name no people: as long as a text is the same, it is told once.
func factsOf(settings *config.Settings, d *Document) (all []notify.Fact) {
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
		if left := end.Sub(d.at); left < soon {
			note("expiry", what, fmt.Sprintf("ends on %s, in less than %s", end.UTC().Format(time.DateOnly), soonWords(left)), EndHint(settings, what)+"; no restart is needed")
		}
	}
	return all
}

func sourceFacts(s *Source, note func(topic, about, text, hint string)) {
	about := "source " + s.Name
	if s.Error != "" {
		note(failureTopic(s.Error), about, "cannot be read: "+s.Error, exit.Stays)
	}
	if s.Doubts > 0 {
		note("degraded", about+", what is missing", voice.Doubts(s.Doubts, s.Doubt)+", and nothing is taken away for it",
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
	text := fmt.Sprintf("%s, %s to Kisi: %s.\n", voice.Count(n, "run", "runs"), voice.Count(calls, "call", "calls"), shape.Steps(sum).Words())
	if failed > 0 {
		text += voice.Count(failed, "run", "runs") + " ended early.\n"
	}
	return text + "kisi-sync runs lists them; kisi-sync audit show has a line for each call.\n"
}
