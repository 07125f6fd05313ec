// Package email is the one place that knows when two e-mail addresses are the same person's.
//
// Directories and Kisi spell one address in many ways (Ana@x.com, "ana@X.COM ", decomposed umlauts). Everything that
// compares addresses folds them here first; what is sent or shown keeps the spelling it came with.
package email

import (
	"net/mail"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// MaxLength is the longest address that is taken, in bytes (RFC 5321 section 4.5.3.1.3 allows a path of 256 with its
// angle brackets).
const MaxLength = 254

// Fold returns the form in which addresses are compared: trimmed, composed (NFC) and in lower case. Plus-tags and dots
// are kept, because only the receiving server knows what they mean. Folding twice changes nothing.
func Fold(address string) string {
	address = strings.TrimSpace(address)
	if plain(address) {
		return address
	}
	return norm.NFC.String(strings.ToLower(norm.NFC.String(address)))
}

// plain says that an address is already folded; most are, and then nothing is allocated.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// Domain returns what follows the last @ of a folded address, or "" when there is no @.
func Domain(folded string) string {
	if at := strings.LastIndexByte(folded, '@'); at >= 0 {
		return folded[at+1:]
	}
	return ""
}

// usual says that an address is surely good. Most are, and reading them by the full grammar takes its time.
func usual(address string) bool {
	at, dot := -1, true // dot: the last byte cannot be followed by a dot
	for i := range len(address) {
		switch c := address[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '+' && at < 0:
			dot = false
		case c == '.' && !dot:
			dot = true
		case c == '@' && at < 0 && !dot:
			at, dot = i, true
		default:
			return false
		}
	}
	return at > 0 && !dot
}

// Problem says in a few words why an address cannot be used, or "" when it can.
func Problem(address string) string {
	address = strings.TrimSpace(address)
	if address == "" {
		return "no e-mail address"
	}
	if len(address) > MaxLength {
		return "e-mail address longer than 254 bytes"
	}
	if usual(address) {
		return ""
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return "not an e-mail address"
	}
	return ""
}
