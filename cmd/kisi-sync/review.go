package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/explain"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/review"
)

func reviewVerb(ui *call, c *common) *cobra.Command {
	r := &reviewing{}
	cmd := &cobra.Command{
		Use: "review", Short: "Write an access review of a door or a group, for its owner to go through and sign",
		Long: `Writes down who may open a door, or the doors of a group: by name, address, source, why, since when by the audit
trail, until when, when the person last unlocked anything, and whether the person has a card; with room to mark each
right keep or remove, and for a signature. --format html is one page that prints well and needs nothing else, csv is
for a spreadsheet. Nothing is changed.

What the owner marks remove is not carried out: it is taken away in the directory that the line names, or in Kisi for
what was given there by hand.`,
		Example: `  kisi-sync review --door "HQ / Server Room" --out server-room.html
  kisi-sync review --group Staff --format csv > staff.csv`,
	}
	f := cmd.Flags()
	f.StringVar(&r.door, "door", "", "review a `DOOR` or elevator stop (kisi-sync doors lists them)")
	f.StringVar(&r.group, "group", "", "review a `GROUP`")
	f.StringVar(&r.format, "format", "", "`FORMAT`: csv or html; as the name of the file ends if it is left out, else html")
	f.StringVarP(&r.out, "out", "o", "", "write it to `FILE`, not to standard output")
	cmd.MarkFlagsMutuallyExclusive("door", "group")
	cmd.Args = r.arguments
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "review", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		var file *outFile
		if r.out != "" {
			if file, err = newOutFile("the review", ui.path(r.out)); err != nil {
				return err
			}
			defer file.discard()
		}
		return s.review(cmd.Context(), r, file)
	}
	return cmd
}

// reviewing is what review is asked.
type reviewing struct {
	door, group string
	format, out string
}

func (r *reviewing) arguments(cmd *cobra.Command, args []string) error {
	if err := exactly()(cmd, args); err != nil {
		return err
	}
	if r.format == "" {
		if r.format = strings.TrimPrefix(strings.ToLower(filepath.Ext(r.out)), "."); r.format == "htm" || r.format == "" {
			r.format = "html"
		}
	}
	switch {
	case r.door+r.group == "":
		return exit.Usage(errors.New("say which: --door DOOR or --group GROUP"), seeHelp(cmd))
	case r.format != "csv" && r.format != "html":
		return exit.Usage(fmt.Errorf("no format %q: csv or html expected", r.format), "say it with --format, or let the name of the file end so")
	}
	return nil
}

// review writes a review to a file, or to standard output if that is nil.
func (s *session) review(ctx context.Context, r *reviewing, file *outFile) error {
	doc, readErr := s.access(ctx, &explaining{door: r.door, group: r.group})
	if doc == nil {
		return readErr
	}
	if readErr != nil { // an owner signs what is there, not a part of it
		return exit.Also(readErr, errors.New("no review is written of a directory that could not be read"))
	}
	made, err := s.reviewOf(ctx, r, doc)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	write := made.WritePage
	if r.format == "csv" {
		write = made.WriteCSV
	}
	if err := write(&b); err != nil {
		return err
	}
	if s.ui.JSON {
		if err := s.ui.Print(doc); err != nil {
			return err
		}
	}
	if file == nil {
		if !s.ui.JSON {
			_, err = s.ui.Out.Write(b.Bytes())
		}
		return err
	}
	if err := file.commit(b.Bytes()); err != nil {
		return err
	}
	s.ui.Tell("%s of %s in %s; it names people, and only this account can read it", voice.Count(len(made.Rows), "right", "rights"), made.Of, file.path)
	return nil
}

