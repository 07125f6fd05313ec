package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/scimpeer"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// TestMain makes the binary of the tests the program itself when it is called kisi-sync. The stories mostly wait, because a Kisi
// takes five calls a second: many of them run side by side.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "24")
	testscript.Main(m, map[string]func(){"kisi-sync": main})
}

// Each file of testdata is a story: the program as a process of its own, against a directory and a Kisi that are served here. The
// simulated Kisi checks itself at the end of each: nobody made twice, no right given twice, nothing foreign touched, never too fast.
//
//	world                      set the stage (world_test.go says who is there)
//	ends CODE PROGRAM ARGS...  run a program that must end with this exit code
//	edit FILE OLD NEW          replace a text in a file; it must be there. \n in NEW begins a line
//	append FILE LINE           add a line to a file
//	directory VERB ARGS...     something happens in the directory
//	entra VERB ARGS...         something happens in a tenant of Entra ID (story_entra_test.go)
//	okta VERB ARGS...          something happens in an Okta org (story_okta_test.go)
//	samba VERB ARGS...         something happens in a domain of Active Directory (story_samba_test.go)
//	proxy VERB ARGS...         something happens to the company's proxy (story_proxy_test.go)
//	scimmy VERB ARGS...        something happens in a SCIM service provider (story_scim_pull_test.go)
//	kisi VERB ARGS...          somebody does something by hand in Kisi, or Kisi fails
//	[!] holds PERSON GROUP     somebody holds a group in Kisi
//	[!] enabled PERSON         somebody's Kisi user is not suspended
//	[!] mailed PERSON          Kisi has sent somebody a mail about a right
//	writes N                   so many changes were made in Kisi since the last time this was asked
//	silence                    Kisi was not asked anything since the last writes or silence
//	past DAYS...               the trail gets a line for each, from so many days ago; before the first run only
//	ago DAYS...                $AGO60 is the day that was 60 days ago
//	await [total] N            wait until so many more changes were made, or so many since the beginning
//	json [NULLABLE...]         the output is one JSON document, in which only these fields may be null
//	lock FILE                  another kisi-sync has the state file open
//	appears FILE               wait for a file
//	unpack ARCHIVE             unpack an archive into the folder unpacked
//	signal HUP|TERM|STOP|CONT|KILL  send a signal to whatever runs in the background
//	occupy                     another program has the port $METRICS, until vacate
//	post                       a webhook listens at $POST_URL, $METRICS is a free port, and metrics.pem a certificate for it
//	manager                    a service manager listens at $NOTIFY_SOCKET; what it hears can be told like a webhook's
//	asks CODE PATH TOKEN       ask the daemon's figures, and write what comes into the file answer
//	[!] told PATTERN           something was said there (within half a minute)
//	push CODE METHOD PATH [FILE [NAME]]  a provider pushes to the source okta or $PROVIDER (story_push_test.go); NAME gets the id of what it made
//	company N                  the provider pushes N people and a group Staff of all
//	disable                    the provider disables all of them, one after another
//	collector start|stop       an rsyslog listens at $COLLECTOR and writes into the file collected
//	collected PATTERN          wait until it has written such a line
//	chained FILE               lines of the audit trail in it follow each other, and none is missing
//	google VERB ARGS...        something happens in a Google Workspace (story_google_test.go)
//	spoil FILE HOW             a file is damaged: cut (its second half is missing), empty, loop (its pages lead to themselves)
func TestStories(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stories speak of signals, modes and terminals")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Values[stageKey{}] = &stage{}
			e.Setenv("TERM", "xterm")
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "collector":
				return hasCollector(), nil
			case "slapd":
				return hasSlapd(), nil
			case "samba":
				return hasSamba(), nil
			case "scimmy":
				return scimpeer.Here(), nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"world": cmdWorld, "ends": cmdEnds, "edit": cmdEdit, "append": cmdAppend, "directory": cmdDirectory, "kisi": cmdKisi, "holds": cmdHolds,
			"enabled": cmdEnabled, "writes": cmdWrites, "silence": cmdSilence, "await": cmdAwait, "json": cmdJSON, "lock": cmdLock, "appears": cmdAppears,
			"mailed": cmdMailed, "occupy": cmdOccupy, "vacate": cmdVacate,
			"google": cmdGoogle, "spoil": cmdSpoil, "past": cmdPast, "ago": cmdAgo, "unpack": cmdUnpack,
			"manager": cmdManager, "push": cmdPush, "company": cmdCompany, "disable": cmdDisable,
			"signal": cmdSignal, "post": cmdPost, "told": cmdTold, "asks": cmdAsks, "accepted": cmdAccepted,
			"entra":     cmdEntra,
			"okta":      cmdOkta,
			"proxy":     cmdProxy,
			"scimmy":    cmdScimmy,
			"collector": cmdCollector, "collected": cmdCollected, "chained": cmdChained,
			"slapd": slapdIn(t),
			"samba": sambaIn(t), "controllers": cmdControllers,
		},
	})
}

