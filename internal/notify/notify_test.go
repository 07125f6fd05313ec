package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

// shelf is a Memory.
type shelf map[string][]byte

func (s shelf) Get(_ context.Context, key string) ([]byte, error) { return s[key], nil }
func (s shelf) Put(_ context.Context, key string, value []byte) error {
	s[key] = value
	return nil
}

// pad is a Way that writes down subjects and texts.
type pad struct {
	name string
	sent []Message
	fail error
}

func (p *pad) Name() string { return p.name }
func (p *pad) Send(_ context.Context, m Message) error {
	if p.fail == nil {
		p.sent = append(p.sent, m)
	}
	return p.fail
}

func (p *pad) take() (texts []string) {
	for _, m := range p.sent {
		texts = append(texts, m.Text)
	}
	p.sent = nil
	return texts
}

// desk is a teller with a clock of its own.
type desk struct {
	*Teller
	clock time.Time
	pads  []*pad
}

func newDesk(memory Memory, pads ...*pad) *desk {
	d := &desk{clock: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), pads: pads}
	o := Options{Installation: "berlin-1", About: []string{"held", "degraded", "summary"}, Again: 24 * time.Hour, Memory: memory, Now: func() time.Time { return d.clock }}
	for _, p := range pads {
		o.Ways = append(o.Ways, p)
	}
	d.Teller = New(o)
	return d
}

