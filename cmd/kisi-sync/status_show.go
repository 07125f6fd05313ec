package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// showStatus prints a status on one screen: what needs somebody stands out.
func (s *session) showStatus(d statusDocument) {
	ui := s.ui
	ui.Say("%s  mode: %s%s", ui.Bold(d.Installation), d.Mode, meansOf(d.Mode))
	s.showDaemon(d.Daemon)
	if p := d.Paused; p != nil {
		ui.Say("%s nothing is carried out since %s (%s: %s); kisi-sync resume ends it", ui.Yellow("PAUSED"), s.at(p.Since), p.By, p.Why)
	}
	s.showRest(d.Kisi)
	for i := range d.Ends {
		ui.Say("%s %s", ui.Yellow("!"), d.Ends[i].words(s.settings.Schedule.Zone))
	}
	if d.Trial != nil {
		ui.Say("%s %s; it is tried for some minutes", ui.Yellow("!"), d.Trial.words())
	}
	ui.Say("\n%s", ui.Bold("Sources"))
	for _, source := range d.Sources {
		s.showSourceStatus(source)
	}
	ui.Say("\n%s", ui.Bold("Runs"))
	if d.Daemon != nil {
		s.showUnderWay(d.Daemon.UnderWay)
	}
	s.showLast("last", d.LastRun)
	if d.LastFullRun != nil && d.LastRun.Run != d.LastFullRun.Run {
		s.showLast("full", d.LastFullRun)
	}
	if d.Daemon != nil {
		s.showNextRuns(d.Daemon)
	}
	s.showWaiting(d)
}

// meansOf says what a mode leaves out, so that a quiet screen is not taken for an organization in step.
func meansOf(mode string) string {
	switch mode {
	case "observe":
		return " – nothing is written; kisi-sync plan says what mode: full would do"
	case "add_only":
		return " – nothing is taken from anybody; kisi-sync plan says who still holds what"
	}
	return ""
}

// at says a moment in the zone of the file.
func (s *session) at(t time.Time) string {
	return t.In(s.settings.Schedule.Zone).Format("2006-01-02 15:04 MST")
}

// showRest says that Kisi is left alone, since when, why, and when it is tried next.
func (s *session) showRest(r *statusRest) {
	if r == nil {
		return
	}
	s.ui.Say("%s Kisi has not worked since %s (%s ended with it, the last: %s)", s.ui.Red("✗"), s.moment(r.Since), voice.Count(r.Runs, "run", "runs in a row"), exit.OneLine(r.Why))
	s.ui.Say("  it is left alone until %s, but for who must lose everything at once; kisi-sync check asks now", s.moment(r.Next))
}

func (s *session) showDaemon(d *record.Status) {
	if d == nil {
		s.ui.Say("no daemon is running; this is what the state file says")
		return
	}
	s.ui.Say("daemon %s, running since %s", d.Version, s.at(d.Started))
	if d.Refused != "" {
		s.ui.Say("%s the changed file is not in use: %s", s.ui.Red("✗"), exit.OneLine(d.Refused))
	}
	if d.Failing != "" {
		s.ui.Say("%s the last %s failed: %s", s.ui.Red("✗"), voice.Count(d.Failures, "run", "runs"), exit.OneLine(d.Failing))
	}
	if d.LeaversWait {
		s.ui.Say("%s somebody must lose access at once, and has not yet", s.ui.Yellow("!"))
	}
}

