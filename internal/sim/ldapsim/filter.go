package ldapsim

import (
	"math/big"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// verdict is the value of a filter: RFC 4511 section 4.5.1.7 has three of them.
type verdict int8

const (
	isFalse verdict = iota - 1
	undefined
	isTrue
)

// matching keeps the entries for which a filter is true.
func matching(entries []*entry, filter *ber.Packet) []*entry {
	var found []*entry
	for _, e := range entries {
		if (subject{e.directory.schema, e.values}).judge(filter) == isTrue {
			found = append(found, e)
		}
	}
	return found
}

// subject is an entry as a filter sees it.
type subject struct {
	schema Schema
	values func(attribute string) []string
}

// Matches says whether a filter, as it came over the wire, is true of an entry whose attributes are compared as a schema says.
func Matches(filter *ber.Packet, s Schema, values func(attribute string) []string) bool {
	return subject{s, values}.judge(filter) == isTrue
}

// judge evaluates a filter as it came over the wire. What it does not understand is undefined, never true.
func (e subject) judge(f *ber.Packet) verdict {
	switch f.Tag {
	case ldap.FilterAnd:
		all := isTrue
		for _, part := range f.Children {
			all = min(all, e.judge(part))
		}
		return all
	case ldap.FilterOr:
		one := isFalse
		for _, part := range f.Children {
			one = max(one, e.judge(part))
		}
		return one
	case ldap.FilterNot:
		if len(f.Children) != 1 {
			return undefined
		}
		return -e.judge(f.Children[0])
	case ldap.FilterPresent:
		return e.judgePresent(text(f))
	case ldap.FilterSubstrings:
		return e.judgeSubstrings(f)
	case ldap.FilterExtensibleMatch:
		return e.judgeExtensible(f)
	}
	return e.judgeAssertion(f)
}

func (e subject) judgePresent(attribute string) verdict {
	t := e.schema[strings.ToLower(attribute)]
	if t.syntax == unknown {
		return undefined
	}
	return truth(t.syntax != secret && len(e.values(t.name)) > 0)
}

// judgeAssertion is for equality, approximate match (which is equality here), greater-or-equal and less-or-equal.
func (e subject) judgeAssertion(f *ber.Packet) verdict {
	if len(f.Children) != 2 {
		return undefined
	}
	t := e.schema[strings.ToLower(text(f.Children[0]))]
	want, ok := t.syntax.normal(text(f.Children[1]))
	if !ok || t.syntax == unknown || t.syntax == secret {
		return undefined
	}
	fits := func(have string) bool { return have == want }
	switch f.Tag {
	case ldap.FilterGreaterOrEqual:
		fits = func(have string) bool { return t.syntax.compare(have, want) >= 0 }
	case ldap.FilterLessOrEqual:
		fits = func(have string) bool { return t.syntax.compare(have, want) <= 0 }
	case ldap.FilterEqualityMatch, ldap.FilterApproxMatch:
		return e.anyValue(t, fits)
	default:
		return undefined
	}
	if !t.syntax.ordered() {
		return undefined
	}
	return e.anyValue(t, fits)
}

func (e subject) judgeSubstrings(f *ber.Packet) verdict {
	if len(f.Children) != 2 {
		return undefined
	}
	t := e.schema[strings.ToLower(text(f.Children[0]))]
	if !t.syntax.hasSubstrings() {
		return undefined
	}
	parts := f.Children[1].Children
	if slices.ContainsFunc(parts, func(p *ber.Packet) bool { return !t.syntax.fits(text(p)) }) {
		return undefined
	}
	return e.anyValue(t, func(have string) bool { return t.syntax.contains(have, parts) })
}

// contains looks for initial, any and final parts in order (RFC 4511 section 4.5.1.7.2).
func (s syntax) contains(have string, parts []*ber.Packet) bool {
	for _, part := range parts {
		want := text(part)
		if s != exactASCII {
			want = strings.ToLower(want)
		}
		switch part.Tag {
		case ldap.FilterSubstringsInitial:
			if !strings.HasPrefix(have, want) {
				return false
			}
			have = have[len(want):]
		case ldap.FilterSubstringsAny:
			i := strings.Index(have, want)
			if i < 0 {
				return false
			}
			have = have[i+len(want):]
		default:
			return strings.HasSuffix(have, want)
		}
	}
	return true
}

// The two rules for bits of an integer, as Active Directory names them and OpenLDAP knows them too ([MS-ADTS] 3.1.1.3.4.4).
const (
	bitAnd = "1.2.840.113556.1.4.803"
	bitOr  = "1.2.840.113556.1.4.804"
)

func (e subject) judgeExtensible(f *ber.Packet) verdict {
	var rule, attribute, value string
	for _, part := range f.Children {
		switch part.Tag {
		case ldap.MatchingRuleAssertionMatchingRule:
			rule = text(part)
		case ldap.MatchingRuleAssertionType:
			attribute = text(part)
		case ldap.MatchingRuleAssertionMatchValue:
			value = text(part)
		}
	}
	t := e.schema[strings.ToLower(attribute)]
	want, ok := new(big.Int).SetString(value, 10)
	if !ok || t.syntax != integer || rule != bitAnd && rule != bitOr {
		return undefined
	}
	return e.anyValue(t, func(have string) bool {
		n, _ := new(big.Int).SetString(have, 10)
		both := n.And(n, want)
		return rule == bitAnd && both.Cmp(want) == 0 || rule == bitOr && both.Sign() != 0
	})
}

// anyValue says whether one of the entry's values, brought into normal form, fits.
func (e subject) anyValue(t attributeType, fits func(string) bool) verdict {
	for _, v := range e.values(t.name) {
		if have, ok := t.syntax.normal(v); ok && fits(have) {
			return isTrue
		}
	}
	return isFalse
}

func truth(b bool) verdict {
	if b {
		return isTrue
	}
	return isFalse
}