// reviewOf puts a review together: what Kisi shows, since when by the trail, and who has a card.
func (s *session) reviewOf(ctx context.Context, r *reviewing, doc *explain.Holders) (*review.Review, error) {
	out := &review.Review{Of: doc.Asked, Kind: "group", At: doc.At.In(s.settings.Schedule.Zone), Organization: s.settings.Kisi.Domain, By: s.ui.me(), Version: version(),
		Notes: []string{s.teller().HoldersWords(doc)}}
	if r.door != "" {
		out.Kind = "door"
	}
	var groups, users []access.RemoteID
	for _, g := range doc.Groups {
		groups = append(groups, g.ID)
		for _, h := range g.Holders {
			if h.Kind == "user" {
				users = append(users, h.User)
			}
		}
	}
	told, err := s.told(ctx, groups)
	if err != nil {
		return nil, err
	}
	cards, err := s.cards(ctx, users)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out.Notes = append(out.Notes, "Who has a card could not be read: "+exit.OneLine(err.Error()))
	}
	b := &reviewer{session: s, out: out, cards: cards, evidence: evidenceOf(told)}
	for i := range doc.Groups {
		b.group(&doc.Groups[i])
	}
	for _, h := range doc.Roles {
		where := "in the organization"
		if h.Place != "" {
			where = "in " + h.Place
		}
		out.Roles = append(out.Roles, review.Role{Who: voice.OrNone(h.Email, h.Name) + explain.NotUser(h.Kind), Role: h.Role, Where: where})
	}
	out.Notes = append(out.Notes, "Since when: by the audit trail of kisi-sync where it gave the right or saw it, else by Kisi's own date. A card counts if Kisi says that it "+
		"is assigned and not deactivated; the last unlock is of any door.")
	return out, nil
}

// cards says who has a card; nil with an error.
func (s *session) cards(ctx context.Context, users []access.RemoteID) (map[access.RemoteID]bool, error) {
	defer s.lookingAtKisi()()
	cards, err := s.target.CardHolders(ctx, users)
	if err == nil && cards == nil {
		cards = map[access.RemoteID]bool{}
	}
	return cards, err
}

// right names a right in a group for looking up.
type right struct{ group, member access.RemoteID }

// evidenceOf says by whose word somebody has a right since when.
func evidenceOf(a record.Answer) map[right]*record.Holder {
	all := map[right]*record.Holder{}
	for i := range a.Groups {
		for k := range a.Groups[i].Holders {
			h := &a.Groups[i].Holders[k]
			all[right{a.Groups[i].ID, h.Member}] = h
		}
	}
	return all
}

// reviewer makes the rows of a review.
type reviewer struct {
	*session
	out      *review.Review
	cards    map[access.RemoteID]bool // nil: not known
	evidence map[right]*record.Holder
}

func (b *reviewer) group(g *explain.HolderGroup) {
	for i := range g.Holders {
		b.out.Rows = append(b.out.Rows, b.row(g, &g.Holders[i]))
	}
	for _, l := range g.Links {
		b.out.Rows = append(b.out.Rows, review.Row{Name: voice.OrNone(l.Name, "(a link without a name)"), Kind: "access link", Group: g.Name, GroupID: int64(g.ID), Role: "door_access",
			Opens: "yes", Why: "whoever has the link", Until: parsed(l.Until), Card: "not known"})
	}
}

func (b *reviewer) row(g *explain.HolderGroup, h *explain.Holder) review.Row {
	row := review.Row{Name: h.Name, Address: h.Email, Kind: h.Kind, User: int64(h.User), Group: g.Name, GroupID: int64(g.ID), Role: h.Role, Opens: "yes", Why: h.Why, Next: h.Next,
		Since: parsed(h.Since), Until: parsed(h.Until), Used: parsed(h.Used), Card: "not known"}
	if !h.Opens {
		row.Opens = h.State
	}
	if !row.Since.IsZero() {
		row.Evidence = "Kisi"
	}
	var sources []string
	for _, r := range h.Records {
		source, _, _ := strings.Cut(r, ":")
		for i := range b.settings.Sources {
			if b.settings.Sources[i].ID == source {
				source = b.settings.Sources[i].Name
				break
			}
		}
		sources = append(sources, source)
	}
	row.Source = strings.Join(sources, ", ")
	if h.Kind != "user" {
		return row
	}
	row.Kind = "person"
	if b.cards != nil {
		row.Card = map[bool]string{true: "yes", false: "no"}[b.cards[h.User]]
	}
	if h.Team != "" {
		row.Kind, row.Evidence = "person in the team "+h.Team, "Kisi, the team"
		return row
	}
	if e := b.evidence[right{g.ID, h.User}]; e != nil {
		row.Since, row.Evidence = e.Since, fmt.Sprintf("audit trail, line %d", e.Line)
	}
	return row
}

// parsed reads what stamp wrote.
func parsed(rfc3339 string) time.Time {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return time.Time{}
	}
	return t
}
