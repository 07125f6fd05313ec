package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// googleWorld is a simulated Google Workspace beside a story's LDAP directory.
type googleWorld struct {
	sim    *googlesim.Sim
	server *simhttp.Server
}

// cmdGoogle does something in the Workspace; `google open` makes it:
//
//	people   ivy, jon in /Staff/Berlin; kim in /Staff; lou in /Guests with a contract until next year
//	groups   doors@: devs@ (ivy, and ext@partner.example, who has no account), kim
func cmdGoogle(ts *testscript.TestScript, _ bool, args []string) {
	s, rest := stageOf(ts), args[1:]
	if args[0] == "open" {
		ts.Check(s.openGoogle(ts))
		return
	}
	g, at := s.google, func(name string) string { return name + "@example.com" }
	ok := true
	switch args[0] {
	case "join":
		g.sim.AddUser(googlesim.User{Email: at(rest[0]), Given: strings.ToUpper(rest[0]), Family: "New", Unit: rest[1]})
	case "members":
		ok = g.sim.SetMembers(at(rest[0]), strings.Fields(strings.Join(rest[1:], "@example.com ")+"@example.com")...)
	case "suspend":
		ok = g.sim.ChangeUser(at(rest[0]), func(u *googlesim.User) { u.Suspended = true })
	case "archive":
		ok = g.sim.ChangeUser(at(rest[0]), func(u *googlesim.User) { u.Archived = true })
	case "move":
		ok = g.sim.ChangeUser(at(rest[0]), func(u *googlesim.User) { u.Unit = rest[1] })
	case "delete":
		ok = g.sim.DeleteUser(at(rest[0]))
	case "delegate":
		g.sim.Delegate("kisi-sync", rest...)
		g.sim.ForgetTokens()
	case "api":
		g.sim.Enable(rest[0] == "on")
	case "break": // the second half of an answer never comes
		g.sim.Inject(simhttp.Fault{Pattern: googlesim.ListMembers, Count: simhttp.Always, Do: simhttp.Half()})
	case "forget":
		g.sim.ForgetConsent()
		g.sim.ForgetTokens()
	case "consent": // somebody opens the address that a program printed
		consent(ts, rest[0])
	default:
		ts.Fatalf("google: no verb %s", args[0])
	}
	if !ok {
		ts.Fatalf("google %s: there is no such person or group", strings.Join(args, " "))
	}
}

func (s *stage) openGoogle(ts *testscript.TestScript) (err error) {
	sim := googlesim.New(nil)
	g := &googleWorld{sim: sim}
	if g.server, err = simhttp.Start(sim); err != nil {
		return err
	}
	s.google = g
	ts.Defer(func() {
		g.server.Close()
		for _, complaint := range sim.Complaints() {
			ts.Logf("the simulated Google complains: %s", complaint)
		}
		if len(sim.Complaints()) > 0 {
			ts.Fatalf("the simulated Google complains")
		}
	})
	for _, path := range []string{"/Staff", "/Staff/Berlin", "/Guests"} {
		sim.AddUnit(path)
	}
	for _, u := range []googlesim.User{
		{Email: "ivy@example.com", Given: "Ivy", Family: "Moss", Unit: "/Staff/Berlin", Fields: map[string]any{"organizations": []any{map[string]any{"department": "IT", "primary": true}}}},
		{Email: "jon@example.com", Given: "Jon", Family: "Bell", Unit: "/Staff/Berlin"},
		{Email: "kim@example.com", Given: "Kim", Family: "Roe", Unit: "/Staff"},
		{Email: "lou@example.com", Given: "Lou", Family: "Fay", Unit: "/Guests", Custom: map[string]map[string]any{"Doors": {"contractEnd": "2099-12-31"}}},
	} {
		sim.AddUser(u)
	}
	sim.AddGroup("devs@example.com", "Developers", "ivy@example.com", "ext@partner.example")
	sim.AddGroup("doors@example.com", "Doors", "devs@example.com", "kim@example.com")
	for name, content := range map[string][]byte{"google-key.json": sim.ServiceAccount("kisi-sync", g.server.URL), "google-app.json": sim.App(g.server.URL)} {
		if err := os.WriteFile(ts.MkAbs(name), content, 0o600); err != nil {
			return err
		}
	}
	sim.Delegate("kisi-sync", googlesim.UserScope, googlesim.GroupScope, googlesim.UnitScope)
	ts.Setenv("GOOGLE_URL", g.server.URL)
	return s.googleFile(ts)
}

// googleFile puts the Workspace into the configuration.
func (s *stage) googleFile(ts *testscript.TestScript) error {
	text := strings.NewReplacer(
		"\ngroups:\n", `
  ws:
    type: google
    url: `+s.google.server.URL+`
    login: {key: {file: google-key.json}, subject: `+googlesim.Admin+`}
    emails: [example.com]
    attributes: {contract_end: customSchemas.Doors.contractEnd, team: organizations.department}
people: {attributes_from: [corp, ws]}
groups:
`, "\nlimits:\n", `
  - name: doors
    from: {source: ws, group: doors@example.com}
    grant: [Server Room]
  - name: berlin
    from: {source: ws, group: /Staff}
    grant: [Staff]
  - name: guests
    from: {source: ws, group: /Guests}
    grant: [Contractors]
    until: {attribute: contract_end, if_missing: refuse}
limits:
`).Replace(ts.ReadFile("config.yaml"))
	return os.WriteFile(ts.MkAbs("config.yaml"), []byte(text), 0o600)
}

// consent does what a browser does with the address in a file: the page of Google's, the consent, and back.
func consent(ts *testscript.TestScript, file string) {
	address := regexp.MustCompile(`http://\S+/o/oauth2/v2/auth\S+`).FindString(ts.ReadFile(file))
	if address == "" {
		ts.Fatalf("%s names no address", file)
	}
	resp, err := http.Get(address)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(text), "close this page") || json.Valid(text) {
		ts.Fatalf("the browser shows %d %s", resp.StatusCode, text)
	}
}
