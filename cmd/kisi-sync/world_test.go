package main

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// stage is the small world of a story: a directory of a few people in this process, a simulated Kisi with one place, and the files
// of an admin in the story's folder. The binary is another process and sees only ports and files.
//
//	people   ana, di: IT, in sysadmins      bo, cy, ed: Sales      gus: in no group      fay: contractor until next year
//	groups   staff: berlin (ana, bo, ed), hamburg (cy, di)         sysadmins: ana, bo (who is not of IT), di
//	Kisi     HQ with Main entrance, Garage, Server Room; the group Server Room; olga (owner), hand@ with a right of her own
type stage struct {
	dir       string
	company   *ldapsim.Company
	ldap      *ldapsim.Server
	slapd     *slapd.Server // a real directory, if there is one
	samba     *sambadc.Server
	dcs       *domainControllers // if there are some
	kisi      *kisisim.Sim
	api       *kisisim.Server
	doors     map[string]int64
	place     int64 // HQ
	served    answered
	post      postbox        // of the webhook, if there is one
	trust     *x509.CertPool // of the figures
	fault     *kisisim.Injection
	collector collector
	contoso   *contoso // if there is one
	acme      *acme    // an Okta org, if there is one
	written   int      // writes that the story has accounted for
	asked     int      // requests that the story has accounted for
	acquired  *acquired
	occupant  net.Listener // another program on the port of $METRICS

	google *googleWorld // of stories with one

	proxy   *simhttp.Proxy // a company's, if there is one
	proxied int            // connections through it that the story has accounted for
}

const key = "story-key"

// set sets the stage in a folder.
func (s *stage) set(dir string) (err error) {
	s.dir = dir
	if err := s.hire(); err != nil {
		return err
	}
	s.furnish()
	if s.ldap, err = ldapsim.Start(ldapsim.Options{Directory: s.company.Directory}); err != nil {
		return err
	}
	if s.api, err = s.kisi.Start(); err != nil {
		s.ldap.Close()
		return err
	}
	s.kisi.OnAnswer(s.served.count)
	return s.files()
}

func (s *stage) close() {
	_ = s.collector.stop() // a story that failed has not
	s.closeDirectory()
	s.api.Close()
}

func (s *stage) closeDirectory() {
	if s.ldap != nil {
		s.ldap.Close()
		s.ldap = nil
	}
}

// hire fills the directory.
func (s *stage) hire() error {
	d := ldapsim.NewDirectory(ldapsim.Suffix, time.Now)
	s.company = &ldapsim.Company{Directory: d}
	for _, e := range []struct {
		dn string
		a  ldapsim.Attributes
	}{
		{"ou=people," + ldapsim.Suffix, ldapsim.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"people"}}},
		{"ou=groups," + ldapsim.Suffix, ldapsim.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"groups"}}},
		{"ou=services," + ldapsim.Suffix, ldapsim.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"services"}}},
		{ldapsim.LoginDN, ldapsim.Attributes{"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"kisi-sync"}, "userPassword": {ldapsim.LoginPassword}}},
		{ldapsim.GroupDN("berlin"), ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {"berlin"}}},
		{ldapsim.GroupDN("hamburg"), ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {"hamburg"}}},
		{ldapsim.GroupDN("staff"), ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {"staff"}, "member": {ldapsim.GroupDN("berlin"), ldapsim.GroupDN("hamburg")}}},
		{ldapsim.GroupDN("sysadmins"), ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {"sysadmins"}}},
		{ldapsim.GroupDN("contractors"), ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {"contractors"}}},
	} {
		if err := d.Add(e.dn, e.a); err != nil {
			return err
		}
	}
	for _, p := range []struct{ line, groups string }{
		{"ana|Ana|Reis|IT|Berlin|employee", "berlin sysadmins"},
		{"bo|Bo|Lind|Sales|Berlin|employee", "berlin sysadmins"},
		{"cy|Cy|Okoye|Sales|Hamburg|employee", "hamburg"},
		{"di|Di|Novák|IT|Hamburg|employee", "hamburg sysadmins"},
		{"ed|Ed|Costa|Sales|Berlin|employee", "berlin"},
		{"gus|Gus|Lindqvist|Sales|Berlin|employee", ""},
		{"fay|Fay|Ngo|IT|Berlin|contractor", "contractors"},
	} {
		if err := s.join(p.line, strings.Fields(p.groups)...); err != nil {
			return err
		}
	}
	return nil
}

