package syslog

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func message(text string) *Message {
	return &Message{Facility: Audit, Severity: Notice, Time: time.Date(2026, 3, 31, 18, 0, 0, 5000, time.FixedZone("", 7200)), Host: "door host",
		App: "kisi-sync", Process: "42", ID: "head", Text: text,
		Data: []Element{{ID: `head@3=2"473]`, Params: []Param{{"digest", `a"b\c]d`}, {"new\nline", "x\ny"}}}}}
}

func TestAMessageIsWrittenAsTheRFCSays(t *testing.T) {
	for text, want := range map[string]string{
		"":             "",
		"plain":        " plain",
		"Zürich":       " \ufeffZürich",
		"two\r\nlines": " two  lines",
		"\xff":         " \ufeff\ufffd",
	} {
		got := message(text).String()
		if want := `<109>1 2026-03-31T16:00:00.000005Z doorhost kisi-sync 42 head [head@32473 digest="a\"b\\c\]d" newline="x y"]` + want; got != want {
			t.Errorf("%q:\n%s\n%s", text, got, want)
		}
	}
	if got := (&Message{Severity: Debug}).String(); got != "<7>1 - - - - - -" {
		t.Error(got)
	}
	if got := (&Message{App: strings.Repeat("x", 99)}).String(); got != "<0>1 - - "+strings.Repeat("x", 48)+" - - -" {
		t.Error(got)
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"udp://log": "udp://log:514", "tcp://log:10514": "tcp://log:10514", "tls://log.example.com/": "tls://log.example.com:6514",
		"tls://[::1]": "tls://[::1]:6514", "unix:///dev/log": "unix:///dev/log", "log:514": "", "http://log": "", "udp://": "",
		"tcp://log:0": "", "tcp://log:70000": "", "tcp://user@log": "", "unix://dev/log": "", "unix:///": "", "tcp://log/path": "", "": "",
	} {
		a, err := ParseAddress(text)
		if got := a.String(); err == nil && got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q (%v), want %q", text, got, err, want)
		}
	}
}

// frames reads counted messages until the other side has said that it ends, as a server does.
func frames(t *testing.T, conn net.Conn) (all []string) {
	r := bufio.NewReader(conn)
	for {
		length, err := r.ReadString(' ')
		if err == io.EOF && length == "" {
			return all
		}
		n, bad := strconv.Atoi(strings.TrimSpace(length))
		b := make([]byte, max(n, 0))
		if _, err := io.ReadFull(r, b); err != nil || bad != nil {
			t.Errorf("%q: %v %v", length, bad, err)
			return all
		}
		all = append(all, string(b))
	}
}

func send(t *testing.T, a Address, config *tls.Config, texts ...string) {
	t.Helper()
	ctx := context.Background()
	c, err := Dial(ctx, a, config)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if err := c.Send(ctx, message(text)); err != nil {
			t.Error(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// stream serves one connection and returns its messages.
func stream(t *testing.T, l net.Listener) <-chan []string {
	t.Helper()
	got := make(chan []string, 1)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			got <- nil
			return
		}
		got <- frames(t, conn)
		_ = conn.Close()
	}()
	return got
}

func check(t *testing.T, got []string, texts ...string) {
	t.Helper()
	if len(got) != len(texts) {
		t.Fatalf("%q", got)
	}
	for i, text := range texts {
		if got[i] != message(text).String() {
			t.Errorf("%q", got[i])
		}
	}
}

func TestMessagesArriveOverTCPWhateverTheySay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := stream(t, l)
	send(t, Address{"tcp", l.Addr().String()}, nil, "one", "12 two", "Zürich\n3")
	check(t, <-got, "one", "12 two", "Zürich\n3")
}

func TestMessagesArriveOverTLSAndAnUnknownServerGetsNone(t *testing.T) {
	certificate, authorities := authority(t)
	listen := func() net.Listener {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := listen()
	got := stream(t, l)
	send(t, Address{"tls", l.Addr().String()}, &tls.Config{RootCAs: authorities}, "one", "two")
	check(t, <-got, "one", "two")

	l = listen()
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	defer func() { _ = l.Close() }()
	if _, err := Dial(context.Background(), Address{"tls", l.Addr().String()}, nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
}

func TestMessagesArriveOverUDPAndTheSocketOfTheMachine(t *testing.T) {
	networks := map[string]string{"udp": "127.0.0.1:0"}
	if runtime.GOOS != "windows" {
		networks["unixgram"] = filepath.Join(t.TempDir(), "log")
	}
	for network, at := range networks {
		l, err := net.ListenPacket(network, at)
		if err != nil {
			t.Fatal(err)
		}
		send(t, Address{strings.TrimSuffix(network, "gram"), l.LocalAddr().String()}, nil, "one")
		b := make([]byte, 4096)
		_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, _, err := l.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		check(t, []string{string(b[:n])}, "one")
		_ = l.Close()
	}
}

func TestAServerThatIsNotThereOrHangsUpIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dialled, hung := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(hung)
		if conn, err := l.Accept(); err == nil {
			<-dialled
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}()
	ctx := context.Background()
	c, err := Dial(ctx, Address{"tcp", l.Addr().String()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	close(dialled)
	<-hung
	err = c.Send(ctx, message("one"))
	if closed := c.Close(); err == nil && closed == nil {
		t.Error("nobody is told that the server hung up")
	}
	_ = l.Close()
	if _, err := Dial(ctx, Address{"tcp", l.Addr().String()}, nil); err == nil || !strings.Contains(err.Error(), "syslog tcp://") {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Dial(ended, Address{"tcp", "127.0.0.1:9"}, nil); err == nil {
		t.Error("dialled although the context has ended")
	}
}

func TestSendingToAServerThatReadsNothingIsBrokenOffWithTheContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by itself and never reads
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	c, err := Dial(ctx, Address{"tcp", l.Addr().String()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Drop()
	var sent atomic.Int64
	failed := make(chan error, 1)
	go func() {
		for {
			if err := c.Send(ctx, message(strings.Repeat("x", 1<<16))); err != nil {
				failed <- err
				return
			}
			sent.Add(1)
		}
	}()
	for last := int64(-1); last != sent.Load() || last == 0; { // until the buffers are full
		last = sent.Load()
		<-time.After(200 * time.Millisecond)
	}
	begin := time.Now()
	cancel()
	if err := <-failed; err == nil || time.Since(begin) > patience/2 {
		t.Error(err, time.Since(begin))
	}
}

func FuzzAMessageIsOneLineOfTheRFCsForm(f *testing.F) {
	f.Add("host", "app", "name", "value", "text")
	f.Add("", "a b", `"]=`, "\x00\n", "\u2028")
	form := regexp.MustCompile(`^<13>1 2026-\S+Z [!-~]{1,255} [!-~]{1,48} - - \[[!-~]{1,32} [!-~]{1,32}="(?:[^"\\\]]|\\.)*"\](?: .*)?$`)
	f.Fuzz(func(t *testing.T, host, app, param, value, text string) {
		m := message(text)
		m.Facility, m.Host, m.App, m.Process, m.ID = 1, host, app, "", ""
		m.Data = []Element{{ID: "x", Params: []Param{{param, value}}}}
		if got := m.String(); !form.MatchString(got) {
			t.Errorf("%q", got)
		}
	})
}

// authority makes a certificate of 127.0.0.1, and who vouches for it.
func authority(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "log"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
