package dn

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// readValue reads one value into p.value and stops at a separator or the end.
func (p *parser) readValue() error {
	p.value, p.decoded = p.value[:0], false
	switch {
	case p.at < len(p.in) && p.in[p.at] == '#':
		return p.hexValue()
	case p.at < len(p.in) && p.in[p.at] == '"':
		return p.quotedValue()
	}
	return p.stringValue()
}

func (p *parser) stringValue() error {
	for p.at < len(p.in) {
		switch c := p.in[p.at]; c {
		case ',', ';', '+':
			return nil
		case '\\':
			if err := p.escape(); err != nil {
				return err
			}
		case '"', '<', '>', 0:
			return p.fail(p.at, "unescaped %q", c)
		default:
			p.value = append(p.value, c)
			p.at++
		}
	}
	return nil
}

// quotedValue reads a value between quotation marks, as RFC 2253 section 4 wants it read.
func (p *parser) quotedValue() error {
	opened := p.at
	for p.at++; p.at < len(p.in); {
		switch c := p.in[p.at]; c {
		case '"':
			p.at++
			return p.endOfValue()
		case '\\':
			if err := p.escape(); err != nil {
				return err
			}
		default:
			p.value = append(p.value, c)
			p.at++
		}
	}
	return p.fail(opened, "quotation mark without an end")
}

// escape reads a backslash and what it stands for: two hexadecimal digits, or the character itself.
func (p *parser) escape() error {
	if p.at+2 < len(p.in) {
		if b, ok := hexPair(p.in[p.at+1], p.in[p.at+2]); ok {
			p.value = append(p.value, b)
			p.at += 3
			return nil
		}
	}
	if p.at+1 == len(p.in) {
		return p.fail(p.at, "backslash at the end")
	}
	switch c := p.in[p.at+1]; {
	case mustEscape(c), c == ' ', c == '#', c == '=':
		p.value = append(p.value, c)
		p.at += 2
		return nil
	}
	return p.fail(p.at, "unknown escape")
}

func hexPair(high, low byte) (byte, bool) {
	h, ok := hexDigit(high)
	l, ok2 := hexDigit(low)
	return h<<4 | l, ok && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// hexValue reads #hex, which is a BER encoding: a string is decoded, anything else stays as it is.
func (p *parser) hexValue() error {
	from := p.at + 1
	for p.at = from; p.at < len(p.in); p.at++ {
		if _, ok := hexDigit(p.in[p.at]); !ok {
			break
		}
	}
	raw, err := hex.DecodeString(p.in[from:p.at])
	if err != nil || len(raw) == 0 {
		return p.fail(from-1, "expected pairs of hexadecimal digits")
	}
	if text, ok := berString(raw); ok {
		p.value = append(p.value, text...)
	} else {
		p.decoded = true
		p.value = hex.AppendEncode(p.value, raw)
	}
	return p.endOfValue()
}

// berString returns the content of a primitive string of at most 127 bytes (X.690 sections 8.1.3.4, 8.7 and 8.21): OCTET STRING,
// UTF8String, PrintableString or IA5String.
func berString(raw []byte) ([]byte, bool) {
	if len(raw) < 2 || raw[1] > 0x7f || int(raw[1]) != len(raw)-2 {
		return nil, false
	}
	switch raw[0] {
	case 0x04, 0x0c, 0x13, 0x16:
		return raw[2:], true
	}
	return nil, false
}

func (p *parser) endOfValue() error {
	p.skipSpaces()
	if p.at == len(p.in) {
		return nil
	}
	switch p.in[p.at] {
	case ',', ';', '+':
		return nil
	}
	return p.fail(p.at, "expected a comma or the end")
}

// writeValue appends the canonical form of the value that was read.
func (p *parser) writeValue() {
	if p.decoded {
		p.out = append(p.out, '#')
		p.out = append(p.out, p.value...)
		return
	}
	value := fold(p.value)
	from, space := len(p.out), false
	for _, c := range value {
		if c == ' ' {
			space = true
			continue
		}
		if space && len(p.out) > from {
			p.out = append(p.out, ' ')
		}
		space = false
		p.out = appendEscaped(p.out, c, len(p.out) == from, value)
	}
	if space && len(p.out) == from {
		p.out = append(p.out, `\ `...) // a value of spaces alone is not the empty value
	}
}

// appendEscaped appends one byte of a folded value. Bytes that are no text become hexadecimal pairs.
func appendEscaped(out []byte, c byte, first bool, value []byte) []byte {
	switch {
	case mustEscape(c), first && c == '#':
		return append(out, '\\', c)
	case c < ' ', c == 0x7f, c >= utf8.RuneSelf && !utf8.Valid(value):
		const digits = "0123456789abcdef"
		return append(out, '\\', digits[c>>4], digits[c&15])
	}
	return append(out, c)
}

// fold returns the value in lower case and composed; it may write into value. ASCII stays where it is. What is no UTF-8 is taken
// as bytes, of which only ASCII has a case.
func fold(value []byte) []byte {
	ascii := true
	for i, c := range value {
		if 'A' <= c && c <= 'Z' {
			value[i] = c | 0x20
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii || !utf8.Valid(value) {
		return value
	}
	return foldRunes(value)
}

// foldRunes takes letters apart before it folds them, so that it does not matter how they were put together (U+0345 is an iota
// by case, but not once it is part of another letter).
func foldRunes(value []byte) []byte {
	return norm.NFC.Bytes([]byte(strings.Map(lower, string(norm.NFD.Bytes(value)))))
}

// lower returns the smallest lower-case letter that differs from r in case only (so that ſ and S are s, K of Kelvin is k, and ı
// is not i), or the smallest such rune when none is lower.
func lower(r rune) rune {
	least, best := r, rune(-1)
	for o := r; ; {
		least = min(least, o)
		if unicode.IsLower(o) && (best < 0 || o < best) {
			best = o
		}
		if o = unicode.SimpleFold(o); o == r {
			break
		}
	}
	if best >= 0 {
		return best
	}
	return least
}
