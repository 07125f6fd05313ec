package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// acme is an Okta org with the app kisi-sync, and people of the domain acme.example who are all of the department Lab:
//
//	Lab           ana, bo, and by a group rule whoever is in the group Lab Night: cy
//	Contractors   di (until next year, by the custom attribute contractEnd)
type acme struct {
	*oktasim.Sim
	dir   string
	app   oktasim.Client
	ids   map[string]string // people and groups by what the stories call them
	fault *simhttp.Injection
	asked int // calls that the story has accounted for
}

// cmdOkta is what happens in the org:
//
//	start                      it is served at $OKTA_URL; okta-ca.pem and okta-key.pem are written
//	scopes S...                the app has been granted these scopes
//	role yes|no                it has an administrator role, or none
//	bound                      its tokens must be bound to a key (DPoP), and all tokens end
//	key                        it has a new key and no other, in okta-key.pem, and all tokens end
//	token VALUE                there is this API token; all tokens of before end
//	hire PERSON GROUP          somebody joins
//	set PERSON ATTRIBUTE VALUE an attribute changes
//	status STATUS WHO...       people get this status
//	delete WHO...              people or groups are deleted
//	members GROUP WHO...       a group gets these members by hand and no other
//	fault [KIND]               the second page of people is a login page (login), half of one (half) or forbidden (forbidden); without a kind it ends
//	calls [N]                  so many calls but those for tokens were made since the last time this was asked
func cmdOkta(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	if args[0] == "start" {
		ts.Check(s.openAcme(ts))
		return
	}
	ts.Check(s.acme.do(args[0], args[1:]))
}

// openAcme makes the org.
func (s *stage) openAcme(ts *testscript.TestScript) error {
	a := &acme{Sim: oktasim.New(oktasim.Options{Page: 2}), dir: s.dir, ids: map[string]string{}}
	s.acme = a
	server, err := simhttp.StartTLS(a)
	if err != nil {
		return err
	}
	ts.Defer(func() {
		server.Close()
		if all := a.Complaints(); len(all) > 0 {
			ts.Fatalf("the org complains: %v", all)
		}
	})
	for _, group := range []string{"Lab", "Lab Night", "Contractors"} {
		a.ids[group] = a.AddGroup(group, "")
	}
	for _, name := range []string{"ana", "bo", "cy", "di"} {
		a.hire(name)
	}
	a.Change(a.ids["di"], map[string]any{"contractEnd": "2099-12-31"})
	a.SetMembers(a.ids["Lab Night"], a.ids["cy"])
	a.SetMembers(a.ids["Lab"], a.ids["ana"], a.ids["bo"])
	a.SetRules(a.ids["Lab"], a.ids["Lab Night"])
	a.SetMembers(a.ids["Contractors"], a.ids["di"])
	a.app = oktasim.Client{ID: "0oa1acme", Role: true, Scopes: []string{"okta.users.read", "okta.groups.read", "okta.logs.read"}}
	ts.Setenv("OKTA_URL", server.URL)
	if err := os.WriteFile(filepath.Join(s.dir, "okta-ca.pem"), server.CA, 0o600); err != nil {
		return err
	}
	return a.newKey()
}

func (a *acme) hire(name string) {
	a.ids[name] = a.AddUser("", map[string]any{"login": name + "@acme.example", "email": name + "@acme.example",
		"firstName": strings.ToUpper(name[:1]) + name[1:], "lastName": "Acme", "department": "Lab"})
}

// newKey gives the app a new key in place of the old one.
func (a *acme) newKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	a.app.Keys = []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1"}}
	a.AddClient(a.app)
	a.Revoke()
	return os.WriteFile(filepath.Join(a.dir, "okta-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func (a *acme) do(verb string, args []string) error {
	switch verb {
	case "scopes":
		a.app.Scopes = args
		a.AddClient(a.app)
	case "role":
		a.app.Role = args[0] == "yes"
		a.AddClient(a.app)
	case "bound":
		a.app.Bound = true
		a.AddClient(a.app)
		a.Revoke()
	case "key":
		return a.newKey()
	case "token":
		a.Revoke()
		a.AddAPIToken(args[0], true)
	case "fault":
		return a.broken(args)
	case "calls":
		return a.counted(args)
	default:
		return a.live(verb, args)
	}
	return nil
}

// live is what happens to people and groups.
func (a *acme) live(verb string, args []string) error {
	switch verb {
	case "hire":
		a.hire(args[0])
		a.SetMembers(a.ids[args[1]], a.ids[args[0]])
	case "set":
		a.Change(a.ids[args[0]], map[string]any{args[1]: args[2]})
	case "status":
		for _, name := range args[1:] {
			a.SetStatus(a.ids[name], args[0])
		}
	case "delete":
		for _, name := range args {
			if id := a.ids[name]; strings.HasPrefix(id, "00g") {
				a.DeleteGroup(id)
			} else {
				a.Delete(id)
			}
		}
	case "members":
		var ids []string
		for _, name := range args[1:] {
			ids = append(ids, a.ids[name])
		}
		a.SetMembers(a.ids[args[0]], ids...)
	default:
		return fmt.Errorf("okta: no verb %s", verb)
	}
	return nil
}

func (a *acme) broken(args []string) error {
	if len(args) == 0 {
		a.fault.Remove()
		return nil
	}
	kinds := map[string]simhttp.Action{"login": simhttp.LoginPage(), "half": simhttp.Half(),
		"forbidden": simhttp.Answer(403, `{"errorCode":"E0000006","errorSummary":"You do not have permission to perform the requested action"}`, nil)}
	do, ok := kinds[args[0]]
	if !ok {
		return fmt.Errorf("okta fault: no kind %s", args[0])
	}
	a.fault = a.Inject(simhttp.Fault{Pattern: oktasim.Users, Nth: 2, Count: simhttp.Always, Do: do})
	return nil
}

// counted compares the calls that were made.
func (a *acme) counted(want []string) error {
	all := a.Count("") - a.Count(oktasim.Token)
	got := strconv.Itoa(all - a.asked)
	if a.asked = all; len(want) > 0 && got != want[0] {
		return fmt.Errorf("%s calls, want %s", got, want[0])
	}
	return nil
}
