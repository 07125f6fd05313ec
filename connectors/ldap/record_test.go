package ldap

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

func TestObjectGUIDHasTheByteOrderOfTheTools(t *testing.T) {
	raw := []byte{0xb8, 0x1d, 0x9f, 0x4a, 0x3c, 0x5e, 0x71, 0x48, 0x8a, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}
	got, err := guidBytes("objectGUID").text(raw)
	if want := "4a9f1db8-5e3c-4871-8a02-112233445566"; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if _, err := guidBytes("objectGUID").text(raw[:15]); err == nil {
		t.Error("15 bytes are taken")
	}
}

func TestAnEntryUUIDIsOneTextWhateverItsCase(t *testing.T) {
	got, err := uuidText("entryUUID").text([]byte("17EC4E69-7A32-1041-9F6B-8D0EF940ECC4"))
	if err != nil || got != "17ec4e69-7a32-1041-9f6b-8d0ef940ecc4" {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"", "17ec4e69", strings.Repeat("x", 36), "17ec4e697a3210419f6b8d0ef940ecc4"} {
		if _, err := uuidText("entryUUID").text([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func entry(dn string, attributes map[string][]string) *ldapwire.Entry {
	return ldapwire.FromLibrary(ldap.NewEntry(dn, attributes))
}

// TestWhoIsDisabled has each preset's marks (cases 26 and more).
func TestWhoIsDisabled(t *testing.T) {
	for _, c := range []struct {
		preset, attribute, value string
		want                     directory.Tri
	}{
		{"active_directory", "userAccountControl", "512", directory.Yes},
		{"active_directory", "userAccountControl", "514", directory.No},
		{"active_directory", "userAccountControl", "66050", directory.No}, // its password never expires
		{"active_directory", "userAccountControl", "-2147483646", directory.No},
		{"active_directory", "userAccountControl", "what", directory.Yes},
		{"active_directory", "", "", directory.Unknown},
		{"openldap", "pwdAccountLockedTime", "000001010000Z", directory.No},
		{"openldap", "pwdAccountLockedTime", "20261121101500Z", directory.Yes}, // wrong passwords, for a while
		{"openldap", "", "", directory.Unknown},
		{"freeipa", "nsAccountLock", "TRUE", directory.No},
		{"freeipa", "NSACCOUNTLOCK", "true", directory.No},
		{"freeipa", "nsAccountLock", "FALSE", directory.Yes},
		{"389ds", "nsaccountlock", "true", directory.No},
	} {
		l, _ := preset(c.preset)
		x := &recorder{layout: &l}
		e := entry("cn=x", map[string][]string{c.attribute: {c.value}})
		if got := x.active(e); got != c.want {
			t.Errorf("%s, %s: %s is %v, want %v", c.preset, c.attribute, c.value, got, c.want)
		}
	}
}

func TestMembersAreNamedInOneForm(t *testing.T) {
	ana := directory.Ref{Kind: directory.ByDN, Value: `cn=doe\, ana,ou=people,dc=example,dc=com`}
	for _, c := range []struct {
		attribute, value string
		want             directory.Ref
		ok               bool
	}{
		{"member", `CN=Doe\, Ana,OU=People,DC=example,DC=com`, ana, true},
		{"member", `cn=Doe\2C Ana, ou=people, dc=example, dc=com`, ana, true},
		{"uniqueMember", `cn=Doe\, Ana,ou=people,dc=example,dc=com#'0101'B`, ana, true},
		{"uniquemember", `cn=a#'b,dc=com`, directory.Ref{Kind: directory.ByDN, Value: `cn=a#'b,dc=com`}, true},
		{"memberUid", "ANA", directory.Ref{Kind: directory.ByUID, Value: "ana"}, true},
		{"member", "", directory.Ref{}, false},
		{"memberUid", "", directory.Ref{}, false},
		{"member", "nobody", directory.Ref{}, false},
	} {
		got, ok := memberRef(c.attribute, c.value)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: %s is %v, %v", c.attribute, c.value, got, ok)
		}
	}
}

func TestTimesOfChangeAreUnderstood(t *testing.T) {
	for value, want := range map[string]time.Time{
		"20261121120000Z":   time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
		"20261121120000.0Z": time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), // Active Directory's form
		"yesterday":         {},
		"":                  {},
	} {
		if got := moment(value); !got.Equal(want) {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

// TestAPartOfAMemberListIsNotTheList is Active Directory's answer for a group beyond MaxValRange: an empty member and a range.
func TestAPartOfAMemberListIsNotTheList(t *testing.T) {
	l, _ := preset("active_directory")
	x := &recorder{layout: &l, proof: &directory.Proof{}, put: func(*directory.Record) error { return nil }}
	e := entry("CN=All,DC=example,DC=com", map[string][]string{"objectGUID": {strings.Repeat("x", 16)}, "member": {}, "member;range=0-1499": {"CN=a,DC=com"}})
	if err := x.group(e); err != nil || len(x.partials) != 1 || x.partials[0].next != 1500 {
		t.Errorf("%+v, %v: the rest is to be read", x.partials, err)
	}
	e = entry("CN=All,DC=example,DC=com", map[string][]string{"objectGUID": {strings.Repeat("x", 16)}, "member;range=1500-2999": {"CN=a,DC=com"}})
	wantError(t, x.group(e), "only a part of its members", "member;range=1500-2999")
}

// kinds is a directory with every kind of group and every spelling of a member.
func kinds(t *testing.T) *slapd.Server {
	t.Helper()
	s := slapd.Start(t, slapd.Options{})
	add := func(dn string, a slapd.Attributes) { t.Helper(); s.Add(dn, a) }
	for _, p := range []struct{ dn, cn, mail string }{
		{`cn=Doe\, Ana,` + slapd.PeopleDN, "Doe, Ana", "ana@example.com"},
		{"uid=bo," + slapd.PeopleDN, "Bo", "bo@example.com"},
		{"uid=møller+cn=Çelik," + slapd.PeopleDN, "Çelik", "cy@example.com"},
	} {
		a := slapd.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {p.cn}, "sn": {"X"}, "mail": {p.mail, "alias." + p.mail}, "description": {"not asked for"}}
		if p.cn == "Çelik" {
			a["uid"] = []string{"møller"}
		}
		add(p.dn, a)
	}
	add("cn=names,"+slapd.GroupsDN, slapd.Attributes{"objectClass": {"groupOfNames"}, "cn": {"names"}, "member": {
		`CN=Doe\2C Ana, OU=People, DC=Example, DC=Com`, "CN=çelik+UID=MØLLER," + slapd.PeopleDN, "cn=printer," + slapd.Suffix, "cn=elsewhere,dc=other"}})
	add("cn=unique,"+slapd.GroupsDN, slapd.Attributes{"objectClass": {"groupOfUniqueNames"}, "cn": {"unique"}, "uniqueMember": {
		"UID=BO," + slapd.PeopleDN + "#'0101'B", "cn=names," + slapd.GroupsDN}})
	add("cn=posix,"+slapd.GroupsDN, slapd.Attributes{"objectClass": {"posixGroup"}, "cn": {"posix"}, "gidNumber": {"7"}, "memberUid": {"bo", "ghost"}})
	return s
}

func TestEveryKindOfGroupIsRead(t *testing.T) {
	s := kinds(t)
	r := connectortest.Follow(t, open(t, settingsFor(t, s)))
	r.Full()
	got := map[string][]string{"names": r.Members("names"), "unique": r.Members("unique"), "posix": r.Members("posix")}
	want := map[string][]string{
		"names":  {"ana@example.com", "cy@example.com"},
		"unique": {"ana@example.com", "bo@example.com", "cy@example.com"},
		"posix":  {"bo@example.com"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	dangling := map[string]int{}
	r.Snapshot.Dangling(func(ref directory.Ref, groups int) { dangling[ref.Kind.String()+" "+ref.Value] = groups })
	if len(dangling) != 3 {
		t.Errorf("members who are nobody: %v", dangling)
	}
}

func TestOnlyWhatRulesReadIsAskedFor(t *testing.T) {
	l, _ := preset("openldap")
	got := l.personAttributes([]string{"departmentNumber", "MAIL"})
	want := []string{"entryUUID", "mail", "uid", "modifyTimestamp", "displayName", "cn", "pwdAccountLockedTime", "departmentNumber"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnAliasAddressFindsItsPerson(t *testing.T) {
	s := kinds(t)
	r := connectortest.Follow(t, open(t, settingsFor(t, s)))
	r.Full()
	var handles []string
	for _, h := range r.Person("bo@example.com").Handles(nil) {
		handles = append(handles, fmt.Sprint(h.Kind, " ", h.Value))
	}
	if !strings.Contains(strings.Join(handles, ";"), "mail alias.bo@example.com") {
		t.Errorf("bo is found by %v", handles)
	}
}

func TestAnIDThatMayNotBeReadIsAnErrorAndNotNobody(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 3, Groups: 1, Members: 2}.Write, Access: []string{"attrs=entryUUID by * none"}})
	wantError(t, fetch(t, settingsFor(t, s)), "has no entryUUID", "let the account read entryUUID")
}

func TestValuesThatAreNoTextComeInBase64(t *testing.T) {
	if plain, bytes := readable([]byte("plain")), readable([]byte("\xff\xfe")); plain != "plain" || bytes != "//4=" {
		t.Errorf("%q, %q", plain, bytes)
	}
}
