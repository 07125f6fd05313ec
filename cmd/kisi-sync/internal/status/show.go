package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Teller tells people how it is. Both fields are required.
type Teller struct {
	UI   *voice.Voice
	Zone *time.Location // of the times
}

// Screen prints a status on one screen: what needs somebody stands out.
func (t *Teller) Screen(d *Document) {
	ui := t.UI
	ui.Say("%s  mode: %s%s", ui.Bold(d.Installation), d.Mode, meansOf(d.Mode))
	t.showDaemon(d.Daemon)
	if p := d.Paused; p != nil {
		ui.Say("%s nothing is carried out since %s (%s: %s); kisi-sync resume ends it", ui.Yellow("PAUSED"), t.at(p.Since), p.By, p.Why)
	}
	t.showRest(d.Kisi)
	for i := range d.Ends {
		ui.Say("%s %s", ui.Yellow("!"), d.Ends[i].Words(t.Zone))
	}
	if d.Trial != nil {
		ui.Say("%s %s; it is tried for some minutes", ui.Yellow("!"), d.Trial.Words())
	}
	ui.Say("\n%s", ui.Bold("Sources"))
	for _, source := range d.Sources {
		t.showSourceStatus(source)
	}
	ui.Say("\n%s", ui.Bold("Runs"))
	if d.Daemon != nil {
		t.showUnderWay(d.Daemon.UnderWay, d.at)
	}
	t.showLast("last", d.LastRun)
	if d.LastFullRun != nil && d.LastRun.Run != d.LastFullRun.Run {
		t.showLast("full", d.LastFullRun)
	}
	if d.Daemon != nil {
		t.showNextRuns(d.Daemon)
	}
	t.showWaiting(d)
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
func (t *Teller) at(m time.Time) string {
	return m.In(t.Zone).Format("2006-01-02 15:04 MST")
}

// showRest says that Kisi is left alone, since when, why, and when it is tried next.
func (t *Teller) showRest(r *Rest) {
	if r == nil {
		return
	}
	t.UI.Say("%s Kisi has not worked since %s (%s ended with it, the last: %s)", t.UI.Red("✗"), voice.Moment(r.Since, t.Zone), voice.Count(r.Runs, "run", "runs in a row"), exit.OneLine(r.Why))
	t.UI.Say("  it is left alone until %s, but for who must lose everything at once; kisi-sync check asks now", voice.Moment(r.Next, t.Zone))
}

func (t *Teller) showDaemon(d *record.Status) {
	if d == nil {
		t.UI.Say("no daemon is running; this is what the state file says")
		return
	}
	t.UI.Say("daemon %s, running since %s", d.Version, t.at(d.Started))
	if d.Refused != "" {
		t.UI.Say("%s the changed file is not in use: %s", t.UI.Red("✗"), exit.OneLine(d.Refused))
	}
	if d.Failing != "" {
		t.UI.Say("%s the last %s failed: %s", t.UI.Red("✗"), voice.Count(d.Failures, "run", "runs"), exit.OneLine(d.Failing))
	}
	if d.LeaversWait {
		t.UI.Say("%s somebody must lose access at once, and has not yet", t.UI.Yellow("!"))
	}
}

func (t *Teller) showSourceStatus(d Source) {
	ui := t.UI
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
		notes = append(notes, voice.Doubts(d.Doubts, d.Doubt)+": kisi-sync accept "+d.Name)
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

func (t *Teller) showUnderWay(u *record.UnderWay, at time.Time) {
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
	t.UI.Say("%s; %s, began %s ago", text, voice.Asked(u.Asked), voice.Roughly(at.Sub(u.Began)))
}

func (t *Teller) showLast(word string, r *shape.Run) {
	if r == nil {
		t.UI.Say("  %s  none yet", word)
		return
	}
	t.UI.Say("  %s  %s", word, t.RunLine(r))
}

func (t *Teller) showNextRuns(d *record.Status) {
	for _, next := range []struct {
		word string
		at   time.Time
	}{{"changes", d.NextChanges}, {"everything", d.NextFull}, {"what falls due by itself", d.NextDue}} {
		if !next.at.IsZero() {
			t.UI.Say("  next  %s: %s", next.word, t.at(next.at))
		}
	}
}

func (t *Teller) showWaiting(d *Document) {
	ui := t.UI
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
	unsent, unsentText := d.Unsent.shown(t.Zone)
	for _, l := range []line{
		{d.StillHas, "should have no access, and still has: kisi-sync plan says who"},
		{doubted, "not believed in part, as the sources above say: kisi-sync accept SOURCE shows what is missing"},
		{d.Undecided, "cannot be decided, and what is there stays: kisi-sync plan says which people, rules or groups"},
		{d.Held, "held for somebody to decide, since " + voice.Moment(d.HeldSince, t.Zone) + ": kisi-sync plans"},
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
func (u *Unsent) shown(zone *time.Location) (lines int, text string) {
	const noNews = 5 * time.Second
	if !u.older(noNews) {
		return 0, ""
	}
	return int(u.Lines), "lines of the audit trail not sent yet to " + u.To + ", since " + voice.Moment(u.Since, zone) + "; tried again by itself, and nothing is lost"
}

// RunLine says a run in a line.
func (t *Teller) RunLine(r *shape.Run) string {
	kind := "changes"
	if r.Full {
		kind = "everything"
	}
	parts := []string{t.at(r.Began), kind, voice.Asked(r.Asked), r.Steps.Words()}
	if r.Calls > 0 {
		parts = append(parts, voice.Count(r.Calls, "call", "calls"))
	}
	switch {
	case r.Error != "":
		parts = append(parts, t.UI.Red("ended early: ")+exit.OneLine(r.Error))
	case r.Ended == nil:
		parts = append(parts, t.UI.Yellow("under way, or killed"))
	case r.Cut:
		parts = append(parts, "cut short for something urgent")
	}
	return strings.Join(parts, ", ")
}
