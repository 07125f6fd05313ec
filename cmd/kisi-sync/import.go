package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/csv"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/listed"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// importing is what import does, in documents and in the audit trail.
const importing = "import"

// importation is one import: the rows of a table go into a list that is kept by hand, so that the next run knows these people, too.
type importation struct {
	keeping
	table    *csv.Settings
	report   string
	groups   []string // for everybody
	until    string
	rows     []importRow
	already  map[string][]string // the groups that people are to have without the import, by folded address
	byNumber map[access.RemoteID]string
}

// importRow is what becomes of one row.
type importRow struct {
	Line    int      `json:"line"`
	Email   string   `json:"email"`
	Name    string   `json:"name"`
	Groups  []string `json:"groups"`
	Outcome string   `json:"outcome"` // added, changed, unchanged, refused
	Text    string   `json:"text,omitempty"`
	Ignored []string `json:"ignored,omitempty"` // what the row asks for and nobody does, with the reason

	person list.Person
}

// What becomes of a row.
const (
	rowAdded     = "added"
	rowChanged   = "changed"
	rowUnchanged = "unchanged"
	rowRefused   = "refused"
)

func importVerb(ui *call, c *common) *cobra.Command {
	i := &importation{keeping: keeping{did: importing}, table: csv.New().(*csv.Settings)}
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take the people of a table into the list that is kept by hand, once", Args: exactly("FILE"),
		Long: `Takes the rows of a CSV file into the file of a source of type list: Kisi's own template for imports, or any table with the
columns email, name and groups. From then on they are kept like everybody in that list: by the rules, within the limits, and
in the audit trail. Groups are named as the configuration names them, or by their number in Kisi.

First it shows what the file will say, what Kisi would get by that, and which rows are refused and why; then it asks. Who
has all that already, from whatever source, stays as is. A table that comes again and again belongs into a source of type
csv: docs/csv.md.`,
		Example: `  kisi-sync import people.csv --plan
  kisi-sync import people.csv --group Visitors --until 2026-03-31 --why 'fair in March'
  kisi-sync import people.csv --yes --report rows.csv`,
	}
	i.flags(cmd)
	i.noting.flags(cmd)
	cmd.Flags().BoolVar(&i.ahead, "plan", false, "only say what would be done")
	cmd.Flags().StringVar(&i.report, "report", "", "also write what becomes of each row to `FILE`: CSV, or JSON if it is called .json")
	cmd.Flags().StringSliceVar(&i.groups, "group", nil, "a `GROUP` that everybody gets, beside those of the row")
	cmd.Flags().StringVar(&i.until, "until", "", "the last `DAY` of all that is given, which still counts")
	cmd.Flags().StringVar(&i.table.Encoding, "encoding", "", "the `ENCODING`, if it is not UTF-8 and has no mark")
	cmd.Flags().StringVar(&i.table.Delimiter, "delimiter", "", "what stands between columns, if the header does not show it: `CHARACTER`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		i.table.Path, i.table.Settle = args[0], time.Second // somebody has just saved it, and waits
		return i.run(cmd.Context(), ui, c, i.do)
	}
	return cmd
}

func (i *importation) do(ctx context.Context) error {
	if len(i.lists) > 1 {
		names := shape.Convert(i.lists, func(l keptList) string { return l.name })
		return exit.Usage(fmt.Errorf("there are several lists: %s", strings.Join(names, ", ")), "say which one: --source "+names[0])
	}
	source := i.lists[0].name
	if !slices.ContainsFunc(i.settings.MappingSpec().Rules, func(r mapping.Rule) bool { return r.Listed && r.From.Source == source }) {
		return exit.Usage(fmt.Errorf("%s has no rule that gives what %s lists", i.settings.File, source), "write this into it:\n\n"+listedRule(source))
	}
	rows, err := i.read(ctx)
	if err != nil {
		return i.untouched(err)
	}
	if err := i.know(ctx); err != nil {
		return i.untouched(err)
	}
	l := &i.lists[0]
	for _, r := range rows {
		i.rows = append(i.rows, i.judge(l, r))
	}
	a := alteration{list: l, question: fmt.Sprintf("Write %s, and carry it out?", l.path)}
	if err := i.put(l, &a); err != nil {
		return i.untouched(err)
	}
	i.doc.Rows = i.rows
	i.showRows()
	if err := i.writeReport(); err != nil {
		return i.untouched(err)
	}
	err = i.alter(ctx, a)
	if n := i.count(rowRefused); n > 0 && exit.CodeOf(err) != exit.CodeFailed && exit.CodeOf(err) != exit.CodeUsage && ctx.Err() == nil {
		return exit.Failed(fmt.Errorf("%s refused", voice.Count(n, "row was", "rows were")), "correct them, and import the file again: what is there already stays as it is")
	}
	return err
}

// read reads the table.
func (i *importation) read(ctx context.Context) ([]csv.Row, error) {
	i.table.Path = i.ui.path(i.table.Path)
	rows, err := i.table.ReadOnce(ctx, connectors.Env{Name: importing, Dir: ".", Log: i.ui.Log, Now: now})
	var refused *csv.Refused
	if errors.As(err, &refused) {
		bare := *refused
		bare.Hint = ""
		return nil, exit.Failed(&bare, refused.Hint)
	}
	return rows, err
}

