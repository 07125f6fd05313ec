package main

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
)

// hasSamba says that a domain controller can run: its ports are fixed, so that takes root. Where it must, the story fails without one.
func hasSamba() bool {
	_, err := exec.LookPath("samba-tool")
	return err == nil && os.Geteuid() == 0 || os.Getenv("CI") == "true"
}

// sambaIn returns the command by which a story has a real domain controller of Active Directory, and changes it. Names are without "CN=", below OU=Staff:
//
//	start FILE                   it begins with the entries of a file; it is at $SAMBA_URL, its authority in samba-ca.pem, and the password of
//	                             reader@ad.lab.test in samba-reader
//	bin                          reader@ may look into the recycle bin; the controller is restarted
//	set NAME ATTRIBUTE [VALUE]   an attribute has this value, or none
//	members GROUP NAME...        a group has these members and no other
//	primary NAME GROUP           it is somebody's primary group, in which he is
//	rename NAME TO               an entry gets another name
//	away NAME                    an entry is moved out of OU=Staff, to CN=Users
//	back NAME                    and back
//	delete NAME                  an entry is deleted
//
// The controller lives until all stories have ended, and a change that it refuses ends them.
func sambaIn(t *testing.T) func(*testscript.TestScript, bool, []string) {
	const users = "CN=Users," + sambadc.Suffix
	dn := func(name string) string { return "CN=" + name + "," + sambadc.StaffDN }
	return func(ts *testscript.TestScript, _ bool, args []string) {
		s := stageOf(ts)
		switch what, rest := args[0], args[1:]; what {
		case "start":
			text := ts.ReadFile(rest[0])
			s.samba = sambadc.Start(t, sambadc.Options{Load: func(w io.Writer) error { _, err := io.WriteString(w, text); return err }})
			ts.Setenv("SAMBA_URL", s.samba.SecureURL())
			authority, err := os.ReadFile(s.samba.CAFile())
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs("samba-ca.pem"), authority, 0o600))
			ts.Check(os.WriteFile(ts.MkAbs("samba-reader"), []byte(sambadc.ReaderPassword), 0o600))
		case "bin":
			s.samba.ShowDeletions(sambadc.ReaderUser)
		case "set":
			s.samba.Replace(dn(rest[0]), ldapedit.Attributes{rest[1]: rest[2:]})
		case "members":
			var all []string
			for _, name := range rest[1:] {
				all = append(all, dn(name))
			}
			s.samba.Replace(dn(rest[0]), ldapedit.Attributes{"member": all})
		case "primary":
			s.samba.Replace(dn(rest[0]), ldapedit.Attributes{"primaryGroupID": {s.samba.RID(dn(rest[1]))}})
		case "rename":
			s.samba.Move(dn(rest[0]), "CN="+rest[1], "")
		case "away":
			s.samba.Move(dn(rest[0]), "CN="+rest[0], users)
		case "back":
			s.samba.Move("CN="+rest[0]+","+users, "CN="+rest[0], sambadc.StaffDN)
		case "delete":
			s.samba.Delete(dn(rest[0]))
		default:
			ts.Fatalf("samba cannot %s", what)
		}
	}
}
