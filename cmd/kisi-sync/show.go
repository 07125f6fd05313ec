package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// tellSource says how a source was read.
func (s *session) tellSource(st record.SourceStatus) {
	switch {
	case st.Error != "":
		s.ui.tell("%s source %s could not be read: what is known of it stays (%s)", s.ui.red("✗"), st.Name, st.Error)
	case st.Doubts > 0:
		s.ui.tell("%s source %s: %s, %s; %d absences are not believed and take nothing away", s.ui.yellow("!"), st.Name,
			count(st.People, "person", "people"), count(st.Groups, "group", "groups"), st.Doubts)
		s.ui.tell("  hint: look at the directory; if they are really gone, run again with --accept %s", st.Name)
	default:
		s.ui.tell("%s source %s: %s, %s, %s (%s)", s.ui.green("✓"), st.Name, count(st.People, "person", "people"),
			count(st.Groups, "group", "groups"), count(st.Members, "membership", "memberships"), round(st.Took))
	}
}

func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

// count says a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// showPlan prints a plan in people and doors.
func (s *session) showPlan(o *engine.Outlook) {
	ui := s.ui
	var held bool
	for _, line := range o.Plan.Summary(o.Words) {
		if line.Hold != "" && !held {
			held = true
			ui.say("\n%s", ui.bold("Held, not done:"))
		}
		mark := ui.green("+")
		if held {
			mark = ui.yellow("‖")
		}
		ui.say("%s %s", mark, line.Text)
		if line.Hold != "" {
			ui.say("    %s", line.Hold)
		}
		if len(line.People) > 1 {
			ui.say("    %s", names(line.People))
		}
	}
	s.showProblems(o)
	s.showTotals(o)
}

// names lists people, not too many.
func names(people []string) string {
	const enough = 6
	if len(people) <= enough {
		return strings.Join(people, ", ")
	}
	return fmt.Sprintf("%s and %d more (--json lists all)", strings.Join(people[:enough-1], ", "), len(people)-enough+1)
}

// showProblems prints what could not be decided and what was noticed in Kisi.
func (s *session) showProblems(o *engine.Outlook) {
	if len(o.Conflicts) > 0 {
		s.ui.say("\n%s", s.ui.bold("Could not be decided (these people and rules are left as they are):"))
		printAlike(s.ui, o.Conflicts, func(c mapping.Conflict) (kind, who, text, hint string) { return c.Kind, c.Who, c.Text, c.Hint })
	}
	if len(o.Plan.Notes) > 0 {
		s.ui.say("\n%s", s.ui.bold("Noticed in Kisi (nothing is done about it):"))
		printAlike(s.ui, o.Plan.Notes, func(n plan.Note) (kind, who, text, hint string) { return string(n.Kind), n.Who, n.Text, "" })
	}
	for _, v := range o.Unsettled {
		s.ui.say("\n%s whether an earlier call (number %d) was carried out is not known yet; it is looked at again in the next run",
			s.ui.yellow("!"), v.Seq)
	}
}

// printAlike prints a list; of many of one kind only the first few.
func printAlike[T any](ui *voice, all []T, of func(T) (kind, who, text, hint string)) {
	const enough = 5
	seen, lastHint := map[string]int{}, ""
	for i, one := range all {
		kind, who, text, hint := of(one)
		seen[kind]++
		if seen[kind] <= enough {
			ui.say("! %s: %s", who, text)
			if hint != "" && hint != lastHint {
				ui.say("    hint: %s", hint)
			}
			lastHint = hint
		}
		last := i+1 == len(all)
		if !last {
			next, _, _, _ := of(all[i+1])
			last = next != kind
		}
		if last && seen[kind] > enough {
			ui.say("! and %d more of this kind (%s; --json lists all)", seen[kind]-enough, kind)
		}
	}
}

func (s *session) showTotals(o *engine.Outlook) {
	todo, held := o.Plan.Do(), o.Plan.Held()
	switch {
	case todo+held == 0:
		s.ui.say("\nNothing to do: Kisi is as it should be.")
	case todo == 0:
		s.ui.say("\nNothing to do now; %s held.", count(held, "step is", "steps are"))
	default:
		text := fmt.Sprintf("\n%s, %s to Kisi, about %s.", count(todo, "step", "steps"),
			count(o.Plan.Calls(), "call", "calls"), s.estimate(o.Plan))
		if held > 0 {
			text += fmt.Sprintf(" %s held.", count(held, "step is", "steps are"))
		}
		s.ui.say("%s", text)
	}
}

// estimate says how long a plan takes at the configured rate.
func (s *session) estimate(p *plan.Plan) string {
	d := time.Duration(float64(p.Calls()) / s.settings.Kisi.Rate * float64(time.Second))
	switch {
	case d < time.Second:
		return "a second"
	case d < 2*time.Minute:
		return count(int(d.Round(time.Second).Seconds()), "second", "seconds")
	}
	return count(int(d.Round(time.Minute).Minutes()), "minute", "minutes")
}
