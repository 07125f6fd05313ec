package csv

import "strings"

// Formula is what a cell begins with that spreadsheets take for a formula. A name that begins so could make the spreadsheet of whoever opens
// the file do something.
const Formula = "=+-@"

// Neutral returns a value that no spreadsheet runs: without control characters, and behind an apostrophe if it looks like a formula. What
// this package reads it understands without the apostrophe.
func Neutral(value string) string {
	value = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || 0x80 <= c && c < 0xa0 {
			return ' '
		}
		return c
	}, value)
	value = strings.Join(strings.Fields(value), " ")
	if value != "" && (strings.IndexByte(Formula, value[0]) >= 0 || value[0] == '\'' && len(value) > 1 && strings.IndexByte(Formula, value[1]) >= 0) {
		return "'" + value
	}
	return value
}
