package ldap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
)

// windowsSettings is a source on a domain controller, over ldaps, below one unit.
func windowsSettings(t testing.TB, s *sambadc.Server, base string) *Settings {
	t.Helper()
	o := New().(*Settings)
	o.URL, o.Preset, o.Base = s.SecureURL(), "active_directory", base
	o.Login = Login{User: sambadc.ReaderUser, Password: passwordFile(t, sambadc.ReaderPassword)}
	o.TLS.CA, o.TLS.ServerName = s.CAFile(), sambadc.Host
	o.Timeout = 60 * time.Second
	return o
}

// administrator is an account that sees what was deleted.
func administrator(t testing.TB) Login {
	return Login{User: sambadc.AdminUser, Password: passwordFile(t, sambadc.AdminPassword)}
}

// TestActiveDirectory is everything that needs a domain controller; making one takes some seconds.
func TestActiveDirectory(t *testing.T) {
	s := sambadc.Start(t, sambadc.Options{Load: population(2000)})
	t.Run("a company", func(t *testing.T) { aCompany(t, s) })
	t.Run("depths", func(t *testing.T) { depths(t, s) })
	t.Run("a member of another domain", func(t *testing.T) { foreign(t, s) })
	t.Run("a whole domain", func(t *testing.T) { wholeDomain(t, s) })
	t.Run("refused logins", func(t *testing.T) { refusedLogins(t, s) })
	// Samba looks through the whole domain to say what changed, and this one is asked hundreds of times; so it is a small one.
	small := sambadc.Start(t, sambadc.Options{})
	unit := 0
	suite := func(t *testing.T, watch bool) {
		connectortest.Run(t, connectortest.Harness{Attribute: "department", PageSize: 4, New: func(t *testing.T) connectortest.Directory {
			unit++
			d := &domain{t: t, s: small, base: fmt.Sprintf("OU=Story%d,%s", unit, sambadc.StaffDN), dns: map[string]string{}, watch: watch}
			small.Add(d.base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
			return d
		}})
	}
	// Whoever sees no deletions is not told of them either, so watching cannot keep all that the suite asks.
	t.Run("by an account that sees no deletions", func(t *testing.T) { suite(t, false) })
	t.Run("by an account that does", func(t *testing.T) { suite(t, true) })
	t.Run("increments", func(t *testing.T) { windowsIncrements(t, small) })
	t.Run("a large group", func(t *testing.T) { largeGroup(t, s) })
	t.Run("a random walk", func(t *testing.T) { windowsWalk(t, small) })
	t.Run("attributes without a trace", func(t *testing.T) { withoutTrace(t, s) })
	t.Run("check", func(t *testing.T) { windowsCheck(t, s) })
	t.Run("the right to replicate", func(t *testing.T) { replicating(t, s) })
	t.Run("a controller that was put back", func(t *testing.T) { putBack(t, s) })
	second := sambadc.Start(t, sambadc.Options{Kerberos: true})
	t.Run("tickets", func(t *testing.T) { tickets(t, s, second) })
	partner := sambadc.Start(t, sambadc.Options{Domain: "partner"})
	t.Run("two sources", func(t *testing.T) { twoSources(t, s, partner) })
	t.Run("two domains of one source", func(t *testing.T) { twoDomains(t, s, partner) })
	t.Run("a global catalog", func(t *testing.T) { globalCatalog(t, s) })
	t.Run("another controller", func(t *testing.T) { anotherController(t, s, second) })
}

// population are people in D0 to D19, every twentieth disabled, and a group of all but ten of them.
func population(n int) func(io.Writer) error {
	return func(w io.Writer) error {
		var b bytes.Buffer
		for i := range n {
			control := 544
			if i%20 == 0 {
				control = 546
			}
			fmt.Fprintf(&b, "dn: CN=Person %[1]d,%[2]s\nobjectClass: user\nsAMAccountName: p%[1]d\nmail: p%[1]d@example.com\ndepartment: D%[3]d\nuserAccountControl: %[4]d\n\n",
				i, sambadc.StaffDN, i%20, control)
		}
		fmt.Fprintf(&b, "dn: CN=Everybody,%s\nobjectClass: group\nsAMAccountName: everybody\n", sambadc.StaffDN)
		for i := range n - 10 {
			fmt.Fprintf(&b, "member: CN=Person %d,%s\n", i, sambadc.StaffDN)
		}
		b.WriteString("\n")
		_, err := w.Write(b.Bytes())
		return err
	}
}

func aCompany(t *testing.T, s *sambadc.Server) {
	r := connectortest.Follow(t, open(t, windowsSettings(t, s, sambadc.StaffDN), "department"))
	r.Full()
	counts := r.Snapshot.Counts()
	if counts.People != 2000 || counts.Active != 1900 || counts.Groups != 1 || counts.Having("department") != 2000 {
		t.Errorf("%+v", counts)
	}
	if n := len(r.Members("Everybody")); n != 1990 {
		t.Errorf("%d members", n)
	}
}

// depths are the ways of Active Directory that others do not have.
func depths(t *testing.T, s *sambadc.Server) {
	base := "OU=Depths," + sambadc.StaffDN
	s.Add(base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	user := func(name string, a sambadc.Attributes) {
		a["sAMAccountName"] = []string{name}
		s.AddPerson("CN="+name+","+base, a)
	}
	user("ana", sambadc.Attributes{"mail": {"ana@example.com"}, "proxyAddresses": {"smtp:a@example.com", "SMTP:ana@example.com", "x500:/o=x", "SIP:ana@example.com"}})
	user("bo", sambadc.Attributes{"proxyAddresses": {"smtp:b@example.com", "SMTP:bo@example.com"}})
	user("cleo", sambadc.Attributes{"mail": {"cleo@example.com"}, "accountExpires": {windowsTime(time.Now().Add(-time.Hour))}})
	user("dan", sambadc.Attributes{"mail": {"dan@example.com"}, "accountExpires": {windowsTime(time.Now().Add(time.Hour))}})
	user("eve", sambadc.Attributes{"mail": {"eve@example.com"}, "accountExpires": {"0"}})
	s.Add("CN=printer,"+base, sambadc.Attributes{"objectClass": {"computer"}, "sAMAccountName": {"printer$"}, "userAccountControl": {"4096"}})
	s.Add("CN=partner,"+base, sambadc.Attributes{"objectClass": {"contact"}, "mail": {"partner@example.org"}})
	s.Add("CN=Team,"+base, sambadc.Attributes{"objectClass": {"group"}, "sAMAccountName": {"team"},
		"member": {"CN=ana," + base, "CN=printer," + base, "CN=partner," + base}})
	s.Add("CN=Main,"+base, sambadc.Attributes{"objectClass": {"group"}, "sAMAccountName": {"main"}, "member": {"CN=bo," + base}})
	s.Replace("CN=bo,"+base, sambadc.Attributes{"primaryGroupID": {s.RID("CN=Main," + base)}})
	r := connectortest.Follow(t, open(t, windowsSettings(t, s, base)))
	r.Full()
	if got := r.Snapshot.Counts(); got.People != 5 || got.Groups != 2 || got.Active != 4 {
		t.Errorf("%+v: computers and contacts are nobody, and cleo's account has expired", got)
	}
	if got := r.Members("Team"); len(got) != 1 {
		t.Errorf("the team is %v", got)
	}
	if got := r.Members("Main"); len(got) != 1 {
		t.Errorf("those whose primary group is Main are %v", got)
	}
	if got := r.People(); !slices.Contains(got, "ana@example.com") || !slices.Contains(got, "bo@example.com") {
		t.Errorf("people are %v", got)
	}
}

// foreign is somebody of a trusted domain: this one knows no more than the SID, and another source knows whose it is.
func foreign(t *testing.T, s *sambadc.Server) {
	base := "OU=Foreign," + sambadc.StaffDN
	s.Add(base, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	s.Add("CN=Guests,"+base, sambadc.Attributes{"objectClass": {"group"}, "sAMAccountName": {"foreign-guests"}, "groupType": {"-2147483644"},
		"member": {"<SID=S-1-5-21-1-2-3-1105>"}})
	r := connectortest.Follow(t, open(t, windowsSettings(t, s, base)))
	r.Full()
	b := directory.Build("partner", nil)
	if err := b.Put(&directory.Record{Kind: directory.PersonIs, ID: "p", Email: "zoe@partner.example", Handles: []directory.Ref{{Kind: directory.BySID, Value: "S-1-5-21-1-2-3-1105"}}}); err != nil {
		t.Fatal(err)
	}
	partner, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: time.Now()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := directory.Join(r.Snapshot, partner)
	var addresses []string
	for _, p := range v.Members(0) {
		addresses = append(addresses, v.Person(int(p)).Email())
	}
	if !slices.Equal(addresses, []string{"zoe@partner.example"}) {
		t.Errorf("the guests are %v", addresses)
	}
}

// refusedLogins are told apart: not every one is a wrong password.
func refusedLogins(t *testing.T, s *sambadc.Server) {
	s.AddUser("CN=off,"+sambadc.StaffDN, sambadc.Attributes{"sAMAccountName": {"off"}, "userPrincipalName": {"off@ad.lab.test"}, "userAccountControl": {"514"}}, "Geheim0!lab")
	for name, c := range map[string]struct {
		change func(o *Settings)
		want   string
	}{
		"nobody's name":      {func(o *Settings) { o.Login.User = "nobody@ad.lab.test" }, "there is no such account, or"},
		"a wrong password":   {func(o *Settings) { o.Login.Password = passwordFile(t, "wrong") }, "not its current one"},
		"a disabled account": {func(o *Settings) { o.Login = Login{User: "off@ad.lab.test", Password: passwordFile(t, "Geheim0!lab")} }, "the account is disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			o := windowsSettings(t, s, sambadc.StaffDN)
			c.change(o)
			wantError(t, fetch(t, o), c.want)
		})
	}
}

func TestWhyWindowsRefusesALoginIsTold(t *testing.T) {
	for text, want := range map[string]string{
		"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v4563":      "not its current one",
		"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 775, v4563":      "locked",
		"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v4563":      "disabled",
		"80090346: LdapErr: DSID-0C090565, comment: AcceptSecurityContext error, data 80090346, v4563": "channel binding",
		"INVALID_CREDENTIALS": "the whole name",
	} {
		err := &ldap.Error{ResultCode: ldap.LDAPResultInvalidCredentials, Err: errors.New(text)}
		if got := loginHint(err); !strings.Contains(got, strings.TrimPrefix(want, "the ")) {
			t.Errorf("%s: %q does not say %q", text, got, want)
		}
	}
}

func windowsCheck(t *testing.T, s *sambadc.Server) {
	nobody := "OU=Nobody," + sambadc.StaffDN
	s.Add(nobody, sambadc.Attributes{"objectClass": {"organizationalUnit"}})
	s.Add("CN=scanner,"+nobody, sambadc.Attributes{"objectClass": {"computer"}, "sAMAccountName": {"scanner$"}, "userAccountControl": {"4096"}})
	s.Add("CN=supplier,"+nobody, sambadc.Attributes{"objectClass": {"contact"}})
	base := nobody
	has := func(login Login, want string) {
		t.Helper()
		o := windowsSettings(t, s, base)
		o.Login = login
		var said []string
		for _, f := range open(t, o).(connectors.Checker).Check(context.Background()) {
			said = append(said, f.Text+"; "+f.Hint)
		}
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%q is not said: %q", want, said)
		}
	}
	gone := "CN=Gone," + sambadc.StaffDN // whether deleted objects are seen cannot be told before there is one
	s.Add(gone, sambadc.Attributes{"objectClass": {"contact"}})
	s.Delete(gone)
	reader := windowsSettings(t, s, sambadc.StaffDN).Login
	has(reader, "this account sees no deleted objects, or nothing was ever deleted; as root on a controller: ldbedit ")
	has(reader, "changes are told at once (change notifications)")
	has(reader, "1 computer and 1 contact are nobody")
	base = "DC=other,DC=test"
	has(reader, "this server has DC=ad,DC=lab,DC=test; write a base within")
	base = sambadc.StaffDN
	has(administrator(t), "only what changed is read (DirSync, with the right to replicate)")
	late, err := windowsSettings(t, s, sambadc.StaffDN).Open(connectors.Env{Now: func() time.Time { return time.Now().Add(-10 * time.Minute) }})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(late.(connectors.Checker).Check(context.Background()), func(f connectors.Finding) bool { return strings.Contains(f.Text, "the server's clock is ") }) {
		t.Error("nothing is said of a clock that is ten minutes late")
	}
}

func TestNamesOfWindowsAreTakenApart(t *testing.T) {
	got := identify("<GUID=3AC679B8-4b11-4d36-9957-7f87dd2a30a4>;<SID=S-1-5-21-1-2-3-1105>;CN=Team,DC=x")
	if want := (identified{"3ac679b8-4b11-4d36-9957-7f87dd2a30a4", "S-1-5-21-1-2-3-1105", "CN=Team,DC=x"}); got != want {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]directory.Ref{
		"CN=a,DC=x":           {Kind: directory.ByDN, Value: "cn=a,dc=x"},
		"<GUID=ab>;CN=a,DC=x": {Kind: directory.ByID, Value: "ab"},
		"<GUID=ab>;<SID=S-1-5-21-9>;CN=S-1-5-21-9,CN=ForeignSecurityPrincipals,DC=x": {Kind: directory.BySID, Value: "S-1-5-21-9"},
	} {
		if got, ok := identify(name).member(); !ok || got != want {
			t.Errorf("%s is %+v", name, got)
		}
	}
}

// A rule that reads who somebody's manager is means the name.
func TestANameThatARuleReadsComesWithoutItsIdentities(t *testing.T) {
	var got []string
	x := recorder{layout: &layout{windows: true, people: class{id: idOf("uid")}}, asked: []string{"manager"}, proof: &directory.Proof{}}
	x.put = func(r *directory.Record) error {
		got = slices.Clone(r.Attrs[0].Values)
		return nil
	}
	e := &ldapwire.Entry{DN: "<GUID=ab>;CN=Ana,DC=x", Attributes: []ldapwire.Attribute{{Name: "uid", Values: [][]byte{[]byte("1")}},
		{Name: "manager", Values: [][]byte{[]byte("<GUID=cd>;<SID=S-1-5-21-9>;CN=Bo,DC=x")}}}}
	if err := x.person(e); err != nil || !slices.Equal(got, []string{"CN=Bo,DC=x"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSIDsAreReadAndWritten(t *testing.T) {
	raw := []byte("\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x51\x04\x00\x00")
	text, ok := sidText(raw)
	if !ok || text != "S-1-5-21-1-2-3-1105" {
		t.Errorf("%s, %v", text, ok)
	}
	if back, ok := sidBytes(text); !ok || !bytes.Equal(back, raw) {
		t.Errorf("%x, %v", back, ok)
	}
	for _, bad := range []string{"", "S-1", "S-2-5-21-1", "S-1-5-x", "S-1-5-99999999999"} {
		if _, ok := sidBytes(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, bad := range [][]byte{nil, raw[:27], {1, 200, 0, 0, 0, 0, 0, 5}} {
		if _, ok := sidText(bad); ok {
			t.Errorf("%x is taken", bad)
		}
	}
}

func TestTimesOfWindowsAreUnderstood(t *testing.T) {
	want := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	if got := fileTime([]byte(windowsTime(want))); !got.Equal(want) {
		t.Errorf("%v", got)
	}
	for _, never := range []string{"0", "9223372036854775807", "-1", "soon", ""} {
		if got := fileTime([]byte(never)); !got.IsZero() {
			t.Errorf("%q is %v", never, got)
		}
	}
}

func windowsTime(t time.Time) string { return fmt.Sprint((t.Unix() + epochOfWindows) * 10_000_000) }

// domain is a unit of a domain controller for one story.
type domain struct {
	t     *testing.T
	s     *sambadc.Server
	base  string
	watch bool              // as an account that sees deletions
	dns   map[string]string // by the suite's names
}

func (d *domain) Open(attributes ...string) connectors.Source {
	o := windowsSettings(d.t, d.s, d.base)
	if o.PageSize, o.Watch = 4, d.watch; d.watch {
		o.Login = administrator(d.t)
	}
	return open(d.t, o, attributes...)
}

func (d *domain) members(names []string) []string {
	out := []string{}
	for _, n := range names {
		if dn, ok := d.dns[n]; ok { // Active Directory knows nobody who is not there
			out = append(out, dn)
		}
	}
	return out
}

// login is unique in the domain, not only below the unit.
func (d *domain) login(name string) string {
	unit, _, _ := strings.Cut(strings.TrimPrefix(d.base, "OU=Story"), ",")
	return name + unit
}

func (d *domain) AddPerson(name, value string) {
	d.dns[name] = "CN=" + name + "," + d.base
	a := sambadc.Attributes{"sAMAccountName": {d.login(name)}, "displayName": {"The " + name}, "mail": {name + "@example.com"}}
	if value != "" {
		a["department"] = []string{value}
	}
	d.s.AddPerson(d.dns[name], a)
}

func (d *domain) AddGroup(name string, members ...string) {
	d.dns[name] = "CN=" + name + "," + d.base
	a := sambadc.Attributes{"objectClass": {"group"}, "sAMAccountName": {d.login(name)}}
	if all := d.members(members); len(all) > 0 {
		a["member"] = all
	}
	d.s.Add(d.dns[name], a)
}

func (d *domain) SetMembers(group string, members ...string) {
	d.s.Replace(d.dns[group], sambadc.Attributes{"member": d.members(members)})
}

func (d *domain) RenamePerson(name, to string) {
	d.rename(name, to)
	d.s.Replace(d.dns[to], sambadc.Attributes{"displayName": {"The " + to}, "mail": {to + "@example.com"}, "sAMAccountName": {d.login(to)}})
}

func (d *domain) RenameGroup(name, to string) { d.rename(name, to) }

func (d *domain) rename(name, to string) {
	d.s.Move(d.dns[name], "CN="+to, "")
	delete(d.dns, name)
	d.dns[to] = "CN=" + to + "," + d.base
}

func (d *domain) SetValue(person, value string) {
	values := []string{}
	if value != "" {
		values = append(values, value)
	}
	d.s.Replace(d.dns[person], sambadc.Attributes{"department": values})
}

func (d *domain) Disable(person string) {
	d.s.Replace(d.dns[person], sambadc.Attributes{"userAccountControl": {"514"}})
}

func (d *domain) Remove(name string) {
	d.s.Delete(d.dns[name])
	delete(d.dns, name)
}
