package dn

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

func TestSpellingsOfOneNameBecomeOneText(t *testing.T) {
	for _, c := range []struct {
		why, in, want string
	}{
		{"canonical already", "cn=ana doe,ou=staff,dc=example,dc=com", "cn=ana doe,ou=staff,dc=example,dc=com"},
		{"the root", "", ""},
		{"only spaces", "  ", ""},
		{"case", "CN=Ana Doe,OU=Staff,DC=Example,DC=COM", "cn=ana doe,ou=staff,dc=example,dc=com"},
		{"spaces after commas", "cn=ana doe, ou=staff ,  dc=example , dc=com ", "cn=ana doe,ou=staff,dc=example,dc=com"},
		{"spaces around =", " cn = ana doe,ou =staff", "cn=ana doe,ou=staff"},
		{"runs of spaces", "cn=ana   doe", "cn=ana doe"},
		{"escaped spaces at both ends", `cn=\ ana doe\20`, "cn=ana doe"},
		{"a value of spaces is not an empty one", `cn=\ `, `cn=\ `},
		{"an empty value", "cn=,dc=x", "cn=,dc=x"},
		{"a comma escaped by hex", `CN=Doe\2C Ana,OU=x`, `cn=doe\, ana,ou=x`},
		{"a comma escaped by backslash", `CN=Doe\, Ana,OU=x`, `cn=doe\, ana,ou=x`},
		{"a comma in quotation marks", `CN="Doe, Ana",OU=x`, `cn=doe\, ana,ou=x`},
		{"quoted quotation marks", `CN="Ana \"A\" Doe" , OU=x`, `cn=ana \"a\" doe,ou=x`},
		{"needless escapes", `cn=a\=b\#c`, `cn=a=b#c`},
		{"a number sign in front", `cn=\#1 team`, `cn=\#1 team`},
		{"a number sign in front, quoted", `cn="#1 team"`, `cn=\#1 team`},
		{"upper and lower hex", `cn=a\2B\2b`, `cn=a\+\+`},
		{"UTF-8 by hex", `cn=Lu\C4\8Di\C4\87`, "cn=lučić"},
		{"decomposed umlaut", "cn=Ju\u0308rgen", "cn=jürgen"},
		{"long s is an s", "cn=ſ", "cn=s"},
		{"bytes that are no text", `cn=A\ff`, `cn=a\ff`},
		{"control characters", "cn=a\\0Acnf:1\tx", `cn=a\0acnf:1\09x`},
		{"semicolons", "cn=a;ou=b", "cn=a,ou=b"},
		{"multi-valued in any order", "uid=7 + cn=Ana,dc=x", "cn=ana+uid=7,dc=x"},
		{"a part said twice", "cn=ana+CN=Ana", "cn=ana"},
		{"OIDs", "2.5.4.3=Ana,OID.2.5.4.11=x,0.9.2342.19200300.100.1.25=com", "cn=ana,ou=x,dc=com"},
		{"an unknown OID", "1.2.3.4=x", "1.2.3.4=x"},
		{"long names", "commonName=Ana,organizationalUnitName=x,domainComponent=com", "cn=ana,ou=x,dc=com"},
		{"a string in BER", "2.5.4.3=#0C03416E61", "cn=ana"},
		{"something else in BER", "cn=#0101FF", "cn=#0101ff"},
		{"colons and slashes", "cn=a/b:c@d,dc=x", "cn=a/b:c@d,dc=x"},
	} {
		got, err := Canonical(c.in)
		if err != nil || got != c.want {
			t.Errorf("%s: Canonical(%q) = %q, %v; want %q", c.why, c.in, got, err, c.want)
		}
	}
}

