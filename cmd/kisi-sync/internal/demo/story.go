package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

// scene is one thing that happens in the demo's company, and what is done about it.
type scene struct {
	title, text string
	happen      func() error
	verbs       [][]string
	after       string
	code        int // the exit code that the last verb must end with
}

// Play tells the whole story, unless somebody has seen enough of it, which is no error. It fails when a verb does not end as the story
// says: the demo is a test as well.
func (d *Demo) Play(ctx context.Context) error {
	d.ui.Say(`This is kisi-sync at work for Nordlicht, a made-up company with %s in an LDAP directory
and a Kisi organization in which some things were made by hand. Both run in this process.`,
		voice.Count(len(d.company.People("")), "person", "people"))
	for _, s := range append(d.firstDay(), d.everyDay()...) {
		if err := d.chapter(ctx, s.title, s.text); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
		if err := d.show(ctx, s); err != nil {
			return err
		}
	}
	return d.audit()
}

// firstDay is what an admin does first: look, plan, apply.
func (d *Demo) firstDay() []scene {
	return []scene{{
		title: "The file",
		text:  "Everything is in one file, " + d.config() + ":\n\n" + indent(demoConfig),
	}, {
		title: "Check",
		text:  "First: is everything there, and may we? Nothing is changed by this.",
		verbs: [][]string{{"check"}},
	}, {
		title: "Plan",
		text:  "What would happen, in people and doors. Nothing is changed by this either.",
		verbs: [][]string{{"plan"}},
		code:  exit.CodeChanges,
	}, {
		title: "Apply",
		text:  "Now do it. Kisi takes five calls a second, so this takes a while; stopping it at any point is safe.",
		verbs: [][]string{{"apply", "--yes"}, {"plan"}},
		after: "The second plan is empty: doing the same twice does nothing.",
	}}
}

// everyDay is what happens afterwards.
func (d *Demo) everyDay() []scene {
	return []scene{{
		title: "A joiner",
		text:  "Noor Haddad joins Engineering in Berlin, and is put into two groups of the directory.",
		happen: func() error {
			return d.company.Join(ldapsim.Person{UID: "nhaddad", Given: "Noor", Surname: "Haddad", Department: "Engineering", City: "Berlin", Type: "employee"},
				"staff-berlin", "engineering")
		},
		verbs: [][]string{{"sync", "--changes"}},
		after: "Only Noor was looked at in Kisi; nobody else differs from what is known.",
	}, {
		title: "A mover",
		text:  "Nils Lindqvist leaves the sysadmins for Engineering: he must gain the Lab and lose the Server Room.",
		happen: func() error {
			if err := d.company.Replace(ldapsim.PersonDN("nlindqvist"), "departmentNumber", "Engineering"); err != nil {
				return err
			}
			return d.company.Transfer("nlindqvist", "sysadmins", "engineering")
		},
		verbs: [][]string{{"sync", "--changes"}, {"explain", "nlindqvist"}},
		after: "The new door came before the old one went.",
	}, {
		title:  "A leaver",
		text:   "Anton Gruber's account is disabled in the directory. That is positive evidence, so nothing waits.",
		happen: func() error { return d.company.Disable("agruber") },
		verbs:  [][]string{{"sync", "--changes"}},
		after:  "His Kisi user is suspended: no door opens for him any more. His rights are kept, in case it was a mistake.",
	}, {
		title:  "A renamed group",
		text:   "Somebody renames the group cn=lab, which a rule names, to cn=laboratory.",
		happen: func() error { return d.company.RenameGroup("lab", "laboratory") },
		verbs:  [][]string{{"sync"}},
		after:  "The rule goes on with the group that it has known from the first day, by the id that the directory never changes, and says so.",
	}, {
		title: "A mass removal",
		text:  "Somebody clears most of the group cn=staff-berlin by mistake. All these people would lose Staff at once.",
		happen: func() error {
			if err := d.company.RenameGroup("laboratory", "lab"); err != nil {
				return err
			}
			for _, dn := range d.berliners() {
				if err := d.company.RemoveMember("staff-berlin", dn); err != nil {
					return err
				}
			}
			return nil
		},
		verbs: [][]string{{"sync"}},
		code:  exit.CodeHeld,
		after: "Over the limit nothing is taken away: it waits for a person, whom kisi-sync apply asks.\nEverything else goes on.",
	}}
}

// berliners are the people of the mass removal: two thirds of the group, but nobody of whom the file expects something.
func (d *Demo) berliners() []string {
	members := d.company.Values(ldapsim.GroupDN("staff-berlin"), "member")
	return slices.DeleteFunc(members[:len(members)*2/3], func(dn string) bool {
		return dn == ldapsim.PersonDN("jmueller") || dn == ldapsim.PersonDN("hduerr")
	})
}

// audit lets the simulated Kisi say whether anything foreign was touched.
func (d *Demo) audit() error {
	if err := d.kisi.Check(); err != nil {
		return fmt.Errorf("the simulated Kisi complains: %w", err)
	}
	d.ui.Say("\nThe simulated Kisi has kept watch: nobody was made twice, no right was given twice, and nothing\n"+
		"made by hand was touched (%d calls, %d of them refused for being too fast).", d.kisi.Counts().Requests, d.kisi.Counts().TooMany)
	return nil
}

func indent(text string) string {
	out := ""
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		out += "    " + line + "\n"
	}
	return out
}
