package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors/csv"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// exportation is what export writes, and where.
type exportation struct {
	template, kisiCSV bool
	out               string
}

func exportVerb(ui *call, c *common) *cobra.Command {
	x := &exportation{}
	cmd := &cobra.Command{
		Use: "export", Short: "Write people and groups as Kisi's own import takes them, or an empty template", Args: exactly(),
		Long: `--kisi-csv writes everybody who is to have doors, as kisi-sync decides it, with the numbers of the groups, in the columns of
Kisi's own import. That import knows neither dates nor roles: rights that have an end, or more than door access, are left
out, and told. Import gives what is in the file and nothing else: it takes nothing away and knows no limits.

--template writes the header alone, to be filled in for kisi-sync import. No value is written that a spreadsheet could take
for a formula: such a one stands behind an apostrophe, and kisi-sync import reads it without.`,
		Example: `  kisi-sync export --template > people.csv
  kisi-sync export --kisi-csv --out people.csv`,
	}
	cmd.Flags().BoolVar(&x.template, "template", false, "the header of Kisi's template")
	cmd.Flags().BoolVar(&x.kisiCSV, "kisi-csv", false, "everybody who is to have doors, in Kisi's template")
	cmd.Flags().StringVarP(&x.out, "out", "o", "", "write to `FILE` instead of standard output")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return x.run(cmd.Context(), ui, c) }
	return cmd
}

func (x *exportation) run(ctx context.Context, ui *call, c *common) (err error) {
	switch {
	case x.template == x.kisiCSV:
		return exit.Usage(errors.New("say what to write: --template, or --kisi-csv"), "")
	case ui.JSON:
		return exit.Usage(errors.New("export has no --json"), "it writes CSV")
	case x.template:
		return x.write(ui, [][]string{csv.TemplateHeader()})
	}
	s, err := open(ctx, ui, c, opening{asked: "export", patience: watched})
	if err != nil {
		return err
	}
	defer s.closeInto(&err)
	readErr := s.read(ctx, false)
	if err := hopeless(ctx, readErr); err != nil {
		return s.untouched(err)
	}
	out, err := s.engine.Resolve(ctx)
	if err != nil {
		return s.untouched(err)
	}
	rows, left := kisiRows(out)
	ui.Warn(left)
	return exit.Also(readErr, x.write(ui, rows))
}

// kisiRows are the rows of Kisi's template, by address, and what could not be said in them.
func kisiRows(out *engine.Outlook) (rows [][]string, left []exit.Trouble) {
	d := out.Input.Desired
	rows = [][]string{csv.TemplateHeader()}
	special, unmade := 0, map[string]bool{}
	wishes := slices.Clone(d.Wishes)
	slices.SortStableFunc(wishes, func(a, b access.Wish) int { return cmp.Compare(a.Folded, b.Folded) })
	for _, w := range wishes {
		var ids []string
		for _, g := range w.Grants {
			switch group := &d.Groups[g.Group]; {
			case !plainGrant(g):
				special++
			case group.ID == 0:
				unmade[group.Name] = true
			default:
				ids = append(ids, strconv.FormatInt(int64(group.ID), 10))
			}
		}
		if w.Standing == access.Keep && len(ids) > 0 {
			rows = append(rows, []string{cmp.Or(w.Folded, w.Email), w.Name, "", "", "", strings.Join(ids, ";"), "", ""})
		}
	}
	if special > 0 {
		left = append(left, exit.Trouble{Text: fmt.Sprintf("%s left out, with dates or another role than door access: Kisi's import does not know those", voice.Count(special, "right is", "rights are"))})
	}
	for _, name := range slices.Sorted(maps.Keys(unmade)) {
		left = append(left, exit.Trouble{Text: fmt.Sprintf("the group %q is left out: it is not in Kisi yet", name)})
	}
	return rows, left
}

func (x *exportation) write(ui *call, rows [][]string) error {
	text, err := sheet(rows)
	if err != nil {
		return err
	}
	if x.out == "" {
		ui.Say("%s", strings.TrimSuffix(string(text), "\n"))
		return nil
	}
	if err := os.WriteFile(ui.path(x.out), text, 0o600); err != nil {
		return exit.Failed(fmt.Errorf("write the table: %w", err), "")
	}
	ui.Tell("%s written to %s", voice.Count(len(rows)-1, "person", "people"), x.out)
	return nil
}