func (s *session) showSourceStatus(d statusSource) {
	ui := s.ui
	if d.Age == nil {
		ui.Say("  %s %s  never read%s", ui.Red("✗"), d.Name, becauseOf(d.Error))
		return
	}
	mark, notes := ui.Green("✓"), []string{}
	if d.Watching {
		notes = append(notes, "tells of changes by itself")
	}
	if d.NotWatched != "" && d.Error == "" { // one that is down is told of once
		mark = ui.Yellow("!")
		notes = append(notes, "asked on schedule, as it cannot be watched: "+exit.OneLine(d.NotWatched))
	}
	if len(d.Remarks) > 0 {
		mark = ui.Yellow("!")
		for _, remark := range d.Remarks {
			notes = append(notes, exit.OneLine(remark))
		}
	}
	if d.Doubts > 0 {
		mark = ui.Yellow("!")
		notes = append(notes, doubtWords(d.Doubts, d.Doubt)+": kisi-sync accept "+d.Name)
	}
	if d.Stale {
		mark = ui.Red("✗")
		notes = append(notes, "too old: its people are left as they are")
	}
	if d.Error != "" {
		mark = ui.Red("✗")
		notes = append(notes, "not read since: "+exit.OneLine(d.Error))
	}
	if d.Gathering {
		mark = ui.Yellow("!")
		notes = append(notes, "what is missing decides nothing until kisi-sync accept "+d.Name)
	}
	read := "read"
	switch {
	case d.Pushed && d.AsOf != "":
		read = "last push"
	case d.AsOf != "":
		read = "of"
	}
	text := fmt.Sprintf("  %s %s  %s %s ago: %s, %s", mark, d.Name, read, voice.Roughly(time.Duration(*d.Age)*time.Second),
		voice.Count(d.People, "person", "people"), voice.Count(d.Groups, "group", "groups"))
	if len(notes) > 0 {
		text += "; " + strings.Join(notes, "; ")
	}
	ui.Say("%s", text)
}

func becauseOf(text string) string {
	if text == "" {
		return ""
	}
	return ": " + exit.OneLine(text)
}

func (s *session) showUnderWay(u *record.UnderWay) {
	if u == nil {
		return
	}
	text := "  now   " + u.Doing
	if u.Todo > 0 {
		text += fmt.Sprintf(" (%d of %s)", u.Tried, voice.Count(u.Todo, "step", "steps"))
	}
	if u.Left > 0 {
		text += ", about " + voice.Roughly(time.Duration(u.Left)*time.Second) + " left"
	}
	s.ui.Say("%s; %s, began %s ago", text, askedWords(u.Asked), voice.Roughly(now().Sub(u.Began)))
}

func (s *session) showLast(word string, r *runRow) {
	if r == nil {
		s.ui.Say("  %s  none yet", word)
		return
	}
	s.ui.Say("  %s  %s", word, s.runLine(r))
}

func (s *session) showNextRuns(d *record.Status) {
	for _, next := range []struct {
		word string
		at   time.Time
	}{{"changes", d.NextChanges}, {"everything", d.NextFull}, {"what falls due by itself", d.NextDue}} {
		if !next.at.IsZero() {
			s.ui.Say("  next  %s: %s", next.word, s.at(next.at))
		}
	}
}

func (s *session) showWaiting(d statusDocument) {
	ui := s.ui
	type line struct {
		n    int
		text string
	}
	var some []line
	doubted := 0
	for i := range d.Sources {
		if d.Sources[i].Doubts > 0 {
			doubted++
		}
	}
	unsent, unsentText := d.Unsent.shown(s)
	for _, l := range []line{
		{d.StillHas, "should have no access, and still has: kisi-sync plan says who"},
		{doubted, "not believed in part, as the sources above say: kisi-sync accept SOURCE shows what is missing"},
		{d.Undecided, "cannot be decided, and what is there stays: kisi-sync plan says which people, rules or groups"},
		{d.Held, "held for somebody to decide, since " + s.moment(d.HeldSince) + ": kisi-sync plans"},
		{d.Approved, "approved; the next run does it"},
		{d.Rejected, "rejected"},
		{d.Parked, "parked: Kisi refused it, and it is tried again by itself"},
		{d.Unsettled, "sent without a clear answer; it is looked at again"},
		{d.Drifted, "altered by hand in Kisi, and left so: kisi-sync drift"},
		{unsent, unsentText},
		{int(d.LogLost), "lines of the log lost, as its syslog server was away or slow"},
	} {
		if l.n > 0 {
			some = append(some, l)
		}
	}
	if len(some) == 0 {
		ui.Say("\nNothing waits for anybody.")
		return
	}
	ui.Say("\n%s", ui.Bold("Waiting"))
	for _, l := range some {
		ui.Say("  %s %d %s", ui.Yellow("‖"), l.n, l.text)
	}
}

// shown returns what is shown of it: that the last line was written a moment ago is no news.
func (u *statusUnsent) shown(s *session) (lines int, text string) {
	const noNews = 5 * time.Second
	if !u.older(noNews) {
		return 0, ""
	}
	return int(u.Lines), "lines of the audit trail not sent yet to " + u.To + ", since " + s.moment(u.Since) + "; tried again by itself, and nothing is lost"
}
