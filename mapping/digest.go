package mapping

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/kisi-sync/kisi-sync/internal/dn"
)

// digest names what a rule says, so that a changed file is told from a changed person. The order of the file and of lists that
// have none counts for nothing. It is kept in the ledger, so it must come out the same in every version of this program and of the
// library that reads expressions: it is over what the file says, not over what was made of it.
func (r *rule) digest() uint64 {
	var text strings.Builder
	say := func(parts ...any) {
		for _, p := range parts {
			fmt.Fprintf(&text, "%q,", fmt.Sprint(p))
		}
		text.WriteByte('\n')
	}
	group := r.From.Group
	if canonical, err := dn.Canonical(group); err == nil {
		group = canonical
	}
	say("rule", r.Name, r.From.Source, group, r.From.Everyone, r.role().ID(), r.Notify)
	say(slices.Sorted(slices.Values(r.Grant)))
	for _, x := range r.sortedRoles() {
		say("role of", x.Role, x.Place)
	}
	if r.Listed {
		say("listed")
	}
	if r.Where != "" {
		say("where", withoutBlanks(r.Where))
	}
	r.sayMore(say)
	for _, b := range []*bound{r.begin, r.until} {
		if b != nil {
			say("date", b.isEnd, b.Attribute, uint32(b.fixed), uint8(b.Missing))
			b.sayMore(say)
		}
	}
	reads := slices.SortedFunc(slices.Values(r.reads), func(a, b Attribute) int { return cmp.Compare(a.Name, b.Name) })
	for _, a := range reads {
		say("reads", a.Name, a.From, a.List)
		if a.Format != "" {
			say("format", a.Name, a.Format)
		}
	}
	sum := sha256.Sum256([]byte(text.String()))
	return binary.BigEndian.Uint64(sum[:8])
}

// sayMore says what a rule says beyond what rules could say at first.
func (r *rule) sayMore(say func(...any)) {
	for _, x := range r.conditions {
		say("condition", x.Name, withoutBlanks(x.Text))
	}
	if len(r.Exclude) > 0 {
		say("exclude", slices.Sorted(slices.Values(r.Exclude)))
	}
	var all []string
	for i := range r.Except {
		all = append(all, r.Except[i].words())
	}
	if slices.Sort(all); len(all) > 0 {
		say("except", all)
	}
}

// sayMore says what a date says beyond what dates could say at first, so that old marks stay good.
func (b *bound) sayMore(say func(...any)) {
	if b.Shift != (Shift{}) {
		say("shift", b.isEnd, b.Shift.N, b.Shift.Unit)
	}
	if b.Format != "" || b.Unreadable != Refuse {
		say("form", b.isEnd, b.Format, uint8(b.Unreadable))
	}
}

// withoutBlanks drops the blanks of an expression that mean nothing: all outside of quotation marks but one between two words.
func withoutBlanks(text string) string {
	var out strings.Builder
	quote, blank, last := rune(0), false, rune(0)
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for _, r := range text {
		if quote == 0 && unicode.IsSpace(r) {
			blank = true
			continue
		}
		if blank && word(last) && word(r) {
			out.WriteByte(' ')
		}
		switch {
		case quote == 0 && strings.ContainsRune("\"'`", r):
			quote = r
		case r == quote && (last != '\\' || quote == '`'):
			quote = 0
		}
		if last == '\\' && r == '\\' {
			last = 0 // an escaped backslash escapes nothing
		} else {
			last = r
		}
		out.WriteRune(r)
		blank = false
	}
	return out.String()
}

// shortGroup names a selector's group as people do: the first value of a distinguished name, or what the file says.
func shortGroup(text string) string {
	canonical, err := dn.Canonical(text)
	if err != nil || canonical == "" {
		return text
	}
	_, value, _ := strings.Cut(strings.TrimSpace(text), "=")
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case ',', ';', '+':
			return strings.Trim(strings.ReplaceAll(value[:i], `\`, ""), ` "`)
		}
	}
	return strings.Trim(strings.ReplaceAll(value, `\`, ""), ` "`)
}
