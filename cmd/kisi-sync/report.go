package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func reportVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "report", Short: "What somebody should look into: people with doors who cannot open them",
		Long:    "Reports about what kisi-sync looks after. They read, and change nothing.",
		Example: "  kisi-sync report no-credential --days 14",
	})
	cmd.AddCommand(reportNoCredentialVerb(ui, c))
	return cmd
}

func reportNoCredentialVerb(ui *call, c *common) *cobra.Command {
	days := 0
	cmd := &cobra.Command{
		Use: "no-credential", Short: "People who hold doors and have no card and never unlocked anything", Args: exactly(),
		Long: `Lists the people whom kisi-sync knows, who hold a group, are not suspended, have no card in Kisi, and of whom Kisi
says that they have never unlocked anything: neither with a card nor with a phone. They may need a card, help with the
app, or no door at all. It says since when they have had the first of their doors.

What they hold is as kisi-sync last saw it. Kisi is asked for those who never unlocked anything, a call for a hundred,
and for their cards, a call for 250.`,
		Example: `  kisi-sync report no-credential
  kisi-sync report no-credential --days 14 --json | jq -r '.people[].email'`,
	}
	cmd.Flags().IntVar(&days, "days", 0, "only people who have had a door for `N` days or more")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if days < 0 {
			return exit.Usage(fmt.Errorf("--days %d: expected 0 or more", days), "")
		}
		s, err := open(cmd.Context(), ui, c, opening{asked: "report", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		return s.reportNoCredential(cmd.Context(), time.Duration(days)*24*time.Hour)
	}
	return cmd
}

// unusedDocument is what report no-credential prints.
type unusedDocument struct {
	At      time.Time      `json:"at"`
	Holders int            `json:"holders"` // people whom kisi-sync knows and who hold a group
	People  []unusedPerson `json:"people"`  // those of them without a credential, who have had a door longest first
}

type unusedPerson struct {
	Email  string          `json:"email"`
	Name   string          `json:"name"`
	User   access.RemoteID `json:"user"`
	Groups []string        `json:"groups"`
	Since  string          `json:"since,omitempty"` // when the first of these rights was given; "": nobody knows
}

func (s *session) reportNoCredential(ctx context.Context, least time.Duration) error {
	o, err := s.engine.ResolveKnown(ctx)
	if err != nil {
		return err
	}
	doc := unusedDocument{At: now().UTC(), People: []unusedPerson{}}
	var holders []unusedPerson
	for i := range o.Input.Owned.Accounts {
		if p, ok := holderOf(o, &o.Input.Owned.Accounts[i], access.At(doc.At)); ok {
			holders = append(holders, p)
		}
	}
	doc.Holders = len(holders)
	if doc.People, err = s.withoutCredential(ctx, holders); err != nil {
		return err
	}
	doc.People = slices.DeleteFunc(doc.People, func(p unusedPerson) bool {
		return least > 0 && (p.Since == "" || doc.At.Sub(parsed(p.Since)) < least)
	})
	slices.SortFunc(doc.People, func(a, b unusedPerson) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Email, b.Email))
	})
	if s.ui.JSON {
		return s.ui.Print(doc)
	}
	s.showUnused(&doc)
	return nil
}

// holderOf returns somebody who holds a group now, as last seen; ok is false for everybody else.
func holderOf(o *engine.Outlook, a *access.Account, at access.Instant) (p unusedPerson, ok bool) {
	m := &a.Known
	if len(a.Link.Anchors) == 0 || !m.Enabled || m.SCIMBlocked {
		return p, false
	}
	p = unusedPerson{Email: m.Email, Name: m.Name, User: m.ID, Groups: []string{}}
	var since access.Instant
	for _, g := range m.Grants {
		if g.From > at || g.Until != 0 && g.Until < at {
			continue
		}
		p.Groups = append(p.Groups, groupTitle(o, g.Group))
		if owned, known := a.Grant(g.Group); known && owned.Since != 0 && (since == 0 || owned.Since < since) {
			since = owned.Since
		}
	}
	p.Since = shape.Stamp(since)
	return p, len(p.Groups) > 0
}

// groupTitle is a group's name in the file, else in Kisi.
func groupTitle(o *engine.Outlook, id access.RemoteID) string {
	for i := range o.Input.Desired.Groups {
		if d := &o.Input.Desired.Groups[i]; d.ID == id {
			return d.Name
		}
	}
	for _, g := range o.Words.Catalog.Groups {
		if g.ID == id {
			return g.Name
		}
	}
	return fmt.Sprintf("group %d", id)
}

// withoutCredential returns those who never unlocked anything and have no card.
func (s *session) withoutCredential(ctx context.Context, holders []unusedPerson) ([]unusedPerson, error) {
	defer s.lookingAtKisi()()
	never, err := s.target.NeverUnlocked(ctx)
	if err != nil {
		return nil, err
	}
	holders = slices.DeleteFunc(holders, func(p unusedPerson) bool { return !never[p.User] })
	users := shape.Convert(holders, func(p unusedPerson) access.RemoteID { return p.User })
	cards, err := s.target.CardHolders(ctx, users)
	if err != nil {
		return nil, fmt.Errorf("read who has a card: %w", err)
	}
	return shape.OrEmpty(slices.DeleteFunc(holders, func(p unusedPerson) bool { return cards[p.User] })), nil
}

func (s *session) showUnused(d *unusedDocument) {
	ui := s.ui
	ui.Say("%s of %s hold a door and have no card and never unlocked anything:", ui.Bold(voice.Count(len(d.People), "person", "people")), voice.Count(d.Holders, "person", "people"))
	for _, p := range d.People {
		since := "since nobody knows when"
		if p.Since != "" {
			since = "since " + s.moment(p.Since)
		}
		ui.Say("  %s, %s: %s", p.Email, since, strings.Join(p.Groups, ", "))
	}
	ui.Say("\nWhat they hold is as kisi-sync last saw it; who never unlocked anything, and who has a card, as Kisi says now. Users whom it does not know are not in it.")
}