func (d *desk) says(t *testing.T, want []string, facts ...Fact) {
	t.Helper()
	if err := d.Tell(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, d.pads[0].take()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

var (
	corpIsDown = Fact{"degraded", "source corp", "cannot be read", "kisi-sync status says why"}
	threeHeld  = Fact{"held", "steps", "3 steps wait for somebody to decide", ""}
)

func TestTheSameFactIsToldOnceUntilItChangesOrADayHasPassed(t *testing.T) {
	memory := shelf{}
	d := newDesk(memory, &pad{name: "mail"})
	down := []string{"source corp: cannot be read\n    kisi-sync status says why\n"}
	d.says(t, down, corpIsDown)
	for range 20 {
		d.clock = d.clock.Add(time.Hour)
		d.says(t, nil, corpIsDown)
	}
	again := newDesk(memory, &pad{name: "mail"}) // another process
	again.clock = d.clock
	again.says(t, nil, corpIsDown)
	again.clock = again.clock.Add(4 * time.Hour)
	again.says(t, down, corpIsDown)
	again.clock = again.clock.Add(time.Hour)
	again.says(t, []string{"source corp: answers with half of its people\n"}, Fact{"degraded", "source corp", "answers with half of its people", ""})
	again.clock = again.clock.Add(time.Hour)
	again.says(t, []string{"over: source corp: answers with half of its people\n"})
	again.clock = again.clock.Add(time.Hour)
	again.says(t, nil)
}

func TestWhatComesCloseTogetherIsOneMessage(t *testing.T) {
	d := newDesk(shelf{}, &pad{name: "mail"})
	d.says(t, []string{"source corp: cannot be read\n    kisi-sync status says why\n"}, corpIsDown)
	d.clock = d.clock.Add(10 * time.Second)
	d.says(t, nil, corpIsDown, threeHeld)
	d.clock = d.clock.Add(time.Minute)
	d.says(t, []string{"steps: 3 steps wait for somebody to decide\n"}, corpIsDown, threeHeld)
}

func TestWhatTheFileDoesNotNameIsNotTold(t *testing.T) {
	newDesk(shelf{}, &pad{name: "mail"}).says(t, nil, Fact{"parked", "steps", "2 steps are parked", ""})
}

func TestAWayThatFailsIsTriedAgainAndKeepsBackNothingFromTheOthers(t *testing.T) {
	broken, fine := &pad{name: "mail", fail: errors.New("down")}, &pad{name: "chat"}
	d := newDesk(shelf{}, broken, fine)
	if err := d.Tell(t.Context(), []Fact{corpIsDown}); err == nil || err.Error() != "notify by mail: down" {
		t.Errorf("got %v", err)
	}
	if got := len(fine.take()); got != 1 {
		t.Errorf("the other way sent %d messages", got)
	}
	broken.fail = nil
	if err := d.Tell(t.Context(), []Fact{corpIsDown}); err != nil || len(broken.take()) != 1 || len(fine.take()) != 0 {
		t.Errorf("%v", err)
	}
}

func TestADayIsSummedUpOnceAndOnlyIfSomethingChanged(t *testing.T) {
	memory := shelf{}
	for range 2 { // twice, as another process
		d := newDesk(memory, &pad{name: "mail"})
		want := 0
		if memory["told by mail"] == nil {
			want = 1
		}
		for range 3 {
			if err := d.Summary(t.Context(), "2026-11-21", says("3 people got a door\n")); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(d.pads[0].take()); got != want {
			t.Errorf("%d messages, want %d", got, want)
		}
		if err := d.Summary(t.Context(), "2026-11-22", says("")); err != nil || len(d.pads[0].sent) != 0 {
			t.Errorf("a quiet day: %v, %d messages", err, len(d.pads[0].sent))
		}
		_ = d.Summary(t.Context(), "2026-11-21", says("")) // for the second round
	}
}

func says(text string) func() (string, error) { return func() (string, error) { return text, nil } }

// post office: an SMTP server of a few lines, with STARTTLS and AUTH PLAIN (RFC 5321, 3207, 4616).
type office struct {
	listener net.Listener
	config   *tls.Config // nil: offers no STARTTLS
	implicit bool

	mu    sync.Mutex
	mails []string
	auth  []string
	done  sync.WaitGroup
}

func (o *office) serve() {
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		o.done.Go(func() { o.talk(conn) })
	}
}

func (o *office) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprint(conn, text+"\r\n") }
	say("220 test")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-test")
			if o.config != nil && !o.implicit {
				say("250-STARTTLS")
			}
			say("250-AUTH PLAIN")
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go")
			secured := tls.Server(conn, o.config)
			conn, r = secured, bufio.NewReader(secured)
		case "AUTH":
			text, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			o.mu.Lock()
			o.auth = append(o.auth, strings.ReplaceAll(string(text), "\x00", "|"))
			o.mu.Unlock()
			if !strings.HasSuffix(string(text), "\x00sesame") {
				say("535 no")
				continue
			}
			say("235 ok")
		case "DATA":
			say("354 go")
			var b strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				b.WriteString(line)
			}
			o.mu.Lock()
			o.mails = append(o.mails, b.String())
			o.mu.Unlock()
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// newOffice starts a server, and returns a Mail that speaks to it.
func newOffice(t *testing.T, security string) (*office, *Mail) {
	t.Helper()
	authority, err := privateca.New("post")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(privateca.Leaf{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	o := &office{config: &tls.Config{Certificates: []tls.Certificate{cert}}, implicit: security == "tls"}
	if o.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if o.implicit {
		o.listener = tls.NewListener(o.listener, o.config)
	}
	o.done.Go(o.serve)
	t.Cleanup(func() { _ = o.listener.Close(); o.done.Wait() })
	return o, &Mail{Server: o.listener.Addr().String(), Security: security, User: "kisi", From: "Kisi Sync <kisi@example.com>", To: []string{"it@example.com", "lea@example.com"},
		CA: ca, Password: func() (secret.String, error) { return secret.New("sesame"), nil }}
}

func message() Message {
	m := Message{Installation: "berlin-1", At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Facts: []Fact{corpIsDown, {"held", "Büro", "wartet\r\nBcc: x@example.com", ""}}}
	m.write()
	return m
}

func TestMailArrivesOverStartTLSAndTLS(t *testing.T) {
	for _, security := range []string{"starttls", "tls"} {
		o, m := newOffice(t, security)
		if err := m.Send(t.Context(), message()); err != nil {
			t.Fatalf("%s: %v", security, err)
		}
		if len(o.mails) != 1 || len(o.auth) != 1 || o.auth[0] != "|kisi|sesame" {
			t.Fatalf("%s: %d mails, logins %v", security, len(o.mails), o.auth)
		}
		got, err := mail.ReadMessage(strings.NewReader(o.mails[0]))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(got.Body))
		if err != nil || !strings.Contains(string(text), "source corp: cannot be read\r\n") || !strings.Contains(string(text), "Büro: wartet") {
			t.Errorf("%s: text %q, %v", security, text, err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		if err != nil || subject != "[kisi-sync berlin-1] source corp: cannot be read, and 1 more" || got.Header.Get("Bcc") != "" {
			t.Errorf("%s: subject %q, header %v", security, subject, got.Header)
		}
	}
}

func TestNoMailIsSentInClearOrToAStranger(t *testing.T) {
	o, m := newOffice(t, "starttls")
	o.config = nil
	if err := m.Send(t.Context(), message()); err == nil || !strings.Contains(err.Error(), "no STARTTLS") {
		t.Errorf("without STARTTLS: %v", err)
	}
	o, m = newOffice(t, "starttls")
	m.CA = ""
	if err := m.Send(t.Context(), message()); err == nil {
		t.Error("an unknown authority is trusted")
	}
	if len(o.mails)+len(o.auth) != 0 {
		t.Errorf("sent all the same: %v %v", o.mails, o.auth)
	}
	o, m = newOffice(t, "tls")
	m.Password = func() (secret.String, error) { return secret.New("wrong"), nil }
	if err := m.Send(t.Context(), message()); err == nil || strings.Contains(err.Error(), "wrong") || len(o.mails) != 0 {
		t.Errorf("a wrong password: %v", err)
	}
}

// received is what an HTTP server was sent.
type received struct {
	header http.Header
	body   []byte
}

func listen(t *testing.T, status int) (string, *received) {
	t.Helper()
	got := &received{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.header = r.Header
		got.body, _ = io.ReadAll(r.Body)
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/hook/T0P-S3CRET", got
}

func fixed(text string) func() (secret.String, error) {
	return func() (secret.String, error) { return secret.New(text), nil }
}

func TestAWebhookCanBeCheckedByItsSignature(t *testing.T) {
	address, got := listen(t, http.StatusNoContent)
	w := &Webhook{URL: address, Secret: fixed("key"), HTTP: NewHTTP()}
	if err := w.Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	at := got.header.Get(TimestampHeader)
	if at != "1795262400" || got.header.Get(SignatureHeader) != Sign(secret.New("key"), at, got.body) {
		t.Errorf("header %v", got.header)
	}
	for _, forged := range []string{Sign(secret.New("other"), at, got.body), Sign(secret.New("key"), "1795262401", got.body), Sign(secret.New("key"), at, append(got.body, ' '))} {
		if forged == got.header.Get(SignatureHeader) {
			t.Error("key, time or body do not count")
		}
	}
	var m Message
	if err := json.Unmarshal(got.body, &m); err != nil || m.Installation != "berlin-1" || len(m.Facts) != 2 || m.Facts[0] != corpIsDown {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestTheSignatureIsThatOfTheDocumentation(t *testing.T) {
	// printf '1795262400.{}' | openssl dgst -sha256 -hmac key
	const want = "sha256=d64e8f9bc6de55c1ab8899ce0bdef8482ab85817eb20d9a79907e9d0ca1e52c8"
	if got := Sign(secret.New("key"), "1795262400", []byte("{}")); got != want {
		t.Errorf("got %s", got)
	}
}

func TestAChatIsWrittenToAsItTakesIt(t *testing.T) {
	address, got := listen(t, http.StatusOK)
	c := &Chat{URL: fixed(address), HTTP: NewHTTP()}
	if err := c.Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	var slack struct{ Text string }
	if err := json.Unmarshal(got.body, &slack); err != nil || !strings.HasPrefix(slack.Text, "*kisi-sync berlin-1*\nsource corp: cannot be read\n") {
		t.Errorf("%q, %v", slack.Text, err)
	}
	for address, want := range map[string]bool{"https://prod-1.westeurope.logic.azure.com:443/x": true, "https://hooks.slack.com/services/x": false,
		"https://logic.azure.com.example.com/": false, "https://acme.webhook.office.com/webhookb2/x": true} {
		if got := ofMicrosoft(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	text, err := json.Marshal(card(message()))
	if err != nil || !strings.Contains(string(text), `"contentType":"application/vnd.microsoft.card.adaptive"`) || !strings.Contains(string(text), "cannot be read") {
		t.Errorf("%s, %v", text, err)
	}
}

// Whoever knows the address may write there, so it is a secret.
func TestNoErrorShowsTheAddressOfAHook(t *testing.T) {
	refused, _ := listen(t, http.StatusForbidden)
	elsewhere, _ := listen(t, http.StatusFound)
	for _, address := range []string{refused, elsewhere, "http://127.0.0.1:1/T0P-S3CRET", "http://hooks.example.com/T0P-S3CRET", "://T0P-S3CRET"} {
		err := (&Chat{URL: fixed(address), HTTP: NewHTTP()}).Send(t.Context(), message())
		beat := (&Heartbeat{URL: fixed(address), HTTP: NewHTTP()}).Beat(t.Context())
		if err == nil || beat == nil || strings.Contains(err.Error()+beat.Error(), "S3CRET") {
			t.Errorf("%v, %v", err, beat)
		}
	}
}

func TestAHeartbeatAsksItsAddress(t *testing.T) {
	address, got := listen(t, http.StatusOK)
	if err := (&Heartbeat{URL: fixed(address), HTTP: NewHTTP()}).Beat(t.Context()); err != nil || got.header.Get("User-Agent") != "kisi-sync" {
		t.Errorf("%v, %v", err, got.header)
	}
}
