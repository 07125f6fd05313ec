package ldap

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// fetch is one read of which only the error counts.
func fetch(t *testing.T, o *Settings) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := open(t, o).Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { return nil })
	return err
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// on gives a server in both of its protected forms.
func on(t *testing.T, s *slapd.Server, test func(t *testing.T, o *Settings)) {
	for name, url := range map[string]string{"ldaps": s.SecureURL(), "starttls": s.URL()} {
		t.Run(name, func(t *testing.T) {
			o := settingsFor(t, s)
			o.URL = url
			test(t, o)
		})
	}
}

func TestAPrivateAuthorityIsTrustedWhenTheFileNamesIt(t *testing.T) {
	on(t, slapd.Start(t, slapd.Options{RequireTLS: true}), func(t *testing.T, o *Settings) {
		if err := fetch(t, o); err != nil {
			t.Error(err)
		}
	})
}

func TestAnUnknownAuthorityIsRefusedAndNamed(t *testing.T) {
	on(t, slapd.Start(t, slapd.Options{}), func(t *testing.T, o *Settings) {
		o.TLS.CA = ""
		wantError(t, fetch(t, o), "TLS: ", "unknown authority", "tls.ca")
	})
}

func TestACertificateOfAnotherHostIsRefusedAndNamed(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Leaf: privateca.Leaf{Hosts: []string{"dc1.example.com"}}})
	on(t, s, func(t *testing.T, o *Settings) {
		wantError(t, fetch(t, o), "TLS: ", "the certificate is not for 127.0.0.1", "tls.server_name")
		o.TLS.ServerName = "dc1.example.com"
		if err := fetch(t, o); err != nil {
			t.Errorf("with the name that it has: %v", err)
		}
	})
}

func TestAnExpiredCertificateIsRefusedAndNamed(t *testing.T) {
	on(t, slapd.Start(t, slapd.Options{Leaf: privateca.Leaf{Expired: true}}), func(t *testing.T, o *Settings) {
		wantError(t, fetch(t, o), "TLS: ", "not valid today", "renew it")
	})
}

func TestAnAuthorityFileThatIsNoneIsNamed(t *testing.T) {
	on(t, slapd.Start(t, slapd.Options{}), func(t *testing.T, o *Settings) {
		o.TLS.CA = writeFile(t, "ca.pem", "hello")
		wantError(t, fetch(t, o), "holds no certificate", "PEM")
		o.TLS.CA = "/nowhere/ca.pem"
		wantError(t, fetch(t, o), "tls.ca", "no such file")
	})
}

// wiretap carries a connection to a server and keeps what the client said.
type wiretap struct {
	net.Listener
	mu       sync.Mutex
	said     bytes.Buffer
	answered atomic.Int64 // bytes that the server said
}

func (w *wiretap) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(p)
}

// counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

func (w *wiretap) heard(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.said.Bytes(), []byte(text))
}

func tap(t *testing.T, server string) (*wiretap, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wiretap{Listener: l}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.carry(client, server) })
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return w, "ldap://" + strings.Replace(l.Addr().String(), "127.0.0.1", "localhost", 1)
}

func (w *wiretap) carry(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(io.MultiWriter(upstream, w), client); upstream.Close() })
	both.Go(func() { _, _ = io.Copy(io.MultiWriter(client, counter{&w.answered}), upstream); client.Close() })
	both.Wait()
}

func TestCredentialsNeverCrossTheNetworkInClear(t *testing.T) {
	refusing, _ := startSim(t, ldapsim.Options{WithoutStartTLS: true, PlainBind: true})
	w, url := tap(t, strings.TrimPrefix(refusing.URL(), "ldap://"))
	o := simSettings(t, refusing)
	o.URL = url
	wantError(t, fetch(t, o), "the server refuses StartTLS, so nothing was sent", "ldaps://")
	if w.heard(slapd.ReaderPassword) || w.heard(slapd.ReaderDN) {
		t.Error("the login went over the line although StartTLS was refused")
	}
	o.TLS.Plaintext = true
	if err := fetch(t, o); err != nil || !w.heard(slapd.ReaderPassword) {
		t.Errorf("with all protection given up: %v; the tap heard the password: %v", err, w.heard(slapd.ReaderPassword))
	}
	willing, _ := startSim(t, ldapsim.Options{})
	w, url = tap(t, strings.TrimPrefix(willing.URL(), "ldap://"))
	o = simSettings(t, willing)
	o.URL = url
	if err := fetch(t, o); err != nil || w.heard(slapd.ReaderPassword) || !w.heard(startTLSName) {
		t.Errorf("StartTLS: %v; the tap heard the password: %v", err, w.heard(slapd.ReaderPassword))
	}
}

func TestEveryWayToFailSaysWhichAndWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		fault ldapsim.Fault
		want  []string
	}{
		"size limit":            {ldapsim.Fault{On: ldapsim.OnEntry, After: 7, Code: ldap.LDAPResultSizeLimitExceeded}, []string{"search people", "Size Limit", "raise it for this account"}},
		"time limit":            {ldapsim.Fault{On: ldapsim.OnEntry, After: 7, Code: ldap.LDAPResultTimeLimitExceeded}, []string{"search people", "Time Limit", "raise it"}},
		"admin limit":           {ldapsim.Fault{On: ldapsim.OnEntry, After: 7, Code: ldap.LDAPResultAdminLimitExceeded}, []string{"search people", "Admin Limit", "index"}},
		"busy":                  {ldapsim.Fault{On: ldapsim.OnEntry, After: 7, Code: ldap.LDAPResultBusy}, []string{"search people", "busy"}},
		"referral result":       {ldapsim.Fault{On: ldapsim.OnEntry, After: 7, Code: ldap.LDAPResultReferral}, []string{"search people", "elsewhere"}},
		"cut in a page":         {ldapsim.Fault{On: ldapsim.OnEntry, After: 7, Drop: true}, []string{"search people", "the connection was cut", "nothing of this read is used"}},
		"cut at a page":         {ldapsim.Fault{On: ldapsim.OnNextPage, Drop: true}, []string{"search people", "the connection was cut"}},
		"cut at the end":        {ldapsim.Fault{On: ldapsim.OnDone, After: 3, Drop: true}, []string{"search people", "the connection was cut"}},
		"silence":               {ldapsim.Fault{On: ldapsim.OnEntry, After: 7, Hang: true}, []string{"search people", "the server said nothing for 1s", "timeout"}},
		"silent login":          {ldapsim.Fault{On: ldapsim.OnBind, Hang: true}, []string{"the server said nothing for 1s"}},
		"silent from the start": {ldapsim.Fault{On: ldapsim.OnAccept, Hang: true}, []string{"TLS: "}},
		"cut from the start":    {ldapsim.Fault{On: ldapsim.OnAccept, Drop: true}, []string{"TLS: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, company := startSim(t, ldapsim.Options{})
			for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
				if err := company.Add("uid="+name+","+slapd.PeopleDN, ldapsim.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {name}}); err != nil {
					t.Fatal(err)
				}
			}
			o := simSettings(t, s)
			o.Timeout, o.PageSize = time.Second, 4
			s.Break(c.fault)
			wantError(t, fetch(t, o), c.want...)
			s.Heal()
			if err := fetch(t, o); err != nil {
				t.Errorf("after it healed: %v", err)
			}
		})
	}
}

func TestASlowServerIsNotASilentOne(t *testing.T) {
	s, company := startSim(t, ldapsim.Options{})
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		if err := company.Add("uid="+name+","+slapd.PeopleDN, ldapsim.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {name}}); err != nil {
			t.Fatal(err)
		}
	}
	o := simSettings(t, s)
	o.Timeout = time.Second
	s.Break(ldapsim.Fault{On: ldapsim.OnEntry, Delay: 300 * time.Millisecond})
	if err := fetch(t, o); err != nil {
		t.Errorf("longer than the timeout in all, and yet never silent for so long: %v", err)
	}
}

func TestASizeLimitOfARealServerIsNotASmallDirectory(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 60, Groups: 2, Members: 5}.Write, SizeLimit: 50})
	o := settingsFor(t, s)
	o.PageSize = 20
	wantError(t, fetch(t, o), "search people", "Size Limit", "it counts even with pages")
}

func TestABaseThatIsGoneIsAnErrorAndNotAnEmptyDirectory(t *testing.T) {
	s := slapd.Start(t, slapd.Options{})
	o := settingsFor(t, s)
	o.Groups.Base = "ou=renamed," + slapd.Suffix
	wantError(t, fetch(t, o), "look for the base ou=renamed,", "the base is not there")
}

func TestServersAreTriedInOrder(t *testing.T) {
	first, _ := startSim(t, ldapsim.Options{})
	second, company := startSim(t, ldapsim.Options{})
	if err := company.Add("uid=ana,"+slapd.PeopleDN, ldapsim.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"Ana"}, "mail": {"ana@example.com"}}); err != nil {
		t.Fatal(err)
	}
	o := simSettings(t, first)
	o.URL, o.URLs = "", []string{first.SecureURL(), second.SecureURL()}
	o.TLS.CA = writeFile(t, "both.pem", string(first.CA().PEM())+string(second.CA().PEM()))
	r := connectortest.Follow(t, open(t, o))
	if r.Full(); len(r.People()) != 0 {
		t.Errorf("the first server is up, and yet %v", r.People())
	}
	first.Break(ldapsim.Fault{On: ldapsim.OnAccept, Drop: true})
	if r.Full(); !slices.Equal(r.People(), []string{"ana@example.com"}) {
		t.Errorf("the first server is down: %v", r.People())
	}
	second.Break(ldapsim.Fault{On: ldapsim.OnAccept, Drop: true})
	wantError(t, fetch(t, o), first.SecureURL(), second.SecureURL())
}

// Three wrong passwords lock an account, so one refusal is enough.
func TestAWrongPasswordIsTriedOnce(t *testing.T) {
	first, _ := startSim(t, ldapsim.Options{})
	second, _ := startSim(t, ldapsim.Options{})
	o := simSettings(t, first)
	o.URL, o.URLs = "", []string{first.SecureURL(), second.SecureURL()}
	o.TLS.CA = writeFile(t, "both.pem", string(first.CA().PEM())+string(second.CA().PEM()))
	o.Login.Password = passwordFile(t, "wrong")
	err := fetch(t, o)
	wantError(t, err, "log in as "+slapd.ReaderDN, "Invalid Credentials", "the password is the current one")
	if strings.Contains(err.Error(), second.SecureURL()) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("the second server was tried, or the password is told: %v", err)
	}
}

func TestAMissingPasswordIsNamedAndNothingIsTried(t *testing.T) {
	s, _ := startSim(t, ldapsim.Options{})
	o := simSettings(t, s)
	o.Login.Password.File = "/nowhere/password"
	wantError(t, fetch(t, o), "login.password", "does not exist")
}

func TestCancellingCutsAHangingRead(t *testing.T) {
	s, _ := startSim(t, ldapsim.Options{})
	for _, stage := range []ldapsim.Stage{ldapsim.OnAccept, ldapsim.OnBind, ldapsim.OnDone} {
		s.Break(ldapsim.Fault{On: stage, Hang: true})
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		began := time.Now()
		_, err := open(t, simSettings(t, s)).Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { return nil })
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
			t.Errorf("stage %d: %v after %v", stage, err, time.Since(began))
		}
	}
}