func TestDifferentNamesStayDifferent(t *testing.T) {
	seen := map[string]string{}
	for _, s := range []string{
		`cn=a,dc=x`, `cn=a\,dc=x`, `cn=a+dc=x`, `cn=a\+dc=x`, `cn=\ `, `cn=`, `cn=\#0101ff`, `cn=#0101ff`, `cn=a b`, `cn=ab`,
		`cn=a\0a`, `cn=a`, `cn=ı`, `cn=i`, `cn=a\\`, `cn=a\5c\5c`, `uid=a`, `dc=x,cn=a`, `cn=ä`, "cn=a\\cc", `cn=\c3`, `cn=\\c3`,
	} {
		c, err := Canonical(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if other, taken := seen[c]; taken {
			t.Errorf("%q and %q both became %q", s, other, c)
		}
		seen[c] = s
	}
}

func TestABrokenNameIsAnErrorThatNamesTheOffset(t *testing.T) {
	for in, want := range map[string]string{
		"ana":             "expected = at offset 3",
		"cn=a,":           "expected an attribute type at offset 5",
		",cn=a":           "expected an attribute type at offset 0",
		"cn=a,,dc=x":      "expected an attribute type at offset 5",
		"cn=a+":           "expected an attribute type at offset 5",
		"=a":              "expected an attribute type at offset 0",
		"1=a":             "expected an attribute type at offset 0",
		"1..2=a":          "expected an attribute type at offset 0",
		"cn.x=a":          "expected an attribute type at offset 0",
		`cn=a\`:           "backslash at the end at offset 4",
		`cn=a\x`:          "unknown escape at offset 4",
		`cn="a`:           "quotation mark without an end at offset 3",
		`cn="a" b`:        "expected a comma or the end at offset 7",
		`cn=a"b`:          `unescaped '"' at offset 4`,
		"cn=a<b":          "unescaped '<' at offset 4",
		"cn=#0":           "expected pairs of hexadecimal digits at offset 3",
		"cn=#,dc=x":       "expected pairs of hexadecimal digits at offset 3",
		"cn=#0101ffx":     "expected a comma or the end at offset 10",
		"cn=a\x00":        `unescaped '\x00' at offset 4`,
		"cn=Ana,ou Staff": "expected = at offset 10",
	} {
		got, err := Canonical(in)
		if err == nil || !strings.HasSuffix(err.Error(), want) || got != "" {
			t.Errorf("Canonical(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestACanonicalNameCostsNoMemory(t *testing.T) {
	const name = "cn=ana doe,ou=people,ou=berlin,dc=example,dc=com"
	if n := testing.AllocsPerRun(100, func() { _, _ = Canonical(name) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// agreeWithLDAP holds Canonical against another reader of names: what that one calls equal must be equal here, unless it holds
// bytes that are no text, which that one takes for one another, or U+0345, whose upper-case form is a letter that does not move
// when marks are brought into order.
func agreeWithLDAP(t *testing.T, a, b string) {
	x, errX := ldap.ParseDN(a)
	y, errY := ldap.ParseDN(b)
	if errX != nil || errY != nil || !isText(x) || !isText(y) {
		return
	}
	ca, errA := Canonical(a)
	cb, errB := Canonical(b)
	if errA != nil || errB != nil {
		return // stricter on purpose
	}
	if x.EqualFold(y) && ca != cb {
		t.Errorf("%q and %q are equal, but became %q and %q", a, b, ca, cb)
	}
}

func isText(name *ldap.DN) bool {
	for _, rdn := range name.RDNs {
		for _, part := range rdn.Attributes {
			if !utf8.ValidString(part.Value) || strings.ContainsAny(part.Value, "\uFFFD\u0345") {
				return false
			}
		}
	}
	return true
}

func TestNamesThatGoLDAPCallsEqualAreEqual(t *testing.T) {
	all := []string{
		"CN=Ana,DC=x", "cn=ana, dc=x", "cn=ANA;dc=X", `cn=an\61,dc=x`, "cn=ana+uid=7,dc=x", "uid=7+cn=Ana,dc=x", `cn=Doe\2c Ana,dc=x`,
		`cn=doe\, ana,dc=x`, "cn=Jürgen,dc=x", `cn=j\c3\bcrgen,dc=x`, "cn=a  b", "cn=a b", "", "cn=#04024869", "cn=hi",
	}
	for _, a := range all {
		for _, b := range all {
			agreeWithLDAP(t, a, b)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{
		`CN=Doe\2C Ana,OU=x`, `cn="a, b" + uid=7;dc=x`, "2.5.4.3=#0C03416E61", "cn=Ju\u0308rgen,dc=ſ", `cn=\ \ ,dc=`, `cn=\ff\20\#`, "cn=α\u0345",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := Canonical(s)
		if err != nil {
			return
		}
		if twice, err := Canonical(once); err != nil || twice != once {
			t.Errorf("%q became %q, and that %q (%v)", s, once, twice, err)
		}
		if isCanonical(s) && slow(s) != s {
			t.Errorf("%q was taken as it is, but is %q", s, slow(s))
		}
		agreeWithLDAP(t, s, once)
		agreeWithLDAP(t, s, strings.ToUpper(s))
	})
}

// slow is Canonical without the short cut: a space in front is taken away again.
func slow(s string) string {
	c, _ := Canonical(" " + s)
	return c
}

func BenchmarkCanonical(b *testing.B) {
	for name, s := range map[string]string{
		"canonical": "cn=ana doe,ou=people,ou=berlin,dc=example,dc=com",
		"mixed":     "CN=Ana Doe,OU=People,OU=Berlin,DC=example,DC=com",
		"escaped":   `CN=Doe\, Ana,OU=People,OU=Berlin,DC=example,DC=com`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Canonical(s)
			}
		})
	}
}
