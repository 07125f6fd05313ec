package slapd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/child"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

func TestItAnswersOverPlainLDAPStartTLSAndLDAPS(t *testing.T) {
	s := Start(t, Options{})
	trust := &tls.Config{RootCAs: s.CA().Pool(), ServerName: "localhost"}
	for _, c := range []struct {
		name, url string
		startTLS  bool
	}{{"ldap", s.URL(), false}, {"starttls", s.URL(), true}, {"ldaps", s.SecureURL(), false}} {
		conn := dial(t, c.url, trust)
		if c.startTLS {
			if err := conn.StartTLS(trust); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		if err := conn.Bind(ReaderDN, ReaderPassword); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestACertificateMayBeWrongOnPurpose(t *testing.T) {
	for name, c := range map[string]struct {
		leaf privateca.Leaf
		want any
	}{
		"another host": {privateca.Leaf{Hosts: []string{"dc1.example.com"}}, new(x509.HostnameError)},
		"out of date":  {privateca.Leaf{Expired: true}, new(x509.CertificateInvalidError)},
	} {
		s := Start(t, Options{Leaf: c.leaf})
		_, err := ldap.DialURL(s.SecureURL(), ldap.DialWithTLSConfig(&tls.Config{RootCAs: s.CA().Pool(), ServerName: "localhost"}))
		if !errors.As(err, c.want) {
			t.Errorf("%s: dial says %v", name, err)
		}
	}
}

func TestABindWithoutTLSIsRefusedWhenToldSo(t *testing.T) {
	s := Start(t, Options{RequireTLS: true})
	err := dial(t, s.URL(), nil).Bind(ReaderDN, ReaderPassword)
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultConfidentialityRequired) {
		t.Errorf("bind says %v", err)
	}
}

func TestWithoutTLSNeitherFormIsOffered(t *testing.T) {
	s := Start(t, Options{WithoutTLS: true})
	if err := dial(t, s.URL(), nil).StartTLS(&tls.Config{RootCAs: s.CA().Pool()}); err == nil {
		t.Error("StartTLS worked")
	}
}

func TestASizeLimitStopsTheReaderEvenWhenPaging(t *testing.T) {
	company := Population{People: 60, Groups: 2, Members: 5}
	s := Start(t, Options{Load: company.Write, SizeLimit: 50})
	_, err := s.Connect(ReaderDN, ReaderPassword).SearchWithPaging(everyone(), 20)
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		t.Errorf("the reader's search says %v", err)
	}
	all, err := s.Connect(RootDN, RootPassword).SearchWithPaging(everyone(), 20)
	if err != nil || len(all.Entries) != company.People {
		t.Errorf("root sees %v, %v", len(all.Entries), err)
	}
}

func TestChangesSurviveARestart(t *testing.T) {
	s := Start(t, Options{Load: Population{People: 3, Groups: 1, Members: 2}.Write})
	s.Add("uid=ana,"+PeopleDN, Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"Ana"}, "sn": {"A"}})
	s.Replace(PersonDN(0), Attributes{"mail": {"new@example.com"}, "pwdAccountLockedTime": {"000001010000Z"}})
	s.Move(PersonDN(1), "uid=renamed", "")
	s.Delete(PersonDN(2))
	url, pid := s.URL(), s.PID()
	s.Restart()
	if s.URL() != url || s.PID() == pid {
		t.Errorf("restart moved %s to %s, pid %d to %d", url, s.URL(), pid, s.PID())
	}
	found, err := s.Connect(ReaderDN, ReaderPassword).Search(everyone())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found.Entries {
		names = append(names, strings.SplitN(e.DN, ",", 2)[0]+" "+e.GetAttributeValue("mail")+e.GetAttributeValue("pwdAccountLockedTime"))
		if e.GetAttributeValue("entryUUID") == "" {
			t.Errorf("%s has no entryUUID", e.DN)
		}
	}
	want := "uid=p0000000 new@example.com000001010000Z; uid=renamed p0000001@example.com; uid=ana "
	if got := strings.Join(names, "; "); got != want {
		t.Errorf("people are %q, want %q", got, want)
	}
}

func TestAStoppedServerLeavesNoProcess(t *testing.T) {
	s := Start(t, Options{})
	pid := s.PID()
	s.Stop()
	s.Stop()
	if alive(pid) {
		t.Errorf("process %d lives", pid)
	}
}

// TestAServerDiesWithAKilledTest kills a second copy of this test binary while its server runs.
func TestAServerDiesWithAKilledTest(t *testing.T) {
	if os.Getenv("SLAPD_TEST_VICTIM") != "" {
		s := Start(t, Options{})
		os.Stdout.WriteString("\nPID=" + strconv.Itoa(s.PID()) + "\n")
		select {}
	}
	if !child.DiesWithUs {
		t.Skip("this system cannot tie a child to its parent")
	}
	binary(t, "slapd")
	victim := exec.Command(os.Args[0], "-test.run=^TestAServerDiesWithAKilledTest$", "-test.timeout=1m")
	victim.Env = append(os.Environ(), "SLAPD_TEST_VICTIM=1", "TMPDIR="+t.TempDir())
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	pid := readPID(out)
	_ = victim.Process.Kill() // fails only when it has ended, which the next line tells
	_ = victim.Wait()
	if pid == 0 {
		t.Fatal("the victim started no server")
	}
	for deadline := time.Now().Add(10 * time.Second); alive(pid); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("server %d outlives its test", pid)
		}
	}
}

func TestAPopulationHasTheNumbersAskedFor(t *testing.T) {
	var b bytes.Buffer
	if err := (Population{People: 1000, Groups: 20, Members: 250, Nested: 5}).Write(&b); err != nil {
		t.Fatal(err)
	}
	counts, members := map[string]int{}, map[string]bool{}
	for _, line := range strings.Split(b.String(), "\n") {
		name, value, _ := strings.Cut(line, ": ")
		counts[name]++
		switch {
		case name == "dn":
			members = map[string]bool{}
		case name == "member" && members[value]:
			t.Fatalf("%s is twice in a group", value)
		case name == "member":
			members[value] = true
		}
	}
	if counts["dn"] != 1020 || counts["mail"] != 1000 || counts["member"] != 20*250+3 {
		t.Errorf("counts are %v", counts)
	}
}

// BenchmarkLoad is how long a directory of the size that bench/ uses takes to be ready.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		Start(b, Options{Load: Population{People: 100_000, Groups: 2_000, Members: 250, Nested: 10}.Write}).Stop()
	}
}

func dial(t *testing.T, url string, trust *tls.Config) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(url, ldap.DialWithTLSConfig(trust))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func everyone() *ldap.SearchRequest {
	return ldap.NewSearchRequest(PeopleDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=inetOrgPerson)", []string{"*", "+"}, nil)
}

func readPID(out io.Reader) int {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "PID="); found {
			pid, _ := strconv.Atoi(text) // 0 is reported by the caller
			return pid
		}
	}
	return 0
}

// alive tells a running process from none and from a zombie that nobody has waited for yet.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}
