package daemon

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// Issue 4: a month with two sources; people who come and go every day, who vanish and return; outages of each part: both sources, Kisi, the
// line to it, its key, and the daemon; reloads, restarts, a pause, and the night in which clocks go forward. At the end everybody holds
// exactly what the rules say, and each call that changed something has its cause.
func TestAMonthEndsAsTheRulesSayWhateverHappenedInIt(t *testing.T) {
	names := people(24)
	inWorld(t, func(t *testing.T, w *world) {
		first := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
		w.skew.Store(int64(time.Until(first)))
		w.changes, w.full = "@every 1h", "CRON_TZ=Europe/Berlin 30 2 * * *"
		w.guests = newCompany("gast", "guste")
		w.start()
		m := &month{w: w, dice: rand.New(rand.NewPCG(2026, 3))}
		for day := range 31 {
			m.outage(day)
			m.daily()
			for range 4 {
				m.something()
				w.pass(6 * time.Hour)
			}
		}
		w.pass(50 * time.Hour) // graces end
		m.check()
		m.nobodyElse()
		m.nights(first)
		m.causes()
	}, names...)
}

// month is what happens.
type month struct {
	w       *world
	dice    *rand.Rand
	joined  int
	left    int
	removed []string
}

// daily is what happens every day: somebody begins, and somebody leaves.
func (m *month) daily() {
	c := []*company{m.w.company, m.w.guests}[m.joined%2]
	m.joined++
	c.join(fmt.Sprintf("new%03d", m.joined))
	m.left++
	c.disable(c.anybody(m.dice))
}

// anybody is one of those who are active.
func (c *company) anybody(dice *rand.Rand) string {
	active := slices.DeleteFunc(slices.Sorted(maps.Keys(c.people)), func(who string) bool { return !c.people[who] })
	return active[dice.IntN(len(active))]
}

// something changes a few people of one of the sources.
func (m *month) something() {
	c := m.w.company
	if m.dice.IntN(3) == 0 {
		c = m.w.guests
	}
	switch all := slices.Sorted(maps.Keys(c.people)); m.dice.IntN(5) {
	case 0, 1:
		m.joined++
		c.join(fmt.Sprintf("new%03d", m.joined))
	case 2:
		c.disable(all[m.dice.IntN(len(all))])
	case 3:
		c.join(all[m.dice.IntN(len(all))]) // perhaps returns
	case 4:
		if len(all) > 2 {
			m.removed = append(m.removed, all[0])
			c.remove(all[0])
		}
	}
}

// outage is what goes wrong on a day, for some hours.
func (m *month) outage(day int) {
	w, down := m.w, errors.New("the line is cut")
	switch day {
	case 3:
		w.company.breaks(down)
	case 5:
		w.company.breaks(nil)
	case 6:
		ill := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(503)})
		time.AfterFunc(20*time.Hour, ill.Remove)
	case 8:
		w.kisi.Inject(kisisim.Fault{Method: "POST", Do: kisisim.CutAfter()})
		w.kisi.Inject(kisisim.Fault{Method: "PATCH", Do: kisisim.CutAfter()})
	case 9, 21:
		if err := w.daemon.Reload(w.t.Context(), "mia"); err != nil {
			w.t.Error(err)
		}
	case 11:
		w.end()
		w.start()
	case 13:
		if err := w.daemon.Pause(w.t.Context(), record.Said{By: "lea"}); err != nil {
			w.t.Error(err)
		}
	case 15:
		if err := w.daemon.Resume(w.t.Context(), record.Said{By: "lea"}); err != nil {
			w.t.Error(err)
		}
	case 17:
		w.guests.breaks(down)
	case 20:
		w.guests.breaks(nil)
	case 24:
		w.end()
		if err := w.store.Close(); err != nil {
			w.t.Fatal(err)
		}
		w.pass(30 * time.Hour)
		w.open()
		w.start()
	case 26:
		wrong := "a key that somebody withdrew"
		w.key.Store(&wrong)
		time.AfterFunc(20*time.Hour, func() { w.key.Store(&w.kisi.Key) })
	}
}

// check holds Kisi against the directories.
func (m *month) check() {
	for _, c := range []*company{m.w.company, m.w.guests} {
		for who, active := range c.people {
			m.w.expect(who, active)
		}
	}
	gone := 0
	for _, who := range m.removed {
		_, here := m.w.company.people[who]
		if _, there := m.w.guests.people[who]; !here && !there {
			m.w.expect(who, false)
			gone++
		}
	}
	if m.joined < 10 || gone < 3 {
		m.w.t.Errorf("little happened: %d joined, %d vanished", m.joined, gone)
	}
}

// nights makes sure that the night of 29 March 2026, which has no half past two in Berlin, has its one full run.
func (m *month) nights(first time.Time) {
	full := map[string]int{}
	for _, r := range m.w.runs() {
		if r.Full && r.Asked == onSchedule && r.Error == "" {
			full[r.Began.UTC().Format("01-02 15:04")]++
		}
	}
	for _, night := range []string{"03-28 01:30", "03-29 01:00", "03-30 00:30"} {
		if full[night] != 1 {
			m.w.t.Errorf("full run of %s: %d; all since %s: %v", night, full[night], first.Format(time.DateOnly), full)
		}
	}
}

// nobodyElse holds Kisi against the directories: nobody opens Staff whom neither of them has as active.
func (m *month) nobodyElse() {
	for _, u := range m.w.kisi.World().Users {
		who, ours := strings.CutSuffix(u.Email, "@nordlicht.example")
		if ours && u.Access && u.Holds("Staff") && !m.w.company.people[who] && !m.w.guests.people[who] {
			m.w.t.Errorf("%s opens Staff, and no directory has anybody active of that name", u.Email)
		}
	}
}

// causes holds the calls of the month against the trail, and lists them: those that changed something by their cause, those that looked by
// who asked for the run.
func (m *month) causes() {
	w, causes, done, sent, cut := m.w, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	template := map[string]string{"create group": "POST /groups", "create user": "POST /users", "give access": "POST /role_assignments",
		"suspend user": "PATCH /users/{id}", "restore user": "PATCH /users/{id}"}
	err := w.store.EachAudit(w.t.Context(), record.AuditFilter{}, func(e *record.Entry) error {
		if call, made := template[e.Kind]; made && e.Outcome == "done" {
			causes[e.Kind+", by cause: "+e.Cause]++
			done[call]++
		}
		if e.Run > 0 && e.Cause == "" {
			w.t.Errorf("line %d, %s, has no cause", e.Number, e.What)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range w.runs() {
		causes[fmt.Sprintf("looking and doing, in runs by cause: %s", r.Asked)] += r.Calls
	}
	for _, r := range w.kisi.Requests() {
		switch call := r.Method + " " + r.Template; {
		case r.Method == "GET":
		case r.Status == 0:
			cut[call]++
		case r.Status < 300:
			sent[call]++
		}
	}
	for call := range sent { // what was cut was done or not: then it was done again, or nobody has to
		if done[call] < sent[call] || done[call] > sent[call]+cut[call] {
			w.t.Errorf("%s: the trail has %d, Kisi %d, and %d were cut", call, done[call], sent[call], cut[call])
		}
	}
	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		w.t.Logf("%6d calls: %s", causes[cause], cause)
	}
	w.t.Logf("%6d runs, %d joined, %d left, %d vanished", len(w.runs()), m.joined, m.left, len(m.removed))
}
