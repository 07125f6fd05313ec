package main

import (
	"bytes"
	stdcsv "encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors/csv"
)

// showRows says what becomes of the rows: how many of each sort, and each one that is refused or asks for something in vain.
func (i *importation) showRows() {
	ui := i.ui
	ui.Say("%s: %s, %d added, %d changed, %d unchanged, %d refused", ui.Bold(i.table.Path), voice.Count(len(i.rows), "row", "rows"),
		i.count(rowAdded), i.count(rowChanged), i.count(rowUnchanged), i.count(rowRefused))
	const most = 50
	told := 0
	for k := range i.rows {
		r := &i.rows[k]
		if r.Outcome != rowRefused && len(r.Ignored) == 0 {
			continue
		}
		if told++; told > most {
			continue
		}
		if r.Outcome == rowRefused {
			ui.Say("  %s line %d %s: %s", ui.Red("✗"), r.Line, exit.OneLine(r.Email), exit.OneLine(r.Text))
		}
		for _, text := range r.Ignored {
			ui.Say("  %s line %d %s: %s", ui.Yellow("!"), r.Line, exit.OneLine(r.Email), text)
		}
	}
	if told > most {
		ui.Say("  and %s; --report has all of them", voice.Count(told-most, "row more", "rows more"))
	}
	ui.Say("")
}

// writeReport writes what becomes of each row.
func (i *importation) writeReport() error {
	if i.report == "" {
		return nil
	}
	path := i.ui.path(i.report)
	text, err := i.reportText(strings.EqualFold(filepath.Ext(path), ".json"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (i *importation) reportText(asJSON bool) ([]byte, error) {
	if asJSON {
		text, err := json.MarshalIndent(shape.OrEmpty(i.rows), "", "  ")
		return append(text, '\n'), err
	}
	rows := [][]string{{"line", "email", "name", "groups", "outcome", "text", "ignored"}}
	for k := range i.rows {
		r := &i.rows[k]
		rows = append(rows, []string{strconv.Itoa(r.Line), r.Email, r.Name, strings.Join(r.Groups, ";"), r.Outcome, r.Text, strings.Join(r.Ignored, "; ")})
	}
	return sheet(rows)
}

// sheet writes rows so that no spreadsheet takes a value for a formula.
func sheet(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := stdcsv.NewWriter(&b)
	w.UseCRLF = true
	for _, cells := range rows {
		if err := w.Write(shape.Convert(cells, csv.Neutral)); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
