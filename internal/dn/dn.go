package dn

import (
	"fmt"
	"slices"
)

// Canonical returns the one form of a distinguished name: attribute types as short lower-case names (2.5.4.3 and commonName are
// cn), values in lower case and composed (NFC), no space around separators or at either end of a value and never two in a row
// (RFC 4518 section 2.6.1), characters escaped where RFC 4514 section 2.4 needs it and nowhere else, the parts of a multi-valued
// RDN sorted. It reads RFC 4514 and what RFC 2253 section 4 asks readers to take besides: semicolons, quoted values, "OID."
// before numbers. Values in #hex (RFC 4514 section 2.4) are decoded when they are strings, else kept.
//
// The empty name (the root) is canonical. Every other input that is no distinguished name is an error. A plain name that is
// canonical already is returned as it is, without allocating.
func Canonical(s string) (string, error) {
	if s == "" || isCanonical(s) {
		return s, nil
	}
	p := parser{in: s, out: make([]byte, 0, len(s)+8)}
	if p.skipSpaces(); p.at == len(s) {
		return "", nil
	}
	for {
		if err := p.rdn(); err != nil {
			return "", err
		}
		if p.at == len(s) {
			return string(p.out), nil
		}
		p.at++ // the separator
		p.out = append(p.out, ',')
	}
}

// isCanonical says that a name of plain ASCII is canonical. It may say no to a canonical name; then it is only slower.
func isCanonical(s string) bool {
	for len(s) > 0 {
		equals := typeLength(s)
		if equals == 0 || equals == len(s) || s[equals] != '=' || shortName(s[:equals]) != s[:equals] {
			return false
		}
		s = s[equals+1:]
		n, ok := plainValue(s)
		if !ok {
			return false
		}
		if n == len(s) {
			return true
		}
		s = s[n+1:]
	}
	return false // nothing after the last comma
}

// typeLength returns how many bytes of s are a lower-case attribute type by name.
func typeLength(s string) int {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !('a' <= c && c <= 'z' || i > 0 && (c == '-' || '0' <= c && c <= '9')) {
			return i
		}
	}
	return len(s)
}

// plainValue returns how many bytes of s are a canonical value of plain ASCII that a comma or the end follows.
func plainValue(s string) (n int, ok bool) {
	i, last := 0, byte(' ')
	for ; i < len(s) && s[i] != ','; i++ {
		c := s[i]
		if c < ' ' || c >= 0x7f || 'A' <= c && c <= 'Z' || mustEscape(c) || c == ' ' && last == ' ' || c == '#' && i == 0 {
			return 0, false
		}
		last = c
	}
	return i, i == 0 || last != ' '
}

// mustEscape says that a character is escaped wherever it stands in a value (RFC 4514 section 2.4).
func mustEscape(c byte) bool {
	switch c {
	case '"', '+', ',', ';', '<', '>', '\\':
		return true
	}
	return false
}

// parser reads one name from left to right and writes its canonical form as it goes.
type parser struct {
	in      string
	at      int
	out     []byte
	value   []byte   // the value that is being read, unescaped
	parts   []string // of a multi-valued RDN
	decoded bool     // the value was written as #hex and is kept so
}

func (p *parser) fail(offset int, format string, args ...any) error {
	return fmt.Errorf("not a distinguished name: %s at offset %d", fmt.Sprintf(format, args...), offset)
}

func (p *parser) skipSpaces() {
	for p.at < len(p.in) && p.in[p.at] == ' ' {
		p.at++
	}
}

// rdn reads one RDN and stops at the comma, the semicolon or the end.
func (p *parser) rdn() error {
	from := len(p.out)
	if err := p.part(); err != nil || !p.plus() {
		return err
	}
	p.parts = append(p.parts[:0], string(p.out[from:]))
	for p.plus() {
		p.at++
		mark := len(p.out)
		if err := p.part(); err != nil {
			return err
		}
		p.parts = append(p.parts, string(p.out[mark:]))
	}
	slices.Sort(p.parts)
	p.out = p.out[:from]
	for i, part := range slices.Compact(p.parts) {
		if i > 0 {
			p.out = append(p.out, '+')
		}
		p.out = append(p.out, part...)
	}
	return nil
}

func (p *parser) plus() bool { return p.at < len(p.in) && p.in[p.at] == '+' }

// part reads "type=value" and the spaces around it, and stops at a separator or the end.
func (p *parser) part() error {
	if err := p.attributeType(); err != nil {
		return err
	}
	if p.skipSpaces(); p.at == len(p.in) || p.in[p.at] != '=' {
		return p.fail(p.at, "expected =")
	}
	p.at++
	p.out = append(p.out, '=')
	p.skipSpaces()
	if err := p.readValue(); err != nil {
		return err
	}
	p.writeValue()
	return nil
}

func (p *parser) attributeType() error {
	p.skipSpaces()
	from := p.at
	for p.at < len(p.in) && isTypeByte(p.in[p.at]) {
		p.at++
	}
	name, ok := canonicalType(p.in[from:p.at])
	if !ok {
		return p.fail(from, "expected an attribute type")
	}
	p.out = append(p.out, name...)
	return nil
}

func isTypeByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}
