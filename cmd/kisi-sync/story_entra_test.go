package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// contoso is a tenant of Entra ID in which the stories' people are again, by the domain contoso.example:
//
//	Lab           ana, bo, and the group Lab Night: cy, a device
//	Contractors   di (until next year, by employeeLeaveDateTime), gus, who is a guest
type contoso struct {
	*entrasim.Sim
	dir   string
	app   entrasim.App
	ids   map[string]string // people and groups by what the stories call them
	fault *simhttp.Injection
	asked int // calls to Graph that the story has accounted for
}

// cmdEntra is what happens in the tenant:
//
//	start                       it is served at $ENTRA_URL; $ENTRA_TENANT and $ENTRA_CLIENT name tenant and application
//	roles R...                  the application has these permissions
//	certificate DAYS [alone]    it has a new certificate for so many days, in entra.pem, with its key in entra-key; alone: all tokens end, and the old ones
//	                            are taken from the application
//	secret VALUE DAYS           it has this secret and no other
//	set PERSON PROPERTY VALUE   a property changes
//	disable|enable|delete|restore|purge WHO...
//	members GROUP WHO...        a group gets these members and no other
//	forget                      all positions expire
//	fault [KIND]                the second page is a login page (login) or does not come (cut); without a kind it ends
//	calls [N]                   so many calls were made to Graph since the last time this was asked
func cmdEntra(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	if args[0] == "start" {
		ts.Check(s.founded(ts))
		return
	}
	ts.Check(s.contoso.do(args[0], args[1:]))
}

// founded makes the tenant.
func (s *stage) founded(ts *testscript.TestScript) error {
	c := &contoso{Sim: entrasim.New(entrasim.Options{PageSize: 2, MemberPage: 2, Habits: entrasim.Habits{EmptyPages: true}}), dir: s.dir, ids: map[string]string{}}
	s.contoso = c
	url, err := c.Start()
	if err != nil {
		return err
	}
	ts.Defer(func() {
		c.Close()
		if all := c.Complaints(); len(all) > 0 {
			ts.Fatalf("the tenant complains: %v", all)
		}
	})
	for _, name := range []string{"ana", "bo", "cy", "di"} {
		c.ids[name] = c.AddUser(strings.ToUpper(name[:1])+name[1:]+" Contoso", entrasim.Properties{"mail": name + "@contoso.example", "department": "Lab"})
	}
	c.Update(c.ids["di"], entrasim.Properties{"employeeLeaveDateTime": time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)})
	c.ids["gus"] = c.AddUser("Gus Guest", entrasim.Properties{"mail": "gus@partner.example", "userType": "Guest", "userPrincipalName": "gus_partner.example#EXT#@" + c.Domain})
	c.ids["Lab Night"] = c.AddGroup("Lab Night", c.ids["cy"], c.AddOther("device"))
	c.ids["Lab"] = c.AddGroup("Lab", c.ids["ana"], c.ids["bo"], c.ids["Lab Night"])
	c.ids["Contractors"] = c.AddGroup("Contractors", c.ids["di"], c.ids["gus"])
	c.app = c.Register(entrasim.App{Name: "kisi-sync", Roles: []string{"User.Read.All", "GroupMember.Read.All", "User-LifeCycleInfo.Read.All"}})
	ts.Setenv("ENTRA_URL", url)
	ts.Setenv("ENTRA_TENANT", c.TenantID)
	ts.Setenv("ENTRA_CLIENT", c.app.ClientID)
	return c.certify(300)
}

func (c *contoso) do(verb string, args []string) error {
	each := func(do func(string)) error {
		for _, name := range args {
			do(c.ids[name])
		}
		return nil
	}
	switch verb {
	case "roles":
		c.app.Roles = args
		c.Register(c.app)
	case "calls":
		return c.counted(args)
	case "certificate":
		days, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		if len(args) > 1 {
			c.app.Certificates = nil
			c.EndTokens()
		}
		return c.certify(days)
	case "secret":
		days, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		c.app.Secrets = []entrasim.Secret{{Value: args[0], Ends: time.Now().AddDate(0, 0, days)}}
		c.Register(c.app)
	case "set":
		c.Update(c.ids[args[0]], entrasim.Properties{args[1]: args[2]})
	case "disable", "enable":
		return each(func(id string) { c.Update(id, entrasim.Properties{"accountEnabled": verb == "enable"}) })
	case "delete":
		return each(c.Delete)
	case "restore":
		return each(c.Restore)
	case "purge":
		return each(c.Purge)
	case "members":
		var ids []string
		for _, name := range args[1:] {
			ids = append(ids, c.ids[name])
		}
		c.SetMembers(c.ids[args[0]], ids...)
	case "forget":
		c.ForgetPositions()
	case "fault":
		return c.broken(args)
	default:
		return fmt.Errorf("entra: no verb %s", verb)
	}
	return nil
}

func (c *contoso) broken(args []string) error {
	if len(args) == 0 {
		c.fault.Remove()
		return nil
	}
	kinds := map[string]simhttp.Action{"login": simhttp.LoginPage(), "cut": simhttp.Half()}
	do, ok := kinds[args[0]]
	if !ok {
		return fmt.Errorf("entra fault: no kind %s", args[0])
	}
	c.fault = c.Inject(simhttp.Fault{Pattern: "GET /v1.0/users/delta", Nth: 2, Count: simhttp.Always, Do: do})
	return nil
}

// counted compares the calls to Graph; tokens do not count.
func (c *contoso) counted(want []string) error {
	all := c.Count("") - c.Count("POST /{tenant}/oauth2/v2.0/token")
	got := strconv.Itoa(all - c.asked)
	if c.asked = all; len(want) > 0 && got != want[0] {
		return fmt.Errorf("%s calls to Graph, want %s", got, want[0])
	}
	return nil
}

// certify gives the application a certificate, beside those that it has, and puts it where the file looks for it.
func (c *contoso) certify(days int) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kisi-sync"}, NotBefore: time.Now().AddDate(0, 0, -60), NotAfter: time.Now().AddDate(0, 0, days).Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	c.app.Certificates = append(c.app.Certificates, certificate)
	c.Register(c.app)
	for name, block := range map[string]*pem.Block{"entra.pem": {Type: "CERTIFICATE", Bytes: der}, "entra-key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(c.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}
