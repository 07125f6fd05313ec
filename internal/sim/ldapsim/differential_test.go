package ldapsim

import (
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// TestAnswersAreThoseOfARealServer loads the same made-up entries into slapd and into a Directory and compares the answers
// to searches drawn at random: which entries, and which attributes with which values.
func TestAnswersAreThoseOfARealServer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	world := randomWorld(r)
	theirs := slapd.Start(t, slapd.Options{Load: world.writeLDIF}).Connect(slapd.ReaderDN, slapd.ReaderPassword)
	d := NewDirectory(slapd.Suffix, time.Now)
	for _, ou := range []string{slapd.PeopleDN, slapd.GroupsDN} {
		must(d.Add(ou, Attributes{"objectClass": {"organizationalUnit"}, "ou": {strings.SplitN(ou[3:], ",", 2)[0]}}))
	}
	must(d.Add(slapd.ReaderDN, Attributes{"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"reader"}, "userPassword": {slapd.ReaderPassword}}))
	must(d.Replace(slapd.Suffix, "o", "Example"))
	for _, e := range world {
		must(d.Add(e.dn, e.attrs))
	}
	s := start(t, Options{Directory: d})
	ours := anonymous(t, s, s.SecureURL())
	if err := ours.Bind(slapd.ReaderDN, slapd.ReaderPassword); err != nil {
		t.Fatal(err)
	}
	matched := 0
	for range 2000 {
		request := randomSearch(r)
		want, wantErr := theirs.Search(request)
		got, gotErr := ours.Search(request)
		if (wantErr == nil) != (gotErr == nil) || wantErr != nil && wantErr.(*ldap.Error).ResultCode != gotErr.(*ldap.Error).ResultCode {
			t.Fatalf("%+v: slapd says %v, we say %v", *request, wantErr, gotErr)
		}
		if wantErr != nil {
			continue
		}
		if a, b := render(want), render(got); a != b {
			t.Fatalf("%+v:\nslapd\n%s\nwe\n%s", *request, a, b)
		}
		matched += len(want.Entries)
	}
	if matched < 5_000 {
		t.Errorf("only %d entries were compared: the searches are too narrow to mean anything", matched)
	}
}

type worldEntry struct {
	dn    string
	attrs Attributes
}

type world []worldEntry

var words = []string{"Ana", "ana maria", "Müller", "MÜLLER", "o'Neill", "Doe, John", "x+y", "a  b", "#tag", "Łódź", "張偉", "star*", "(paren)", `back\slash`, "10", "9"}

func randomWorld(r *rand.Rand) world {
	var w world
	for i := range 40 {
		uid := fmt.Sprintf("u%d", i)
		a := Attributes{"objectClass": {"inetOrgPerson"}, "uid": {uid}, "cn": {pick(r, words) + fmt.Sprint(" ", i%5)}, "sn": {pick(r, words)}}
		for _, name := range []string{"givenName", "title", "departmentNumber", "employeeType"} {
			if r.IntN(3) > 0 {
				a[name] = []string{pick(r, words)}
			}
		}
		if r.IntN(2) > 0 {
			a["mail"] = []string{strings.ToUpper(uid[:1]) + uid[1:] + "@Example.com", uid + ".alias@example.com"}
		}
		if i%4 == 0 {
			a["objectClass"] = append(a["objectClass"], "posixAccount")
			a["uidNumber"], a["gidNumber"], a["homeDirectory"] = []string{fmt.Sprint(r.IntN(20))}, []string{"100"}, []string{"/home/" + uid}
		}
		w = append(w, worldEntry{"uid=" + uid + "," + slapd.PeopleDN, a})
	}
	for i := range 8 {
		a := Attributes{"objectClass": {"groupOfNames"}, "cn": {fmt.Sprint("g", i)}}
		for _, m := range r.Perm(40)[:1+r.IntN(6)] {
			a["member"] = append(a["member"], w[m].dn)
		}
		w = append(w, worldEntry{fmt.Sprintf("cn=g%d,%s", i, slapd.GroupsDN), a})
	}
	return append(w, worldEntry{"cn=posix," + slapd.GroupsDN, Attributes{
		"objectClass": {"posixGroup"}, "cn": {"posix"}, "gidNumber": {"7"}, "memberUid": {"u1", "U2"}}})
}

func (w world) writeLDIF(out io.Writer) error {
	for _, e := range w {
		fmt.Fprintf(out, "dn: %s\n", e.dn)
		for _, name := range sortedNames(e.attrs) {
			for _, v := range e.attrs[name] {
				fmt.Fprintf(out, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(v)))
			}
		}
		if _, err := io.WriteString(out, "\n"); err != nil {
			return err
		}
	}
	return nil
}

func randomSearch(r *rand.Rand) *ldap.SearchRequest {
	base := pick(r, []string{slapd.Suffix, slapd.PeopleDN, slapd.GroupsDN, "OU=People, DC=Example,dc=com", "uid=u3," + slapd.PeopleDN,
		"cn=nobody," + slapd.PeopleDN})
	return ldap.NewSearchRequest(base, r.IntN(4), ldap.NeverDerefAliases, 0, 0, r.IntN(10) == 0, randomFilter(r, 3),
		pick(r, [][]string{nil, {"1.1"}, {"*"}, {"cn", "MAIL"}, {"member", "bogus"}, {"uid", "uid"}, {"cn", "*"}}), nil)
}

func randomFilter(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(2) == 0 {
		var parts string
		for range r.IntN(4) {
			parts += randomFilter(r, depth-1)
		}
		if r.IntN(4) == 0 {
			return "(!" + randomFilter(r, depth-1) + ")"
		}
		if parts == "" {
			parts = randomFilter(r, 0)
		}
		return "(" + pick(r, []string{"&", "|"}) + parts + ")"
	}
	attribute := pick(r, []string{"cn", "SN", "uid", "givenname", "mail", "objectClass", "member", "memberUid", "uidNumber", "title",
		"departmentNumber", "bogusAttribute", "ou", "employeeType", "homeDirectory"})
	value := pick(r, append(words, "u1", "U2", "inetorgperson", "GROUPOFNAMES", "posixGroup", "uid=U5, ou=PEOPLE,"+slapd.Suffix, "11", "/home/u4", "u4@example.com", "Ana 1"))
	e := ldap.EscapeFilter(value)
	switch r.IntN(7) {
	case 0:
		return "(" + attribute + "=*)"
	case 1:
		return "(" + attribute + "=" + ldap.EscapeFilter(cut(value, 2)) + "*)"
	case 2:
		return "(" + attribute + "=*" + ldap.EscapeFilter(cut(value, 1)) + "*)"
	case 3:
		return "(" + attribute + ">=" + e + ")"
	case 4:
		return "(" + attribute + "<=" + e + ")"
	case 5:
		return "(uidNumber:" + pick(r, []string{bitAnd, bitOr}) + ":=" + fmt.Sprint(r.IntN(8)) + ")"
	}
	return "(" + attribute + "=" + e + ")"
}

// render is an answer without its order, which no standard fixes.
func render(result *ldap.SearchResult) string {
	var lines []string
	for _, e := range result.Entries {
		dn, _ := normalDN(e.DN)
		line := dn
		slices.SortFunc(e.Attributes, func(a, b *ldap.EntryAttribute) int { return strings.Compare(a.Name, b.Name) })
		for _, a := range e.Attributes {
			values := slices.Sorted(slices.Values(a.Values))
			line += fmt.Sprintf(" %s=%q", a.Name, values)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// cut is the first n letters of a word.
func cut(word string, n int) string { return string([]rune(word)[:min(n, len([]rune(word)))]) }