// cmdUnpack unpacks an archive into the story's folder.
func cmdUnpack(ts *testscript.TestScript, _ bool, args []string) {
	archive, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer archive.Close()
	ts.Check(os.CopyFS(ts.MkAbs("unpacked"), archive))
}

type stageKey struct{}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func cmdWorld(ts *testscript.TestScript, _ bool, _ []string) {
	s := stageOf(ts)
	ts.Check(s.set(ts.MkAbs(".")))
	ts.Setenv("LDAP_URL", s.ldap.SecureURL())
	ts.Setenv("KISI_URL", s.api.URL)
	ts.Defer(func() {
		s.close()
		if err := s.kisi.Check(); err != nil {
			ts.Fatalf("the simulated Kisi complains: %v", err)
		}
	})
}

func cmdEnds(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		code = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func cmdEdit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], strings.ReplaceAll(args[2], `\n`, "\n"))), 0o600))
}

func cmdAppend(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(ts.ReadFile(args[0])+args[1]+"\n"), 0o600))
}

func cmdDirectory(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	c, rest := s.company, args[1:]
	verbs := map[string]func() error{
		"join":     func() error { return s.join(rest[0], rest[1:]...) },
		"move":     func() error { return c.Transfer(rest[0], rest[1], rest[2]) },
		"add":      func() error { return c.AddMember(rest[1], ldapsim.PersonDN(rest[0])) },
		"leave":    func() error { return c.Leave(rest...) },
		"disable":  func() error { return c.Disable(rest[0]) },
		"enable":   func() error { return c.Enable(rest[0]) },
		"rename":   func() error { return c.RenameGroup(rest[0], rest[1]) },
		"set":      func() error { return c.Replace(ldapsim.PersonDN(rest[0]), rest[1], rest[2:]...) },
		"empty":    func() error { return c.Replace(ldapsim.GroupDN(rest[0]), "member") },
		"down":     func() error { s.closeDirectory(); return nil },
		"cut":      func() error { s.ldap.Break(ldapsim.Fault{On: ldapsim.OnEntry, After: 3, Drop: true}); return nil },
		"limit":    func() error { s.ldap.Break(ldapsim.Fault{On: ldapsim.OnEntry, After: 3, Code: 4}); return nil },
		"heal":     func() error { s.ldap.Heal(); return nil },
		"password": func() error { return c.Replace(ldapsim.LoginDN, "userPassword", rest[0]) },
		"remake": func() error {
			if err := c.Delete(ldapsim.GroupDN(rest[0])); err != nil {
				return err
			}
			return c.Add(ldapsim.GroupDN(rest[0]), ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {rest[0]}, "member": {ldapsim.PersonDN(rest[1])}})
		},
	}
	verb := verbs[args[0]]
	if verb == nil {
		ts.Fatalf("directory: no verb %s", args[0])
	}
	ts.Check(verb())
}

