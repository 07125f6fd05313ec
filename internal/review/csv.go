package review

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sheet"
)

// WriteCSV writes one line for each right (RFC 4180), with a line of headings. The owner fills in the column decision with keep or remove.
func (r *Review) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(Columns()); err != nil {
		return err
	}
	for i := range r.Rows {
		cells := r.cells(&r.Rows[i])
		for k := range cells {
			cells[k] = sheet.Line(cells[k])
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// Columns are the headings. They are for programs, too, and stay.
func Columns() []string {
	return []string{"decision", "remark", "name", "address", "kind", "group", "role", "opens_now", "source", "why", "since", "evidence", "until", "last_unlock", "card",
		"next_run", "review_of", "looked_at", "user_id", "group_id"}
}

func (r *Review) cells(row *Row) []string {
	zone := r.At.Location()
	return []string{"", "", row.Name, row.Address, row.Kind, row.Group, row.Role, row.Opens, row.Source, row.Why, day(row.Since, zone, ""), row.Evidence,
		day(row.Until, zone, ""), row.used(zone), row.Card, row.Next, r.Of, r.At.Format(time.RFC3339), number(row.User), number(row.GroupID)}
}

func number(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}
