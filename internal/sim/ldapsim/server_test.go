package ldapsim

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Directory == nil {
		o.Directory = NewCompany(func() time.Time { return noon }).Directory
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// connect is a session over ldaps, logged in.
func connect(t *testing.T, s *Server) *ldap.Conn {
	t.Helper()
	c := anonymous(t, s, s.SecureURL())
	if err := c.Bind(LoginDN, LoginPassword); err != nil {
		t.Fatal(err)
	}
	return c
}

func anonymous(t *testing.T, s *Server, url string) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(url, ldap.DialWithTLSConfig(trust(s)))
	if err != nil {
		t.Fatal(err)
	}
	c.SetTimeout(20 * time.Second)
	t.Cleanup(func() { c.Close() })
	return c
}

func trust(s *Server) *tls.Config {
	return &tls.Config{RootCAs: s.CA().Pool(), ServerName: "localhost"}
}

func query(base, filter string, attributes ...string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil)
}

func TestOnlyAProtectedSessionMayLogIn(t *testing.T) {
	s := start(t, Options{})
	plain := anonymous(t, s, s.URL())
	if err := plain.Bind(LoginDN, LoginPassword); !ldap.IsErrorWithCode(err, ldap.LDAPResultConfidentialityRequired) {
		t.Errorf("plain bind says %v", err)
	}
	if err := plain.StartTLS(trust(s)); err != nil {
		t.Fatal(err)
	}
	if err := plain.Bind(LoginDN, "wrong"); !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		t.Errorf("wrong password says %v", err)
	}
	if err := plain.Bind(LoginDN, LoginPassword); err != nil {
		t.Error(err)
	}
}

func TestAnonymousSessionsSeeOnlyTheRootDSE(t *testing.T) {
	s := start(t, Options{})
	c := anonymous(t, s, s.SecureURL())
	dse, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", []string{"+"}, nil))
	if err != nil || dse.Entries[0].GetAttributeValue("namingContexts") != Suffix ||
		!slices.Contains(dse.Entries[0].GetAttributeValues("supportedControl"), ldap.ControlTypePaging) {
		t.Errorf("root DSE is %v, %v", dse, err)
	}
	if _, err = c.Search(query(Suffix, "(uid=*)")); !ldap.IsErrorWithCode(err, ldap.LDAPResultInsufficientAccessRights) {
		t.Errorf("search says %v", err)
	}
}

func TestPagesTogetherAreTheWholeAnswer(t *testing.T) {
	s := start(t, Options{})
	c := connect(t, s)
	whole, err := c.Search(query(Suffix, "(objectClass=inetOrgPerson)"))
	if err != nil {
		t.Fatal(err)
	}
	for size := range uint32(len(whole.Entries) + 2) {
		if size == 0 {
			continue
		}
		paged, err := c.SearchWithPaging(query(Suffix, "(objectClass=inetOrgPerson)"), size)
		if err != nil || !slices.Equal(names(paged), names(whole)) {
			t.Fatalf("pages of %d: %d of %d entries, %v", size, len(paged.Entries), len(whole.Entries), err)
		}
	}
}

func TestACookieIsGoodOnce(t *testing.T) {
	c := connect(t, start(t, Options{}))
	request := query(Suffix, "(uid=*)")
	request.Controls = []ldap.Control{&ldap.ControlPaging{PagingSize: 5, Cookie: []byte("made up")}}
	if _, err := c.Search(request); !ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform) {
		t.Errorf("a made-up cookie says %v", err)
	}
}

func TestASizeLimitKeepsTheFirstEntriesAndSaysSo(t *testing.T) {
	s := start(t, Options{SizeLimit: 7})
	c := connect(t, s)
	found, err := c.Search(query(Suffix, "(uid=*)"))
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) || len(found.Entries) != 7 {
		t.Errorf("unpaged: %d entries, %v", len(found.Entries), err)
	}
	if _, err = c.SearchWithPaging(query(Suffix, "(uid=*)"), 3); !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		t.Errorf("paged: %v", err)
	}
	request := query(Suffix, "(uid=*)")
	request.SizeLimit = 2
	if found, err = c.Search(request); !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) || len(found.Entries) != 2 {
		t.Errorf("the client's own limit: %d entries, %v", len(found.Entries), err)
	}
}

