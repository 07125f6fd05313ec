// Package audit tells what kisi-sync did, saw and was told, from its own trail; sees whether the trail is whole; and keeps its head on
// other machines.
//
// Nothing is told of a line that does not fit all before it: from there on an error says so. Nothing here adds a line, and Kisi and
// the directories are never asked.
package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/anchor"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// Teller tells what the trail has. All fields are required but Copy.
type Teller struct {
	UI       *voice.Voice
	Settings *config.Settings
	Trail    *store.Preview
	Copy     *anchor.Copy             // of the trail; nil: the file wants none
	Local    func(text string) string // puts the moments in a text by the clock of the door
}

// Moment says when a line was written, in the zone of the file.
func (t *Teller) Moment(at time.Time) string {
	return at.In(t.Settings.Schedule.Zone).Format("2006-01-02 15:04:05 MST")
}

// Show prints the lines that fit, oldest first.
func (t *Teller) Show(ctx context.Context, want record.AuditFilter) error {
	if t.UI.JSON {
		return t.showJSON(ctx, want)
	}
	lines := 0
	err := t.Trail.EachAudit(ctx, want, func(e *record.Entry) error {
		lines++
		t.UI.Say("%d  %s  %s%s", e.Number, t.Moment(e.At), t.Local(e.What), OutcomeWords(e))
		if about := aboutLine(e); about != "" {
			t.UI.Say("      %s", t.Local(about))
		}
		return nil
	})
	if err == nil && lines == 0 {
		t.UI.Say("The trail has no such line.")
	}
	return Broken(err)
}

// Broken adds to an error what to do when the trail is not what was written.
func Broken(err error) error {
	if !errors.Is(err, store.ErrBroken) {
		return err
	}
	return exit.Failed(err, "what is said above holds, and no more is said; keep the state file and its backups as they are: they show what was changed")
}

// showJSON prints the lines as export writes them, as one list.
func (t *Teller) showJSON(ctx context.Context, want record.AuditFilter) error {
	rows, err := t.LinesJSON(ctx, want)
	if err != nil {
		return err
	}
	return t.UI.Print(rows)
}

// LinesJSON returns the lines that fit as one list, each as export writes it.
func (t *Teller) LinesJSON(ctx context.Context, want record.AuditFilter) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := t.Trail.ExportAudit(ctx, want, record.NewJSONLines(&b)); err != nil {
		return nil, Broken(err)
	}
	rows := []json.RawMessage{}
	for line := range bytes.Lines(b.Bytes()) {
		rows = append(rows, bytes.TrimSpace(line))
	}
	return json.Marshal(rows)
}

// OutcomeWords say behind what was done how it ended; "" when that is no news.
func OutcomeWords(e *record.Entry) string {
	if e.Outcome == "" || e.Outcome == record.Done {
		return ""
	}
	return " – " + e.Outcome
}

// aboutLine says why, and who.
func aboutLine(e *record.Entry) string {
	var parts []string
	if e.Why != "" {
		parts = append(parts, e.Why)
	}
	if e.Rule != "" && !strings.Contains(e.Why, e.Rule) {
		parts = append(parts, "rule "+e.Rule)
	}
	if e.Anchor != "" {
		parts = append(parts, "record "+string(e.Anchor))
	}
	if e.Held != "" {
		parts = append(parts, "held: "+e.Held)
	}
	if len(e.Concerned) > 0 {
		parts = append(parts, "about all doors of the person: "+strings.Join(shape.Convert(e.Doors, record.Door.String), ", "))
	}
	if e.Run != 0 {
		parts = append(parts, fmt.Sprintf("run %d", e.Run))
	}
	if e.Who != "" {
		parts = append(parts, "asked by "+e.Who)
	}
	if a := e.Approval; a != nil {
		parts = append(parts, "approved by "+a.By+": "+a.Why)
	}
	return strings.Join(parts, "; ")
}
