package mapping

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func block(anchor access.Anchor, mail string) access.Pin {
	return access.Pin{Kind: access.Block, Anchor: anchor, Email: mail, By: "lea", Why: "badge stolen", Since: access.At(noon())}
}

func exempt(anchor access.Anchor, mail string, until time.Time) access.Pin {
	return access.Pin{Kind: access.Exempt, Anchor: anchor, Email: mail, By: "lea", Why: "on leave", Until: access.At(until)}
}

// hqForAll is a file whose rule hq gives HQ Staff to everyone in corp, and whose rule servers gives the Server Room to its admins.
func hqForAll(s *Spec) {
	s.Rules[0] = Rule{Name: "hq", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"HQ Staff"}}
	s.Rules[1] = Rule{Name: "servers", From: Selector{Source: "corp", Group: "g-admins"}, Grant: []string{"Server Room"}}
	s.Rules[2].Until = nil
}

func TestWhoWinsIsABlockThenADirectoryThatDisablesThenAnExemptionThenTheRules(t *testing.T) {
	ana, tomorrow := person("1", "ana@example.com"), noon().Add(24*time.Hour)
	holds := func(anchors ...access.Anchor) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "", owned(r, 101, "hq"), owned(r, 102, "servers"))
			a.Link.Anchors = anchors
			return []access.Account{a}
		}
	}
	suspendedFor := func(kind access.CauseKind, anchors ...access.Anchor) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			all := holds(anchors...)(r)
			all[0].Known.Enabled, all[0].Link.Suspended = false, &access.Cause{Kind: kind, Text: "disabled in corp"}
			return all
		}
	}
	nobody := []directory.Record{person("2", "bo@other.org")} // so that corp is not empty
	const blocked = "suspend (blocked: blocked by lea: badge stolen)"
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		conflicts string
	}{
		{"who is blocked is suspended, whatever the rules give", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:1] " + blocked + " +HQ Staff [hq]"}, ""},
		{"a block by address is as good", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{block("", "ana@example.com")}},
			[]string{"7 ana@example.com [corp:1] " + blocked + " +HQ Staff [hq]"}, ""},
		{"it beats an exemption", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", tomorrow), block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:1] " + blocked + " +HQ Staff [hq]"}, ""},
		{"it beats what cannot be decided", scene{corp: records(ana, person("2", "ana@example.com")), accounts: holds("corp:1"), pins: []access.Pin{block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:1] " + blocked + " +HQ Staff [hq]"}, "duplicate_email"},
		{"it beats a source that was not read", scene{unread: []string{"corp"}, corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:1] " + blocked}, ""},
		{"it beats a grace", scene{before: records(ana), corp: nobody, accounts: holds("corp:1"), pins: []access.Pin{block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:1] " + blocked}, "foreign_domain"},
		{"it is for people in no source too", scene{accounts: holds("corp:1"), pins: []access.Pin{block("", "ana@example.com")}},
			[]string{"7 ana@example.com [corp:1] " + blocked}, ""},
		{"it is for people of a source that left the file", scene{accounts: holds("old:1"), pins: []access.Pin{block("old:1", "")}},
			[]string{"7 ana@example.com [old:1] " + blocked}, ""},
		{"it goes over to a record that is made again under the address", scene{before: records(ana), corp: records(person("3", "ana@example.com")), pins: []access.Pin{block("corp:1", "ana@example.com")}},
			[]string{"0 ana@example.com [corp:3] " + blocked}, ""},
		{"and to one that took over the user", scene{before: records(ana), corp: records(person("3", "ana@example.com")), accounts: holds("corp:1"), pins: []access.Pin{block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:3 corp:1] " + blocked + " +HQ Staff [hq]"}, "recreated_person"},
		{"and to whoever still has the address in Kisi only", scene{corp: records(person("1", "new@example.com")), accounts: holds("corp:1"), pins: []access.Pin{block("", "ana@example.com")}},
			[]string{"7 new@example.com [corp:1] " + blocked + " +HQ Staff [hq]"}, "address_changed"},
		{"who has no user yet gets none", scene{corp: records(ana), pins: []access.Pin{block("corp:1", "")}},
			[]string{"0 ana@example.com [corp:1] " + blocked}, ""},
		{"it is for everybody who may be meant by an address", scene{corp: records(person("1", "new@example.com"), person("3", "ana@example.com")), accounts: holds("corp:1"), pins: []access.Pin{block("", "ana@example.com")}},
			[]string{"0 ana@example.com [corp:3] " + blocked, "7 new@example.com [corp:1] " + blocked + " +HQ Staff [hq]"}, "address_changed"},
		{"it is for the record that took the place of a disabled one", scene{corp: records(disabled(ana), person("2", "ana@example.com")), accounts: holds("corp:2"), pins: []access.Pin{block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:2] " + blocked + " +HQ Staff [hq]"}, ""},
		{"but not for somebody else who is linked to the same user", scene{corp: records(ana), con: records(person("9", "bo@example.com")), pins: []access.Pin{block("con:9", "")}, accounts: func(r *Rules) []access.Account {
			return []access.Account{account(6, "ana@example.com", "corp:1", owned(r, 101, "hq")), holds("corp:1", "con:9")(r)[0]}
		}}, []string{"6 ana@example.com [corp:1] leave (conflict: is linked to several Kisi users: ana@example.com (6), ana@example.com (7); none of them is changed)",
			"7 ana@example.com [corp:1] " + blocked + " +HQ Staff [hq]"}, "one_person_two_users two_people_one_user"},
		{"when it is taken back the rules count again", scene{corp: records(ana), accounts: suspendedFor(access.Blocked, "corp:1")},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq] -102 (left_group: no longer a member of g-admins)"}, ""},
		{"also for people of a source that left the file", scene{accounts: suspendedFor(access.Blocked, "old:1")},
			[]string{"7 ana@example.com [old:1] keep -101 (left_group: no longer in corp) -102 (left_group: no longer a member of g-admins)"}, ""},
		{"when it ends, too, and that is told", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{{Kind: access.Block, Anchor: "corp:1", Until: access.At(noon()) - 1}}},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq] -102 (left_group: no longer a member of g-admins)"}, "block_ended"},

		{"nothing is taken from who is exempt", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"nor made narrower", scene{spec: func(s *Spec) { s.Rules[0].Until = &Date{Fixed: "2026-12-31"} }, corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"an exemption by address is as good", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{exempt("", "Ana@Example.com", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"who is exempt gains what the rules give", scene{corp: records(ana), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"who is exempt and gone is kept", scene{before: records(ana), corp: nobody, accounts: holds("corp:1"), at: tomorrow, pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] keep"}, "foreign_domain"},
		{"who is exempt and deleted is kept", scene{corp: records(ana), deleted: []string{"1"}, accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] keep"}, ""},
		{"who is exempt and was suspended for being gone comes back", scene{before: records(ana), corp: nobody, accounts: suspendedFor(access.Vanished, "corp:1"), at: tomorrow, pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] keep"}, "foreign_domain"},
		{"who is exempt is disabled by the directory all the same", scene{corp: records(disabled(ana)), accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, ""},
		{"and stays so when the directory deletes the record then", scene{before: records(ana), corp: nobody, accounts: suspendedFor(access.Disabled, "corp:1"), at: tomorrow, pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp)"}, "foreign_domain"},
		{"a lesser record that is disabled still takes what it gave", scene{corp: records(ana), con: records(disabled(person("9", "ana@example.com"))), pins: []access.Pin{exempt("corp:1", "", tomorrow)},
			accounts: func(r *Rules) []access.Account {
				a := account(7, "ana@example.com", "corp:1", owned(r, 102, "servers"), owned(r, 103, "contractors"))
				a.Link.Anchors = append(a.Link.Anchors, "con:9")
				return []access.Account{a}
			}}, []string{"7 ana@example.com [corp:1 con:9] keep +HQ Staff [hq] -103 (disabled: disabled in contractors)"}, ""},
		{"and makes narrower what it gave", scene{spec: func(s *Spec) {
			s.Rules[0].Until = &Date{Fixed: "2026-12-31"}
			s.Rules[2].Grant, s.Sources[1].MayGrant = []string{"HQ Staff"}, nil
		}, corp: records(ana), con: records(disabled(person("9", "ana@example.com"))), accounts: holds("corp:1", "con:9"), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1 con:9] keep +HQ Staff until 2026-12-31T23:59:59Z [hq]"}, ""},
		{"who is exempt and not seen is left alone", scene{unread: []string{"corp"}, corp: records(ana), accounts: suspendedFor(access.Vanished, "corp:1"), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] leave (conflict: source corp was not read yet)"}, ""},
		{"who is exempt and left the scope is left alone", scene{spec: func(s *Spec) { s.Leavers.LeftScope = new(time.Duration) }, corp: records(person("1", "ana@elsewhere.org")), accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@elsewhere.org [corp:1] leave (conflict: corp may not speak for addresses at elsewhere.org)"}, "foreign_domain"},
		{"who is exempt and has no door is kept", scene{spec: func(s *Spec) {
			s.Rules[0].From, s.Leavers.NoDoors = Selector{Source: "corp", Group: "g-admins"}, new(time.Duration)
		}, corp: records(ana), pins: []access.Pin{exempt("corp:1", "", tomorrow)},
			accounts: func(*Rules) []access.Account {
				a := account(7, "ana@example.com", "corp:1")
				a.Link.Bare = access.At(noon())
				return []access.Account{a}
			}}, []string{"7 ana@example.com [corp:1] keep"}, ""},
		{"a file that changes takes nothing from who is exempt", scene{accounts: holds("old:1"), pins: []access.Pin{exempt("old:1", "", tomorrow)}},
			[]string{"7 ana@example.com [old:1] keep"}, ""},
		{"an exemption that has ended is none, and told", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", noon().Add(-time.Second))}},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq] -102 (left_group: no longer a member of g-admins)"}, "exemption_ended"},
		{"of two exemptions the later end counts", scene{corp: records(ana), accounts: holds("corp:1"), pins: []access.Pin{exempt("corp:1", "", noon().Add(-time.Second)), exempt("corp:1", "", tomorrow)}},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, "exemption_ended"},

		{"a pin for nobody is told", scene{corp: records(ana), pins: []access.Pin{block("corp:x", ""), exempt("", "nobody@example.com", tomorrow)}},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, "pin_matches_nobody pin_matches_nobody"},
		{"but not before its source was read", scene{unread: []string{"corp"}, corp: records(ana), pins: []access.Pin{block("corp:x", "")}}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.scene.spec
			c.scene.spec = func(s *Spec) {
				hqForAll(s)
				if change != nil {
					change(s)
				}
			}
			c.scene.corp = append(c.scene.corp, admins()...)
			_, _, out := c.scene.play(t)
			if diff := cmp.Diff(c.want, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
		})
	}
}

func TestTheEndOfAnExemptionIsDueAndTheEndedAreHandedBack(t *testing.T) {
	ends := noon().Add(time.Hour)
	s := scene{corp: records(person("1", "ana@example.com"), staff("1"), admins()), pins: []access.Pin{exempt("corp:1", "", ends)}}
	_, _, out := s.play(t)
	if due := out.Desired.Due.Time(); !due.Equal(ends.Add(time.Second)) || len(out.Ended) != 0 {
		t.Errorf("due %v, ended %v", due, out.Ended)
	}
	s.at = ends.Add(time.Second)
	_, _, out = s.play(t)
	if len(out.Ended) != 1 || out.Desired.Due != 0 {
		t.Errorf("due %v, ended %v", out.Desired.Due, out.Ended)
	}
	for _, c := range out.Conflicts {
		if c.Kind == ExemptionEnded && (c.Who != "ana@example.com" || c.Text != "the exemption has ended (said by lea: on leave)") {
			t.Errorf("%+v", c)
		}
	}
}

func TestExplainShowsThePinsThatHold(t *testing.T) {
	s := scene{corp: records(person("1", "ana@example.com"), person("2", "bo@example.com"), staff("1"), admins()),
		pins: []access.Pin{exempt("corp:1", "", noon().Add(time.Hour)), block("", "gone@example.com")}}
	rules, in, _ := s.play(t)
	in.Pins = append([]access.Pin{exempt("corp:1", "", noon().Add(time.Minute))}, in.Pins...) // of which the other one says more
	ana, err := rules.Explain(in, "ana@example.com")
	if err != nil || len(ana.Pins) != 1 || ana.Pins[0] != (TrailPin{Kind: access.Exempt, By: "lea", Why: "on leave", Until: "2026-03-15T13:00:00Z"}) {
		t.Errorf("%+v, %v", ana.Pins, err)
	}
	for _, c := range ana.Conflicts {
		if c.Kind == PinMatchesNobody {
			t.Errorf("another person's pin: %+v", c)
		}
	}
	in.Pins = []access.Pin{block("corp:2", "")}
	bo, err := rules.Explain(in, "bo@example.com")
	if err != nil || len(bo.Pins) != 1 || bo.Wish == nil || bo.Wish.Standing != "suspend" || bo.Wish.Cause != "blocked by lea: badge stolen" {
		t.Errorf("%+v, %v", bo, err)
	}
}

func say(kind access.PinKind, anchor access.Anchor, mail string, member access.RemoteID) access.Pin {
	return access.Pin{Kind: kind, Anchor: anchor, Email: mail, Member: member, By: "lea", Why: "ticket 4711", Since: access.At(noon())}
}

// What operators say of one Kisi user is about that user, or about the person who has it.
func TestWhatIsSaidOfOneKisiUserIsAboutThatOne(t *testing.T) {
	ana, renamed := person("1", "ana@example.com"), person("1", "ana.b@example.com")
	old := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"))}
	}
	both := func(r *Rules) []access.Account {
		return append(old(r), account(9, "ana.b@example.com", "corp:1", owned(r, 101, "hq")))
	}
	release, rename := say(access.Release, "corp:1", "ana@example.com", 7), say(access.Rename, "corp:1", "ana.b@example.com", 7)
	for _, c := range []struct {
		name      string
		scene     scene
		want      string // standing, then what the wish says beside
		conflicts string
		ended     int
	}{
		{"adopted", scene{corp: records(ana), accounts: old, pins: []access.Pin{say(access.Adopt, "corp:1", "ana@example.com", 0)}}, "7 keep adopt", "", 0},
		{"adopted before there is a link", scene{corp: records(ana), pins: []access.Pin{say(access.Adopt, "corp:1", "ana@example.com", 0)}}, "0 keep adopt", "", 0},
		{"somebody adopted who is gone is done with", scene{corp: records(person("2", "bo@example.com")), pins: []access.Pin{say(access.Adopt, "corp:9", "", 0)}}, "0 keep", "", 1},
		{"released", scene{corp: records(ana), accounts: old, pins: []access.Pin{release}}, "7 leave release", UserReleased, 0},
		{"released is released, also who is disabled", scene{corp: records(disabled(ana)), accounts: old, pins: []access.Pin{release}}, "7 leave release", UserReleased, 0},
		{"a block goes before a release", scene{corp: records(ana), accounts: old, pins: []access.Pin{release, block("corp:1", "")}}, "7 suspend", "", 0},
		{"a released user is nobody's afterwards", scene{corp: records(ana), pins: []access.Pin{release}}, "", UserReleased, 0},
		{"one of two users is released, the other goes on", scene{corp: records(renamed), accounts: both, pins: []access.Pin{release}}, "7 leave release; 9 keep", UserReleased, 0},
		{"replaced by one that is not there yet", scene{corp: records(renamed), accounts: old, pins: []access.Pin{rename}}, "0 keep for 7", "", 0},
		{"replaced by one that is", scene{corp: records(renamed), accounts: both, pins: []access.Pin{rename}}, "9 keep for 7", "", 0},
		{"who leaves meanwhile loses both", scene{corp: records(disabled(renamed)), accounts: both, pins: []access.Pin{rename}}, "7 suspend; 9 suspend", AddressChanged, 0},
		{"and the one there is", scene{corp: records(disabled(renamed)), accounts: old, pins: []access.Pin{rename}}, "7 suspend", AddressChanged, 0},
		{"who is uncertain is left alone", scene{corp: records(renamed, person("2", "ana.b@example.com")), accounts: old, pins: []access.Pin{rename}}, "7 leave", AddressChanged + " " + DuplicateEmail, 0},
		{"an address that was corrected in Kisi", scene{corp: records(ana), accounts: old, pins: []access.Pin{say(access.Rename, "corp:1", "ana@example.com", 7)}}, "7 keep", "", 1},
		{"an address that is a third one by now", scene{corp: records(person("1", "ana.c@example.com")), accounts: old, pins: []access.Pin{rename}}, "7 keep", AddressChanged + " " + RenameVoid, 1},
		{"a replacement that is over", scene{corp: records(renamed), accounts: func(r *Rules) []access.Account { return both(r)[1:] }, pins: []access.Pin{rename}}, "9 keep", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.scene.spec = hqForAll
			c.scene.corp = append(c.scene.corp, group("g-admins", "Admins")...)
			_, _, got := c.scene.play(t)
			var all, kinds []string
			for i := range got.Desired.Wishes {
				all = append(all, saidOf(&got.Desired.Wishes[i]))
			}
			for _, x := range got.Conflicts {
				kinds = append(kinds, x.Kind)
			}
			if text := strings.Join(all, "; "); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
			if text := strings.Join(kinds, " "); text != c.conflicts || len(got.Ended) != c.ended {
				t.Errorf("conflicts %q, want %q; ended: %+v", text, c.conflicts, got.Ended)
			}
		})
	}
}

func saidOf(w *access.Wish) string {
	text := fmt.Sprintf("%d %s", w.Member, [...]string{"keep", "suspend", "leave", "remove"}[w.Standing])
	if w.Adopt != 0 {
		text += " adopt"
	}
	if w.Release != 0 {
		text += " release"
	}
	if w.Replaces != nil {
		text += fmt.Sprintf(" for %d", w.Replaces.Member)
	}
	return text
}