func cmdKisi(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	k, rest := s.kisi, append(args[1:], "", "")
	user := kisisim.User(k.UserID(rest[0]))
	verbs := map[string]func(){
		"suspend": func() { k.SuspendUser(user.ID) },
		"add":     func() { k.AddUser(kisisim.UserSpec{Email: rest[0], Name: rest[1]}) },
		"give":    func() { k.AddGrant(kisisim.GrantSpec{To: user, On: kisisim.Group(k.GroupID(rest[1]))}) },
		"take":    func() { k.DeleteGrant(k.GrantID(user, kisisim.Group(k.GroupID(rest[1])))) },
		"address": func() { k.ChangeAddress(user.ID, rest[1]) },
		"card":    func() { k.AddCard(user.ID) },
		"phone":   func() { k.AddPhone(user.ID, "Pixel") },
		"adopt": func() { // a user, and what somebody gave of a group
			k.AdoptUser(user.ID)
			if rest[1] != "" {
				k.AdoptGrant(k.GrantID(user, kisisim.Group(k.GroupID(rest[1]))))
			}
		},
		"role":       func() { k.SetOrganizationRole(user.ID, rest[1]) },
		"unimport":   func() { k.SwitchImports(false) },
		"import":     func() { k.AddImport("Entra contractors", k.GroupID(rest[0])) },
		"crowd":      func() { crowd(k, rest[0]) },
		"unlock":     func() { k.Unlock(user.ID) },
		"scim":       func() { k.SetScim(true, true) },
		"deletedoor": func() { k.TakeDoor(k.GroupID(rest[0]), s.doors[rest[1]]) },
		"revoke":     func() { k.RevokeKey(key) },
		"rekey":      func() { k.RevokeKey(key); k.AddKey(k.UserID("kisi-sync@example.com"), rest[0]) },
		"down":       func() { s.api.Close() },
		"up":         func() { ts.Check(s.serveAgain()) },
		"refuse": func() {
			status, err := strconv.Atoi(rest[1])
			ts.Check(err)
			method, path, some := strings.Cut(rest[0], " ")
			if !some {
				method, path = "", rest[0]
			}
			k.Inject(kisisim.Fault{Method: method, Path: path, Count: kisisim.Always, Do: kisisim.Status(status)})
		},
		"full": func() {
			s.fault = k.Inject(kisisim.Fault{Method: "POST", Path: rest[0], Count: kisisim.Always, Do: kisisim.Status(422)})
		},
		"hang":  func() { s.fault = k.Inject(kisisim.Fault{Path: rest[0], Do: kisisim.Hang()}) }, // for one call
		"hangs": func() { ts.Check(eventually(func() bool { return s.fault.Hits() > 0 })) },
		"heal":  func() { s.fault.Remove() },
		"mails": func() { k.WantMail(func(kisisim.Mail) bool { return true }) },
		"lets":  func() { k.Allow(kisisim.RoleGiven) }, // roles on places and the organization be given
		"elevator": func() { // in HQ, with so many floors
			lift := k.AddElevator(s.place, rest[0])
			floors, err := strconv.Atoi(rest[1])
			ts.Check(err)
			for n := 1; n <= floors; n++ {
				k.AddStop(lift, k.AddFloor(s.place, n))
			}
		},
		"group": func() { k.AddGroup(kisisim.GroupSpec{Name: rest[0]}) },
		"cut":   func() { k.Inject(kisisim.Fault{Method: "POST", Path: rest[0], Do: kisisim.CutAfter()}) },
	}
	verb := verbs[args[0]]
	if verb == nil {
		ts.Fatalf("kisi: no verb %s", args[0])
	}
	verb()
}

// person finds somebody in Kisi by uid.
func (s *stage) person(uid string) (kisisim.UserState, bool) {
	users := s.kisi.World().Users
	i := slices.IndexFunc(users, func(u kisisim.UserState) bool { return strings.HasPrefix(u.Email, uid+"@") })
	if i < 0 {
		return kisisim.UserState{}, false
	}
	return users[i], true
}

