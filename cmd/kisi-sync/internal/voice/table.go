package voice

import (
	"fmt"
	"text/tabwriter"
)

// Table prints a head and rows, whose cells are separated by tabs, in columns, also with --json.
func (u *Voice) Table(head string, rows []string) error {
	w := tabwriter.NewWriter(u.Out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, head)
	for _, row := range rows {
		fmt.Fprintln(w, row)
	}
	return w.Flush()
}
