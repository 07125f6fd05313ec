package record

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sheet"
)

// LineWriter writes lines of the trail for other programs. Close ends the text, not what is below it.
type LineWriter interface {
	Write(e *Entry) error
	Close() error
}

// NewJSONLines returns a writer of one JSON object a line (jsonlines.org). Fields that say nothing are left out.
func NewJSONLines(w io.Writer) LineWriter {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return jsonLines{enc}
}

type jsonLines struct{ enc *json.Encoder }

func (j jsonLines) Write(e *Entry) error { return j.enc.Encode(exported(e)) }
func (jsonLines) Close() error           { return nil }

// line is an entry as it is exported. Its names are for scripts and stay.
type line struct {
	Number      uint64          `json:"number"`
	At          time.Time       `json:"at"`
	Kind        string          `json:"kind"`
	What        string          `json:"what"`
	Why         string          `json:"why,omitempty"`
	Outcome     string          `json:"outcome"`
	Who         string          `json:"who,omitempty"`
	Person      string          `json:"person,omitempty"`
	Member      access.RemoteID `json:"member,omitempty"`
	Anchor      access.Anchor   `json:"source_record,omitempty"`
	Group       string          `json:"group,omitempty"`
	GroupID     access.RemoteID `json:"group_id,omitempty"`
	Doors       []string        `json:"doors,omitempty"`
	Role        string          `json:"role,omitempty"`
	From        *time.Time      `json:"from,omitempty"`
	Until       *time.Time      `json:"until,omitempty"`
	Cause       string          `json:"cause,omitempty"`
	Rule        string          `json:"rule,omitempty"`
	Run         uint64          `json:"run,omitempty"`
	Step        string          `json:"step,omitempty"`
	ApprovedBy  string          `json:"approved_by,omitempty"`
	ApprovedWhy string          `json:"approved_why,omitempty"`
	Held        string          `json:"held,omitempty"`
}

func exported(e *Entry) line {
	l := line{Number: e.Number, At: e.At.UTC(), Kind: e.Word(), What: e.What, Why: e.Why, Outcome: e.Outcome, Who: e.Who, Person: e.person(),
		Member: e.Member, Anchor: e.Anchor, Group: e.GroupName, GroupID: e.Group, From: moment(e.From), Until: moment(e.Until),
		Cause: e.Cause, Rule: e.Rule, Run: e.Run, Held: e.Held}
	for _, d := range e.Doors {
		l.Doors = append(l.Doors, d.String())
	}
	if e.Role != access.NoRole {
		l.Role = e.Role.Words()
	}
	if e.Step != (access.Digest{}) {
		l.Step = e.Step.String()
	}
	if e.Approval != nil {
		l.ApprovedBy, l.ApprovedWhy = e.Approval.By, e.Approval.Why
	}
	return l
}

func moment(at access.Instant) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}

// NewCSV returns a writer of comma-separated values (RFC 4180) with a line of headings. What a spreadsheet would take for a formula
// begins with an apostrophe: names come from directories, and whoever may choose a name must not run anything at the auditor's.
func NewCSV(w io.Writer) LineWriter {
	c := &csvLines{w: csv.NewWriter(w)}
	c.w.UseCRLF = true
	return c
}

type csvLines struct {
	w     *csv.Writer
	begun bool
}

func (c *csvLines) Write(e *Entry) error {
	if err := c.begin(); err != nil {
		return err
	}
	l := exported(e)
	row := []string{strconv.FormatUint(l.Number, 10), l.At.Format(time.RFC3339), l.Kind, l.What, l.Why, l.Outcome, l.Who, l.Person, number(l.Member),
		string(l.Anchor), l.Group, number(l.GroupID), strings.Join(l.Doors, "; "), l.Role, text(l.From), text(l.Until), l.Cause, l.Rule,
		strconv.FormatUint(l.Run, 10), l.Step, l.ApprovedBy, l.ApprovedWhy, l.Held}
	for i := range row {
		row[i] = sheet.Harmless(row[i])
	}
	return c.w.Write(row)
}

// begin writes the headings, also of a trail without a line.
func (c *csvLines) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	return c.w.Write([]string{"number", "at", "kind", "what", "why", "outcome", "who", "person", "member", "source_record", "group", "group_id",
		"doors", "role", "from", "until", "cause", "rule", "run", "step", "approved_by", "approved_why", "held"})
}

func (c *csvLines) Close() error {
	if err := c.begin(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func number(id access.RemoteID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

func text(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339)
}

// ExportFormats returns the names of the formats that NewLineWriter knows.
func ExportFormats() []string { return []string{"csv", "jsonl"} }

// NewLineWriter returns a writer of a format by its name.
func NewLineWriter(format string, w io.Writer) (LineWriter, error) {
	switch format {
	case "csv":
		return NewCSV(w), nil
	case "jsonl":
		return NewJSONLines(w), nil
	}
	return nil, fmt.Errorf("no format %q: %s expected", format, strings.Join(ExportFormats(), " or "))
}