func TestWritingOverTheWireIsRefused(t *testing.T) {
	c := connect(t, start(t, Options{}))
	add := ldap.NewAddRequest("cn=x,"+Suffix, nil)
	add.Attribute("cn", []string{"x"})
	for name, err := range map[string]error{
		"add": c.Add(add), "delete": c.Del(ldap.NewDelRequest(LoginDN, nil)),
		"rename": c.ModifyDN(ldap.NewModifyDNRequest(LoginDN, "cn=x", true, "")),
	} {
		if !ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform) {
			t.Errorf("%s says %v", name, err)
		}
	}
}

func TestFaultsStrikeWhereTheyAreTold(t *testing.T) {
	for _, f := range []struct {
		name  string
		fault Fault
		check func(entries int, err error) bool
	}{
		{"sizeLimitExceeded with partial entries", Fault{On: OnEntry, After: 5, Code: ldap.LDAPResultSizeLimitExceeded},
			func(n int, err error) bool {
				return n == 5 && ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded)
			}},
		{"timeLimitExceeded at the end", Fault{On: OnDone, Code: ldap.LDAPResultTimeLimitExceeded},
			func(n int, err error) bool {
				return n == 10 && ldap.IsErrorWithCode(err, ldap.LDAPResultTimeLimitExceeded)
			}},
		{"cut in the middle", Fault{On: OnEntry, After: 3, Drop: true},
			func(n int, err error) bool { return n == 3 && wasCut(err) }},
		{"hangs", Fault{On: OnEntry, Hang: true},
			func(_ int, err error) bool { return ldap.IsErrorWithCode(err, ldap.ErrorNetwork) }},
		{"slow", Fault{On: OnEntry, Delay: time.Millisecond},
			func(n int, err error) bool { return n == 10 && err == nil }},
	} {
		t.Run(f.name, func(t *testing.T) {
			s := start(t, Options{})
			c := connect(t, s)
			c.SetTimeout(200 * time.Millisecond)
			s.Break(f.fault)
			request := query(Suffix, "(uid=*)")
			request.Controls = []ldap.Control{ldap.NewControlPaging(10)}
			found, err := c.Search(request)
			if found == nil {
				found = &ldap.SearchResult{}
			}
			if !f.check(len(found.Entries), err) {
				t.Errorf("%d entries, %v", len(found.Entries), err)
			}
			s.Heal()
			if _, err := connect(t, s).Search(query(Suffix, "(uid=*)")); err != nil {
				t.Errorf("healed: %v", err)
			}
		})
	}
}

func TestAConnectionCanBeCutBetweenPages(t *testing.T) {
	s := start(t, Options{})
	s.Break(Fault{On: OnNextPage, After: 1, Times: 1, Drop: true})
	if _, err := connect(t, s).SearchWithPaging(query(Suffix, "(uid=*)"), 10); !wasCut(err) {
		t.Errorf("the third page says %v", err)
	}
	if _, err := connect(t, s).SearchWithPaging(query(Suffix, "(uid=*)"), 10); err != nil {
		t.Errorf("the fault strikes once, but then: %v", err)
	}
}

func TestAnAcceptedConnectionMayStaySilent(t *testing.T) {
	s := start(t, Options{})
	s.Break(Fault{On: OnAccept, Hang: true})
	c := anonymous(t, s, s.URL())
	c.SetTimeout(50 * time.Millisecond)
	if err := c.Bind(LoginDN, LoginPassword); !ldap.IsErrorWithCode(err, ldap.ErrorNetwork) {
		t.Errorf("bind says %v", err)
	}
}

func TestStartTLSCanBeRefused(t *testing.T) {
	s := start(t, Options{WithoutStartTLS: true})
	if err := anonymous(t, s, s.URL()).StartTLS(trust(s)); !ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform) {
		t.Errorf("StartTLS says %v", err)
	}
}

func TestPasswordsAreNeitherShownNorMatched(t *testing.T) {
	c := connect(t, start(t, Options{}))
	found, err := c.Search(query(Suffix, "(cn=kisi-sync)", "*", "+", "userPassword"))
	if err != nil || len(found.Entries) != 1 || found.Entries[0].GetAttributeValue("userPassword") != "" {
		t.Errorf("%v, %v", found, err)
	}
	if found, _ = c.Search(query(Suffix, "(userPassword="+LoginPassword+")")); len(found.Entries) != 0 {
		t.Error("a password can be guessed by searching")
	}
}

