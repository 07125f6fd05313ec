package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// hasSlapd says that an OpenLDAP is installed. Where it must be, the story fails without one.
func hasSlapd() bool {
	_, pathErr := exec.LookPath("slapd")
	_, err := os.Stat("/usr/sbin/slapd")
	return pathErr == nil || err == nil || os.Getenv("CI") == "true"
}

// slapdIn returns the command by which a story has a real OpenLDAP, and changes it:
//
//	start FILE                  it begins with the entries of a file; it is at $SLAPD_URL, and its authority in slapd-ca.pem
//	set UID ATTRIBUTE [VALUE]   a person's attribute has this value, or none
//	members GROUP UID...        a group has these members and no other
//	delete UID                  a person is deleted
//
// The server lives until all stories have ended, and a change that it refuses ends them.
func slapdIn(t *testing.T) func(*testscript.TestScript, bool, []string) {
	person := func(uid string) string { return "uid=" + uid + "," + slapd.PeopleDN }
	return func(ts *testscript.TestScript, _ bool, args []string) {
		s := stageOf(ts)
		switch what, rest := args[0], args[1:]; what {
		case "start":
			text := ts.ReadFile(rest[0])
			s.slapd = slapd.Start(t, slapd.Options{Load: func(w io.Writer) error { _, err := io.WriteString(w, text); return err }})
			ts.Setenv("SLAPD_URL", s.slapd.SecureURL())
			ts.Setenv("SLAPD_BASE", slapd.Suffix)
			ts.Setenv("SLAPD_READER", slapd.ReaderDN)
			ts.Check(os.WriteFile(ts.MkAbs("slapd-password"), []byte(slapd.ReaderPassword), 0o600))
			ts.Check(os.WriteFile(ts.MkAbs("slapd-ca.pem"), s.slapd.CA().PEM(), 0o600))
		case "set":
			s.slapd.Replace(person(rest[0]), ldapedit.Attributes{rest[1]: rest[2:]})
		case "members":
			var all []string
			for _, uid := range rest[1:] {
				all = append(all, person(uid))
			}
			s.slapd.Replace(fmt.Sprintf("cn=%s,%s", rest[0], slapd.GroupsDN), ldapedit.Attributes{"member": all})
		case "delete":
			s.slapd.Delete(person(rest[0]))
		default:
			ts.Fatalf("slapd cannot %s", what)
		}
	}
}