// join adds somebody: uid, given name, surname, department, city and kind of contract. Contractors end with the next year.
func (s *stage) join(line string, groups ...string) error {
	f := strings.Split(line, "|")
	if len(f) != 6 {
		return fmt.Errorf("%q: expected uid|given|surname|department|city|type", line)
	}
	p := ldapsim.Person{UID: f[0], Given: f[1], Surname: f[2], Department: f[3], City: f[4], Type: f[5]}
	if p.Type == "contractor" {
		p.ContractEnd = time.Date(time.Now().Year()+1, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	return s.company.Join(p, groups...)
}

// furnish fills the Kisi organization.
func (s *stage) furnish() {
	k := kisisim.New(kisisim.Options{Organization: "Nordlicht", Domain: "nordlicht"})
	s.kisi, s.doors = k, map[string]int64{}
	hq := k.AddPlace("HQ")
	s.place = hq
	for _, name := range []string{"Main entrance", "Garage", "Server Room"} {
		s.doors[name] = k.AddDoor(hq, name)
	}
	k.AddGroup(kisisim.GroupSpec{Name: "Server Room", Place: hq, Doors: []int64{s.doors["Server Room"]}})
	k.AddGroup(kisisim.GroupSpec{Name: "Contractors", Doors: []int64{s.doors["Main entrance"]}})
	k.SetOwner(k.AddUser(kisisim.UserSpec{Email: "olga@example.com", Name: "Olga Owner"}))
	account := k.AddUser(kisisim.UserSpec{Email: "kisi-sync@example.com", Name: "kisi-sync", Managed: true})
	k.SetOrganizationRole(account, kisisim.Administrator)
	k.AddKey(account, key)
	hand := k.AddUser(kisisim.UserSpec{Email: "hand@example.com", Name: "Hanna Handmade"})
	k.AddGrant(kisisim.GrantSpec{To: kisisim.User(hand), On: kisisim.Group(k.GroupID("HQ / Server Room"))})
}

const storyConfig = `mode: full
installation: story-1
kisi:
  url: KISI_URL
  organization: {domain: nordlicht}
  api_key: {file: kisi-api-key}
  new_users: managed
  rate: 5
sources:
  corp:
    type: ldap
    preset: openldap
    url: LDAP_URL
    base: dc=nordlicht,dc=example
    login: {user: "cn=kisi-sync,ou=services,dc=nordlicht,dc=example", password: {file: ldap-password}}
    tls: {ca: ldap-ca.pem}
    emails: [nordlicht.example]
    attributes: {department: departmentNumber, contract_end: contractEndDate}
groups:
  Staff: {scope: organization, if_missing: create, manage: [members, doors], doors: [HQ / Main entrance]}
  Server Room: {scope: {place: HQ}}
  Contractors: {scope: organization}
rules:
  - name: staff
    from: {source: corp, group: "cn=staff,ou=groups,dc=nordlicht,dc=example"}
    grant: [Staff]
  - name: servers
    from: {source: corp, group: "cn=sysadmins,ou=groups,dc=nordlicht,dc=example"}
    where: person.department == "IT"
    grant: [Server Room]
  - name: contractors
    from: {source: corp, group: "cn=contractors,ou=groups,dc=nordlicht,dc=example"}
    grant: [Contractors]
    until: {attribute: contract_end, if_missing: refuse}
limits:
  window: 24h
  disabled: {people: 2}
  removals: {people: 2, percent_of_group: 90, groups_above: 3}
  grants: {people: 20}
expect:
  - {person: ana@nordlicht.example, has: [Staff, Server Room]}
  - {person: bo@nordlicht.example, has: [Staff], lacks: [Server Room]}
metrics: {listen: off}
`

// files writes what an admin would have written.
func (s *stage) files() error {
	text := strings.NewReplacer("KISI_URL", s.api.URL, "LDAP_URL", s.ldap.SecureURL()).Replace(storyConfig)
	for name, content := range map[string]string{
		"config.yaml": text, "kisi-api-key": key + "\n", "ldap-password": ldapsim.LoginPassword + "\n", "ldap-ca.pem": string(s.ldap.CA().PEM()),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// serveAgain brings Kisi back to the port where it was.
func (s *stage) serveAgain() error {
	listener, err := net.Listen("tcp", strings.TrimPrefix(s.api.URL, "http://"))
	if err == nil {
		s.api = s.kisi.Serve(listener)
	}
	return err
}

// postbox is what a webhook was sent.
type postbox struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *postbox) add(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.WriteString(text)
}

func (p *postbox) all() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// answered lets a story wait for a number of writes, which Kisi has carried out but not yet answered.
type answered struct {
	mu     sync.Mutex
	writes int
	wanted int
	reach  chan struct{} // closed when writes reaches wanted
}

func (a *answered) count(method, _ string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if method != "GET" && status < 300 {
		a.writes++
	}
	if a.reach != nil && a.writes >= a.wanted {
		close(a.reach)
		a.reach = nil
	}
}

// after returns a channel that is closed after so many more writes.
func (a *answered) after(more int) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.upTo(a.writes + more)
}

// total returns a channel that is closed when there were so many writes in all.
func (a *answered) total(wanted int) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.upTo(wanted)
}

func (a *answered) upTo(wanted int) <-chan struct{} {
	reach := make(chan struct{})
	if a.wanted, a.reach = wanted, reach; a.writes >= wanted {
		close(reach)
		a.reach = nil
	}
	return reach
}