func TestChangesMoveTheOperationalAttributesAndKeepReferencesWhole(t *testing.T) {
	now := noon
	company := NewCompany(func() time.Time { return now })
	id := company.Values(GroupDN("it-leads"), "entryUUID")
	before := company.Values(GroupDN("it-leads"), "entryCSN")
	now = now.Add(time.Hour)
	if err := company.RenameGroup("it-leads", "it-heads"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(company.Values(GroupDN("it-heads"), "entryUUID"), id) {
		t.Error("a rename changed the entryUUID")
	}
	if company.Values(GroupDN("it-heads"), "entryCSN")[0] <= before[0] ||
		company.Values(GroupDN("it-heads"), "modifyTimestamp")[0] != "20261121130000Z" ||
		company.Values(GroupDN("it-heads"), "createTimestamp")[0] != "20261121120000Z" {
		t.Error("a rename left the timestamps")
	}
	if !slices.Contains(company.Values(GroupDN("sysadmins"), "member"), GroupDN("it-heads")) {
		t.Error("the group above lost its renamed member")
	}
	if err := company.Leave("jmueller"); err != nil {
		t.Fatal(err)
	}
	if got := company.Values(GroupDN("it-heads"), "member"); !slices.Equal(got, []string{PersonDN("sweiss")}) {
		t.Errorf("after a leaver the members are %v", got)
	}
	if err := company.Leave("jmueller"); !errors.Is(err, ErrAbsent) {
		t.Errorf("leaving twice says %v", err)
	}
	if err := company.Delete(peopleDN); !errors.Is(err, ErrExists) {
		t.Errorf("deleting a tree says %v", err)
	}
}

func TestTheVerbsOfAWorkingDay(t *testing.T) {
	company := NewCompany(func() time.Time { return noon })
	if err := company.Join(Person{UID: "new", Given: "Nora", Surname: "Neu", Type: "employee"}, "it"); err != nil {
		t.Fatal(err)
	}
	if err := company.Transfer("new", "it", "board"); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(company.Values(GroupDN("it"), "member"), PersonDN("new")) ||
		!slices.Contains(company.Values(GroupDN("board"), "member"), PersonDN("new")) {
		t.Error("the transfer did not happen")
	}
	if err := errors.Join(company.Disable("new"), company.Enable("new"), company.Disable("kpark")); err != nil {
		t.Fatal(err)
	}
	if company.Values(PersonDN("new"), "pwdAccountLockedTime") != nil || company.Values(PersonDN("kpark"), "pwdAccountLockedTime")[0] != locked {
		t.Error("accounts are not as they were told")
	}
}

func TestTheCompanyIsAsItIsDescribed(t *testing.T) {
	s := start(t, Options{})
	c := connect(t, s)
	for filter, want := range map[string]int{
		"(objectClass=inetOrgPerson)":                           60,
		"(&(objectClass=inetOrgPerson)(!(mail=*)))":             1,
		"(objectClass=groupOfNames)":                            16,
		"(pwdAccountLockedTime=000001010000Z)":                  2,
		"(contractEndDate=*)":                                   8,
		"(&(employeeType=contractor)(contractEndDate=2026-1*))": 3,
		"(sn=schröder)":                                         1,
		"(member=" + PersonDN("gone.before") + ")":              1,
		"(member=CN=Project-Aurora, " + groupsDN + ")":          1,
	} {
		found, err := c.Search(query(Suffix, filter, "1.1"))
		if err != nil || len(found.Entries) != want {
			t.Errorf("%s: %d, want %d, %v", filter, len(found.Entries), want, err)
		}
	}
}

func TestTheSameClockGivesTheSameCompany(t *testing.T) {
	a, b := NewCompany(func() time.Time { return noon }), NewCompany(func() time.Time { return noon })
	for i, e := range a.entries {
		if !slices.EqualFunc(e.attrs, b.entries[i].attrs, func(x, y attribute) bool { return x.name == y.name && slices.Equal(x.values, y.values) }) {
			t.Fatalf("%s differs", e.dn)
		}
	}
}

func wasCut(err error) bool { return err != nil && strings.Contains(err.Error(), "EOF") }

func names(r *ldap.SearchResult) []string {
	var dns []string
	for _, e := range r.Entries {
		dns = append(dns, strings.ToLower(e.DN))
	}
	return dns
}
