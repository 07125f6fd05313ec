package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/scimpeer"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// acquired is a directory on a SCIM service provider that nobody here wrote: kim and lea are in Lab, mio is in Lab Night, which is in Lab, and
// nea is in no group.
type acquired struct {
	*scimpeer.Directory
	fault *simhttp.Injection
	asked int // calls that the story has accounted for
}

// cmdScimmy is what happens there:
//
//	start                     it is served at $SCIM_URL; its token is in scim-token
//	disable|enable|remove WHO
//	members GROUP WHO...      a group gets these members and no other
//	fault [KIND]              the second page of users is refused (refused), ends too early (short) or is one for people (login); without a kind it ends
//	calls [N]                 so many calls were made since the last time this was asked
func cmdScimmy(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	if args[0] == "start" {
		ts.Check(s.acquire(ts))
		return
	}
	ts.Check(s.acquired.do(args[0], args[1:]))
}

func (s *stage) acquire(ts *testscript.TestScript) error {
	server, err := scimpeer.Launch(s.dir)
	if err != nil {
		return err
	}
	ts.Defer(server.Close)
	d, err := server.Directory("")
	if err != nil {
		return err
	}
	ts.Defer(d.Close)
	s.acquired = &acquired{Directory: d}
	for _, name := range []string{"kim", "lea", "mio", "nea"} {
		if err := d.AddUser(name, "acquired.example", "Lab"); err != nil {
			return err
		}
	}
	if err := d.AddGroup("Lab Night", "mio"); err != nil {
		return err
	}
	if err := d.AddGroup("Lab", "kim", "lea", "Lab Night"); err != nil {
		return err
	}
	d.Forget()
	ts.Setenv("SCIM_URL", d.URL)
	return os.WriteFile(filepath.Join(s.dir, "scim-token"), []byte(d.Token), 0o600)
}

func (a *acquired) do(verb string, args []string) error {
	before := a.Count("")
	defer func() { a.asked += a.Count("") - before }() // what the story does itself
	switch verb {
	case "disable", "enable":
		return a.Replace(args[0], "active", verb == "enable")
	case "remove":
		return a.Remove(args[0])
	case "members":
		return a.SetMembers(args[0], args[1:]...)
	case "fault":
		return a.broken(args)
	case "calls":
		got := strconv.Itoa(before - a.asked)
		if a.asked = before; len(args) > 0 && got != args[0] {
			return fmt.Errorf("%s calls, want %s", got, args[0])
		}
		return nil
	}
	return fmt.Errorf("scimmy: no verb %s", verb)
}

func (a *acquired) broken(args []string) error {
	if len(args) == 0 {
		a.fault.Remove()
		return nil
	}
	kinds := map[string]simhttp.Action{
		"refused": simhttp.Answer(http.StatusForbidden, `{"status":"403","detail":"not now"}`, nil),
		"short":   simhttp.Answer(http.StatusOK, `{"totalResults":4,"Resources":[]}`, nil),
		"login":   simhttp.LoginPage(),
	}
	do, ok := kinds[args[0]]
	if !ok {
		return fmt.Errorf("scimmy fault: no kind %s", args[0])
	}
	a.fault = a.Inject(simhttp.Fault{Pattern: "GET /scim/Users", Count: simhttp.Always, Do: do,
		Where: func(c simhttp.Call) bool { return c.Query.Get("startIndex") != "1" }})
	return nil
}
