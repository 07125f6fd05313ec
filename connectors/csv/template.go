package csv

import (
	"fmt"
	"slices"
	"strings"
)

// Kisi's own import has a template with these columns, in this order (kisi-api 7.3). Three of them say what we know how to do; the others
// have a reason for being left alone, which is told whenever somebody filled them in.

// TemplateHeader is the header of the template of Kisi's own import.
func TemplateHeader() []string {
	return []string{"email", "name", "image", "password_flow", "role_id", "group_ids", "credential_token", "backup_credential_token"}
}

// isTemplate says that a header can only be that of the template: it has no other columns, and one that nobody else has.
func isTemplate(names []string) bool {
	own, email := false, false
	for _, n := range names {
		n = strings.ToLower(n)
		if n != "" && !slices.Contains(TemplateHeader(), n) {
			return false
		}
		email = email || n == "email"
		own = own || slices.Contains([]string{"password_flow", "role_id", "group_ids", "credential_token", "backup_credential_token"}, n)
	}
	return own && email
}

// fate is what becomes of a column of the template that is not used.
type fate struct {
	column string
	at     int
	why    string
	fine   func(string) bool // values that ask for nothing that is not so anyway
	rows   int               // in which it asks for something
	line   int               // of the first of them
}

func fatesOf(h *header) (all []fate) {
	empty := func(v string) bool { return v == "" }
	for _, f := range []fate{
		{column: "image", why: "kisi-sync does not handle pictures; add them in Kisi", fine: empty},
		{column: "password_flow", why: "how people log in is said once for all, by kisi.new_users in the configuration", fine: empty},
		{column: "role_id", why: "kisi-sync gives nobody a role in the organization; make administrators in Kisi", fine: func(v string) bool { return v == "" || strings.EqualFold(v, "basic") }},
		{column: "credential_token", why: "kisi-sync does not assign cards; assign them in Kisi when the people are there", fine: empty},
		{column: "backup_credential_token", why: "kisi-sync does not assign cards; assign them in Kisi when the people are there", fine: empty},
	} {
		if f.at = h.find(f.column); f.at >= 0 {
			all = append(all, f)
		}
	}
	return all
}

// look counts what a row asks for in vain.
func (f *fate) look(r row) {
	if f.fine(at(r.cells, f.at)) {
		return
	}
	if f.rows++; f.rows == 1 {
		f.line = r.line
	}
}

func (f *fate) String() string {
	return fmt.Sprintf("column %s is not used in %s (the first is line %d): %s", f.column, rowCount(f.rows), f.line, f.why)
}

func rowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}
