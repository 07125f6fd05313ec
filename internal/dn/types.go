package dn

import "strings"

// canonicalType returns the one name of an attribute type; ok is false when s cannot be one. An OID that is not known stays
// as it is.
func canonicalType(s string) (name string, ok bool) {
	for _, usual := range [...]string{"cn", "ou", "dc", "uid"} {
		if strings.EqualFold(s, usual) {
			return usual, true
		}
	}
	s = strings.ToLower(s)
	if s == "" {
		return "", false
	}
	if rest, found := strings.CutPrefix(s, "oid."); found {
		return numericType(rest)
	}
	if s[0] >= '0' && s[0] <= '9' {
		return numericType(s)
	}
	if s[0] < 'a' || s[0] > 'z' || strings.Contains(s, ".") {
		return "", false
	}
	return shortName(s), true
}

// numericType checks a numeric OID (RFC 4512 section 1.4) and names it when it is known.
func numericType(s string) (name string, ok bool) {
	if !strings.Contains(s, ".") {
		return "", false
	}
	for arc := range strings.SplitSeq(s, ".") {
		if !isArc(arc) {
			return "", false
		}
	}
	return shortName(s), true
}

func isArc(s string) bool {
	if s == "" || len(s) > 1 && s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// shortName returns the short name of a type that has several. The names and numbers are those of RFC 4519 section 2,
// RFC 4524 section 2 and RFC 2985 section 5.2.1 (emailAddress); "s" and "sp" are spellings of st that certificates use.
func shortName(s string) string {
	switch s {
	case "2.5.4.3", "commonname":
		return "cn"
	case "2.5.4.4", "surname":
		return "sn"
	case "2.5.4.5":
		return "serialnumber"
	case "2.5.4.6", "countryname":
		return "c"
	case "2.5.4.7", "localityname":
		return "l"
	case "2.5.4.8", "stateorprovincename", "s", "sp":
		return "st"
	case "2.5.4.9", "streetaddress":
		return "street"
	case "2.5.4.10", "organizationname":
		return "o"
	case "2.5.4.11", "organizationalunitname":
		return "ou"
	case "2.5.4.12":
		return "title"
	case "2.5.4.42", "gn":
		return "givenname"
	case "2.5.4.43":
		return "initials"
	case "2.5.4.44":
		return "generationqualifier"
	case "2.5.4.46":
		return "dnqualifier"
	case "2.5.4.65":
		return "pseudonym"
	case "0.9.2342.19200300.100.1.1", "userid":
		return "uid"
	case "0.9.2342.19200300.100.1.3", "rfc822mailbox":
		return "mail"
	case "0.9.2342.19200300.100.1.25", "domaincomponent":
		return "dc"
	case "1.2.840.113549.1.9.1", "e", "email":
		return "emailaddress"
	}
	return s
}