func cmdHolds(ts *testscript.TestScript, neg bool, args []string) {
	u, _ := stageOf(ts).person(args[0])
	holds := slices.ContainsFunc(u.Grants, func(g kisisim.GrantState) bool { return g.On == args[1] })
	if holds == neg {
		ts.Fatalf("%s holds %s: %v; all: %v", args[0], args[1], holds, u.Grants)
	}
}

func cmdEnabled(ts *testscript.TestScript, neg bool, args []string) {
	u, there := stageOf(ts).person(args[0])
	if !there || u.Access == neg {
		ts.Fatalf("%s: there %v, enabled %v", args[0], there, u.Access)
	}
}

func cmdMailed(ts *testscript.TestScript, neg bool, args []string) {
	mailed := slices.ContainsFunc(stageOf(ts).kisi.Outbox(), func(m kisisim.Mail) bool { return strings.HasPrefix(m.To, args[0]+"@") })
	if mailed == neg {
		ts.Fatalf("%s got a mail: %v", args[0], mailed)
	}
}

func cmdWrites(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	all := s.kisi.Writes()
	if got := len(all) - s.written; got != want {
		for _, r := range all[s.written:] {
			ts.Logf("%s %s %s", r.Method, r.Path, r.Body)
		}
		ts.Fatalf("%d writes, want %d", got, want)
	}
	s.written, s.asked = len(all), len(s.kisi.Requests())
}

func cmdSilence(ts *testscript.TestScript, _ bool, _ []string) {
	s := stageOf(ts)
	if n := len(s.kisi.Requests()); n != s.asked {
		ts.Fatalf("%d requests to Kisi", n-s.asked)
	}
}

func cmdJSON(ts *testscript.TestScript, _ bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	var v any
	ts.Check(d.Decode(&v))
	if d.More() {
		ts.Fatalf("more than one document")
	}
	if at := nullIn(v, "", args); at != "" {
		ts.Fatalf("%s is null", at)
	}
}

// nullIn finds a null where there must be none.
func nullIn(v any, at string, allowed []string) string {
	switch v := v.(type) {
	case nil:
		if slices.Contains(allowed, filepath.Base(at)) {
			return ""
		}
		return at
	case []any:
		for i, e := range v {
			if null := nullIn(e, fmt.Sprintf("%s/%d", at, i), allowed); null != "" {
				return null
			}
		}
	case map[string]any:
		for name, e := range v {
			if null := nullIn(e, at+"/"+name, allowed); null != "" {
				return null
			}
		}
	}
	return ""
}

func cmdLock(ts *testscript.TestScript, _ bool, args []string) {
	st, err := store.Open(ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	ts.Defer(func() { _ = st.Close() })
}

func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	sig := signals()[args[0]]
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(sig))
	}
}

func cmdSpoil(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	page := os.Getpagesize()
	switch args[1] {
	case "cut":
		b = b[:2*page+page/2]
	case "empty":
		b = nil
	case "loop": // the number of each page, and where it begins to lead to, is that of the second
		for at := 2 * page; at < len(b); at += page {
			copy(b[at:at+page], b[2*page:3*page])
		}
	default:
		ts.Fatalf("spoil: no way %s", args[1])
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// cmdAccepted accepts the group of a rule by the id that accept has just shown.
func cmdAccepted(ts *testscript.TestScript, _ bool, args []string) {
	_ = ts.Exec("kisi-sync", "accept", args[0], "--why", args[1])
	shown := regexp.MustCompile(`from now on: .* \(([0-9a-f-]+)\)`).FindStringSubmatch(ts.ReadFile("stdout"))
	if shown == nil {
		ts.Fatalf("no group was shown")
	}
	ts.Check(ts.Exec("kisi-sync", "accept", args[0], "--why", args[1], "--group", shown[1], "--json"))
}
