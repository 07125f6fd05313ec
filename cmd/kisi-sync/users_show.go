package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/explain"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// userRow is somebody in a list, as users list and users show print it.
type userRow struct {
	Source string      `json:"source"`
	File   string      `json:"file"`
	Line   int         `json:"line"`
	ID     string      `json:"id"`
	Email  string      `json:"email"`
	Name   string      `json:"name"`
	Active bool        `json:"active"` // the list does not disable the person
	Access []accessRow `json:"access"` // also what groups of the list give
	Groups []string    `json:"groups"` // of the list
	noteRow
}

type accessRow struct {
	listed.Entry
	noteRow
}

type noteRow struct {
	Why     string `json:"why,omitempty"`
	AskedBy string `json:"asked_by,omitempty"`
	Ticket  string `json:"ticket,omitempty"`
}

func newUserRow(l *keptList, p *list.Person) userRow {
	row := userRow{Source: l.name, File: l.path, Line: p.Line(), ID: p.ID, Email: p.Email, Name: p.Name, Active: p.Active == nil || *p.Active,
		Access: []accessRow{}, Groups: shape.OrEmpty(l.GroupsOf(p.ID)), noteRow: noteRow(p.Note)}
	for _, value := range l.Granted(p.ID) {
		e, err := listed.Parse(value)
		if err != nil {
			continue // of an entry that was read without a problem it cannot be
		}
		a := accessRow{Entry: e}
		if i := slices.IndexFunc(p.Access, func(o list.Access) bool { return o.Entry == e }); i >= 0 {
			a.noteRow = noteRow(p.Access[i].Note)
		}
		row.Access = append(row.Access, a)
	}
	return row
}

// words says an access in one line.
func (a *accessRow) words() string {
	text := a.Scope()
	if a.Role != "" {
		text += " as " + a.Role
	}
	if a.From != "" {
		text += " from " + a.From
	}
	if a.Until != "" {
		text += " until " + a.Until
	}
	return text
}

func (n *noteRow) words() string {
	return (&noting{n.Why, n.AskedBy, n.Ticket}).words()
}

func usersListVerb(ui *call, c *common) *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use: "list", Short: "List the people who are kept by hand, and what they are to have", Args: exactly(),
		Long: `Lists the people in the files of all sources of type list. Only these files and the configuration are read: no secret is
needed, and neither Kisi nor the state file is looked at. A file that is wrong anywhere, or gives what its source may not
give, ends it with 2 and the line: so it is what a repository's checks can run before a change of a list is let in.`,
		Example: `  kisi-sync users list
  kisi-sync users list --json | jq -r '.[] | select(.access == []) | .email'`,
	}
	cmd.Flags().StringVar(&source, "source", "", "only the list of this `SOURCE`")
	cmd.RunE = func(*cobra.Command, []string) error {
		settings, err := loadWithoutSecrets(c)
		if err != nil {
			return err
		}
		lists, err := readLists(settings, source)
		if err != nil {
			return err
		}
		return listUsers(ui, settings, lists)
	}
	return cmd
}

func listUsers(ui *call, settings *config.Settings, lists []keptList) error {
	rows, wrong := []userRow{}, []error{}
	for i := range lists {
		for _, p := range lists[i].People() {
			row := newUserRow(&lists[i], &p)
			rows, wrong = append(rows, row), append(wrong, row.refused(settings)...)
		}
	}
	err := exit.Also(wrong...)
	if ui.JSON {
		return exit.Also(ui.Print(rows), err)
	}
	return exit.Also(ui.Table("SOURCE\tPERSON\tNAME\tIS TO HAVE\tWHY", shape.Convert(rows, userRow.line)), err)
}

// refused says what of a person's entry the list's source may not say or give.
func (r *userRow) refused(settings *config.Settings) (all []error) {
	add := func(err error) {
		var e *exit.Error
		if errors.As(err, &e) {
			all = append(all, exit.Usage(fmt.Errorf("%s:%d: %w", r.File, r.Line, e.Err), e.Hint))
		}
	}
	add(maySpeakFor(settings, r.Source, r.Email))
	for i := range r.Access {
		_, err := mayGive(settings, r.Source, r.Access[i].Entry)
		add(err)
	}
	return all
}

func (r userRow) line() string {
	who, access := r.Email, make([]string, len(r.Access))
	if who == "" {
		who = r.ID
	}
	if !r.Active {
		who += " (disabled)"
	}
	for i := range r.Access {
		access[i] = r.Access[i].words()
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", r.Source, who, r.Name, strings.Join(access, "; "), r.noteRow.words())
}

func usersShowVerb(ui *call, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show PERSON", Short: "What a list says of somebody, and what becomes of it", Args: exactly("PERSON"),
		Long: `Shows what lists say of a person, with the place in the file, and then what explain says: what directories say, what rules
make of it, what Kisi has, and what the next run will do. Nothing is changed.`,
		Example: `  kisi-sync users show ana@partner.example`,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "users show", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		return s.showUser(cmd.Context(), args[0])
	}
	return cmd
}

// userDocument is what users show prints as JSON.
type userDocument struct {
	Listed      []userRow            `json:"listed"`
	Explanation *explain.Explanation `json:"explanation"` // null: nothing is known of the person yet
}

func (s *session) showUser(ctx context.Context, who string) error {
	lists, err := readLists(s.settings, "")
	if err != nil {
		return err
	}
	doc := userDocument{Listed: []userRow{}}
	for i := range lists {
		if p, ok := lists[i].Find(who); ok {
			doc.Listed = append(doc.Listed, newUserRow(&lists[i], &p))
		}
	}
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	x, err := s.walk(ctx, who)
	doc.Explanation = x
	if x == nil && len(doc.Listed) == 0 {
		return exit.Also(readErr, err)
	}
	if err := s.ui.PrintJSON(doc); err != nil {
		return err
	}
	s.showListed(doc.Listed)
	if x != nil {
		s.teller().Person(x)
	}
	return exit.Also(readErr, err)
}

// showListed says what lists say of somebody.
func (s *session) showListed(rows []userRow) {
	if len(rows) == 0 {
		s.ui.Say("In no list.")
	}
	for _, r := range rows {
		s.ui.Say("%s", s.ui.Bold(fmt.Sprintf("In the list %s (%s:%d)", r.Source, r.File, r.Line)))
		if !r.Active {
			s.ui.Say("  %s the list disables the person (active: false)", s.ui.Yellow("!"))
		}
		for i := range r.Access {
			a := &r.Access[i]
			why := a.noteRow.words()
			if why != "" {
				why = "  (" + why + ")"
			}
			s.ui.Say("  %s%s", a.words(), why)
		}
		if len(r.Access) == 0 {
			s.ui.Say("  nothing is listed for the person")
		}
		if len(r.Groups) > 0 {
			s.ui.Say("  in the list's groups: %s", strings.Join(r.Groups, ", "))
		}
		if why := r.noteRow.words(); why != "" {
			s.ui.Say("  why: %s", why)
		}
	}
}