// know finds out what people are to have anyway, and which groups have which number.
func (i *importation) know(ctx context.Context) error {
	i.hasRead, i.readErr = true, i.session.read(ctx, false)
	if err := hopeless(ctx, i.readErr); err != nil {
		return err
	}
	out, err := i.engine.Resolve(ctx)
	if err != nil {
		return err
	}
	i.already, i.byNumber = granted(out), map[access.RemoteID]string{}
	for _, g := range out.Input.Desired.Groups {
		if g.ID != 0 && g.Order == nil {
			i.byNumber[g.ID] = g.Name
		}
	}
	return nil
}

// granted returns the groups that people are to have for good, and as everybody has them, by folded address.
func granted(out *engine.Outlook) map[string][]string {
	all := map[string][]string{}
	d := out.Input.Desired
	for _, w := range d.Wishes {
		if w.Standing != access.Keep {
			continue
		}
		names := []string{}
		for _, g := range w.Grants {
			if plainGrant(g) {
				names = append(names, d.Groups[g.Group].Name)
			}
		}
		all[w.Folded] = names
	}
	return all
}

// plainGrant says that a right is one that a table can say: the doors of a group, without dates.
func plainGrant(g access.WishedGrant) bool {
	return !g.Unsure && g.From == 0 && g.Until == 0 && g.Role == access.DoorAccess
}

// judge says what a row asks for, or why it is refused.
func (i *importation) judge(l *keptList, r csv.Row) importRow {
	row := importRow{Line: r.Line, Email: r.Email, Name: r.Name, Groups: []string{}, Ignored: r.Ignored, Outcome: rowRefused, Text: r.Problem}
	if row.Text != "" {
		return row
	}
	if r.Disabled {
		row.Text = "the table says that this person is disabled"
		return row
	}
	if i.has(&row, r) {
		row.Outcome, row.Text = rowUnchanged, "has all that already"
		return row
	}
	if err := maySpeakFor(i.settings, l.name, r.Email); err != nil {
		row.Text = exit.Troubles(err)[0].Text
		return row
	}
	row.person = list.Person{Email: r.Email, Name: r.Name, Note: i.note()}
	for _, word := range slices.Concat(r.Groups, i.groups) {
		given, err := mayGive(i.settings, l.name, listed.Entry{Group: i.groupCalled(word)})
		if err != nil {
			row.Text = fmt.Sprintf("group %s: %s", word, exit.Troubles(err)[0].Text)
			return row
		}
		if name := given.Group; !slices.Contains(row.Groups, name) {
			row.Groups = append(row.Groups, name)
			row.person.Access = append(row.person.Access, list.Access{Entry: listed.Entry{Group: name, Until: i.until}})
		}
	}
	row.Outcome = rowAdded
	return row
}

// groupCalled returns the name of a group that is said by its number in Kisi.
func (i *importation) groupCalled(word string) string {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return word
	}
	return cmp.Or(i.byNumber[access.RemoteID(n)], word)
}

// put puts the people into the list's text, and notes what that changes for each row.
func (i *importation) put(l *keptList, a *alteration) error {
	if i.until != "" {
		if _, err := dateFlag("--until", i.until, "", i.settings.Schedule.Zone); err != nil {
			return err
		}
	}
	var fresh []list.Person
	for k := range i.rows {
		row := &i.rows[k]
		if row.Outcome != rowAdded {
			continue
		}
		switch _, there := l.Find(row.Email); {
		case !there:
			fresh = append(fresh, row.person)
		default:
			before := string(l.Text())
			if err := l.Put(row.person); err != nil {
				row.Outcome, row.Text = rowRefused, err.Error()
				continue
			}
			row.Outcome = rowChanged
			if before == string(l.Text()) {
				row.Outcome = rowUnchanged
				continue
			}
		}
		a.who = append(a.who, email.Fold(row.Email))
	}
	if err := l.Put(fresh...); err != nil {
		return byHand(l, "", err)
	}
	a.after = l.Text()
	return nil
}

// has says that somebody is to have all that a row says, whatever brings it: then nothing is asked of the list, nor of what it may give.
func (i *importation) has(row *importRow, r csv.Row) bool {
	has, known := i.already[email.Fold(r.Email)]
	if !known || i.until != "" {
		return false
	}
	var names []string
	declared := shape.Convert(i.settings.MappingSpec().Groups, func(g mapping.Group) string { return g.Name })
	for _, word := range slices.Concat(r.Groups, i.groups) {
		at := groupNamed(declared, i.groupCalled(word))
		if at < 0 || !slices.Contains(has, declared[at]) {
			return false
		}
		if !slices.Contains(names, declared[at]) {
			names = append(names, declared[at])
		}
	}
	row.Groups = append(row.Groups, names...)
	return true
}

func (i *importation) count(outcome string) (n int) {
	for k := range i.rows {
		if i.rows[k].Outcome == outcome {
			n++
		}
	}
	return n
}
