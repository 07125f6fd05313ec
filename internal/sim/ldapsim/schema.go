package ldapsim

import (
	"math/big"
	"strings"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"
)

// syntax says how values of an attribute are compared (RFC 4517).
type syntax uint8

const (
	unknown     syntax = iota // no such attribute: a filter item about it is neither true nor false
	ignoreCase                // caseIgnoreMatch with substrings
	ignoreASCII               // caseIgnoreIA5Match with substrings
	exactASCII                // caseExactIA5Match with substrings
	path                      // caseExactIA5Match: equality only
	class                     // objectIdentifierMatch over the classes that are known: equality only
	oneOf                     // objectIdentifierMatch over anything: equality only
	name                      // distinguishedNameMatch: equality only
	integer                   // integerMatch with ordering
	moment                    // generalizedTimeMatch with ordering
	identifier                // UUIDMatch with ordering
	sequence                  // CSNMatch with ordering
	octets                    // octetStringMatch: equality only
	secret                    // never shown, never matched
)

// Schema is how attributes are compared, by their names in lower case.
type Schema map[string]attributeType

// NewSchema is the schema of a Tree, each attribute listed once, separated by spaces. What it does not list is unknown to filters.
func NewSchema(a struct{ Text, Names, Integers, Times, Words, Octets string }) Schema {
	known := Schema{}
	for s, names := range map[syntax]string{ignoreCase: a.Text, name: a.Names, integer: a.Integers, moment: a.Times, oneOf: a.Words, octets: a.Octets} {
		for _, n := range strings.Fields(names) {
			known[strings.ToLower(n)] = attributeType{name: n, syntax: s}
		}
	}
	return known
}

type attributeType struct {
	name        string // as the schema spells it
	syntax      syntax
	operational bool
}

// schema lists what the directory knows, in the spelling in which it is answered: RFC 4519, RFC 2798, RFC 2307, OpenLDAP's
// operational attributes, and the company's own contractEndDate.
func schema() Schema {
	known := Schema{}
	add := func(s syntax, operational bool, names string) {
		for _, n := range strings.Fields(names) {
			known[strings.ToLower(n)] = attributeType{n, s, operational}
		}
	}
	add(ignoreCase, false, "cn sn givenName displayName initials title ou o dc l st street description uid "+
		"employeeNumber employeeType departmentNumber telephoneNumber mobile roomNumber preferredLanguage contractEndDate gecos")
	add(ignoreASCII, false, "mail")
	add(exactASCII, false, "memberUid")
	add(path, false, "homeDirectory loginShell")
	add(class, false, "objectClass")
	add(name, false, "member owner manager seeAlso")
	add(integer, false, "uidNumber gidNumber shadowExpire shadowLastChange")
	add(secret, false, "userPassword")
	add(moment, true, "createTimestamp modifyTimestamp pwdAccountLockedTime")
	add(identifier, true, "entryUUID")
	add(sequence, true, "entryCSN")
	add(name, true, "entryDN creatorsName modifiersName memberOf subschemaSubentry")
	add(oneOf, true, "structuralObjectClass supportedControl supportedExtension")
	add(name, true, "namingContexts")
	add(integer, true, "supportedLDAPVersion")
	add(ignoreCase, true, "vendorName")
	return known
}

func (s syntax) ordered() bool {
	return s == integer || s == moment || s == identifier || s == sequence
}

func (s syntax) hasSubstrings() bool { return s == ignoreCase || s == ignoreASCII || s == exactASCII }

func (s syntax) isASCII() bool { return s == ignoreASCII || s == exactASCII || s == path }

// fits says whether a text may stand for a value of the syntax, or for a part of one.
func (s syntax) fits(text string) bool {
	return !s.isASCII() || strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) < 0
}

// classes are the object classes that a filter may name; another one is undefined (RFC 4511 section 4.5.1.7.1).
const classes = " top dcobject organization organizationalunit organizationalrole simplesecurityobject person " +
	"organizationalperson inetorgperson nordlichtperson groupofnames posixgroup posixaccount shadowaccount "

// normal brings a value into the form in which it is compared; false means that it is no value of the syntax.
func (s syntax) normal(value string) (string, bool) {
	if !s.fits(value) {
		return "", false
	}
	switch s {
	case ignoreCase, ignoreASCII, oneOf:
		return fold(value), true
	case class:
		return strings.ToLower(value), strings.Contains(classes, " "+strings.ToLower(value)+" ")
	case name:
		return normalDN(value)
	case integer:
		n, ok := new(big.Int).SetString(value, 10)
		if !ok {
			return "", false
		}
		return n.String(), true
	case identifier:
		return strings.ToLower(value), len(value) == 36
	case moment:
		return normalMoment(value)
	}
	return value, true
}

// normalMoment takes the form YYYYMMDDHHMM[SS][.fraction]Z and fills in seconds, so that texts sort as times.
func normalMoment(value string) (string, bool) {
	digits, ok := strings.CutSuffix(value, "Z")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if !ok || len(whole) < 10 || len(whole) > 14 || len(whole)%2 != 0 || strings.Trim(whole+fraction, "0123456789") != "" {
		return "", false
	}
	whole += "0000"[:14-len(whole)]
	if fraction = strings.TrimRight(fraction, "0"); dotted && fraction != "" {
		whole += "." + fraction
	}
	return whole, true
}

// compare orders two normal values.
func (s syntax) compare(a, b string) int {
	if s == integer {
		x, _ := new(big.Int).SetString(a, 10)
		y, _ := new(big.Int).SetString(b, 10)
		return x.Cmp(y)
	}
	return strings.Compare(a, b)
}

// fold prepares text for caseIgnoreMatch (RFC 4518): compatibility forms, case and runs of spaces do not count.
func fold(value string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(value))), " ")
}

// normalDN is a DN in a form that is equal for equal DNs. It is for small data; the connector under test has its own.
func normalDN(dn string) (string, bool) {
	rdns, ok := splitDN(dn)
	return strings.Join(rdns, ","), ok
}

// splitDN is a DN as normal RDNs, the entry's own first.
func splitDN(dn string) ([]string, bool) {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return nil, false
	}
	rdns := make([]string, 0, len(parsed.RDNs))
	for _, rdn := range parsed.RDNs {
		var parts []string
		for _, a := range rdn.Attributes {
			parts = append(parts, strings.ToLower(a.Type)+"="+ldap.EscapeDN(fold(a.Value)))
		}
		rdns = append(rdns, strings.Join(parts, "+"))
	}
	return rdns, true
}
