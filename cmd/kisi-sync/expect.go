package main

import (
	"fmt"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// tested is an expectation of the file with what came of it.
type tested struct {
	config.Expectation
	mapping.Tested
}

// test runs the tests that the file brings along, against what was read.
func (s *session) test(o *engine.Outlook) []tested {
	all := make([]mapping.Expectation, len(s.settings.Expect))
	for i, e := range s.settings.Expect {
		all[i] = e.Expectation
	}
	out := make([]tested, len(all))
	for i, came := range s.rules.Test(o.Asked, all) {
		out[i] = tested{s.settings.Expect[i], came}
	}
	return out
}

// about says whom an expectation is about.
func (t *tested) about() string {
	switch {
	case t.Group != "":
		return "group " + t.Group
	case t.MembersOf == nil:
		return t.Person
	case t.MembersOf.Everyone:
		return "everyone in " + t.MembersOf.Source
	}
	return fmt.Sprintf("the members of %s in %s", t.MembersOf.Group, t.MembersOf.Source)
}

// met says that all is as expected.
func (t *tested) met() string {
	if t.MembersOf != nil {
		return t.about() + ": as expected"
	}
	return t.about() + " is as expected"
}

// wrong says what is otherwise than expected, a line each, with why.
func (t *tested) wrong() (lines []string) {
	for _, u := range t.Wrong {
		line := u.Who + " " + u.Text
		if t.Group != "" && u.Who == t.Group {
			line = u.Text
		}
		if u.Why != "" {
			line += " (" + u.Why + ")"
		}
		lines = append(lines, line)
	}
	if t.More > 0 {
		lines = append(lines, voice.Count(t.More, "more person is not as expected", "more people are not as expected"))
	}
	return lines
}

// next says how to find out more.
func (t *tested) next() string {
	switch {
	case t.Group != "":
		return fmt.Sprintf("kisi-sync explain --group %q says who has it, and why each", t.Group)
	case len(t.Wrong) == 0:
		return ""
	}
	return "kisi-sync explain " + t.Wrong[0].Who + " says why"
}

// expectations runs the tests that the file brings along.
func (k *checkup) expectations(o *engine.Outlook) {
	if len(k.settings.Expect) == 0 {
		return
	}
	if len(k.unread) > 0 {
		k.add(finding{About: "expect", Level: warning, Text: "not asked, because " + strings.Join(k.unread, ", ") + " could not be read"})
		return
	}
	for _, t := range k.test(o) {
		about := fmt.Sprintf("expect (line %d)", t.Line)
		switch {
		case len(t.Wrong) > 0:
			k.add(finding{About: about, Level: bad, Text: strings.Join(t.wrong(), "; "), Hint: fmt.Sprintf("see %s:%d; %s", t.File, t.Line, t.next())})
		case len(t.Open) > 0:
			k.add(finding{About: about, Level: warning, Text: t.about() + " cannot be decided now: " + strings.Join(t.Open, ", ")})
		default:
			k.good(about, "%s", t.met())
		}
	}
}

// unmet makes one error of the expectations that are not met, with more hints; nil when all are, or may be.
func (s *session) unmet(all []tested, more ...string) error {
	var wrong, hints []string
	for _, t := range all {
		for _, line := range t.wrong() {
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s", t.File, t.Line, line))
		}
		if len(t.Wrong) > 0 && len(hints) == 0 {
			hints = append(hints, t.next()+"; the file is used when its expectations are met, and kisi-sync check tries them")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	err := exit.Usage(fmt.Errorf("%s: what the file expects is not so: %s", s.settings.File, strings.Join(wrong, "; ")), hints[0])
	for _, hint := range more {
		err = exit.Usage(err, hint)
	}
	return err
}
