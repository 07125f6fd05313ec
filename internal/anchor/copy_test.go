package anchor

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// chain is a trail of lines in memory.
type chain struct {
	*trail
	lines []record.Sealed
}

func newChain() *chain { return &chain{trail: newTrail(0)} }

func (c *chain) add(n int, what string) {
	for range n {
		number := uint64(len(c.lines) + 1)
		l := record.Sealed{Number: number, Digest: fmt.Appendf(nil, "%032d", number), Before: c.head.Digest,
			AuditLine: record.AuditLine{At: noon(), What: what, Outcome: record.Done}}
		if number == 1 {
			l.Before = nil
		}
		c.lines, c.head = append(c.lines, l), l.Head()
	}
}

func (c *chain) AuditSince(_ context.Context, after record.Head, most int) ([]record.Sealed, error) {
	for i := range c.lines {
		if c.lines[i].Number > after.Number {
			return c.lines[i:min(i+most, len(c.lines))], nil
		}
	}
	return nil, nil
}

// collector takes counted messages. It breaks connection number broken (from 1) after some messages, as a server that is killed does.
type collector struct {
	net.Listener
	got         chan string
	broken      int
	connections atomic.Int32
}

func collect(t *testing.T, broken int) *collector {
	t.Helper()
	return serve(t, broken, func(l net.Listener) net.Listener { return l })
}

func serve(t *testing.T, broken int, over func(net.Listener) net.Listener) *collector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = over(l)
	c := &collector{Listener: l, got: make(chan string, 5000), broken: broken}
	ended := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.connections.Add(1)
			c.read(conn)
		}
	}()
	return c
}

func (c *collector) read(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	for i := 0; ; i++ {
		if int(c.connections.Load()) == c.broken && i == 20 {
			_ = conn.(*net.TCPConn).SetLinger(0)
			return
		}
		length, err := r.ReadString(' ')
		n, bad := strconv.Atoi(strings.TrimSpace(length))
		b := make([]byte, max(n, 0))
		if err != nil || bad != nil {
			return
		}
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		c.got <- string(b)
	}
}

func (c *collector) all() (all []string) {
	for {
		select {
		case m := <-c.got:
			all = append(all, m)
		default:
			return all
		}
	}
}

func copying(c *chain, to string) *Copy {
	return &Copy{Installation: "berlin-1", To: Syslog{Address: syslog.Address{Network: "tcp", Host: to}}, Trail: c, Now: noon}
}

func TestEveryLineIsSentOnceInOrderWithItsPlaceInTheChain(t *testing.T) {
	ctx, c, server := context.Background(), newChain(), collect(t, 0)
	c.add(atOnce+1, "give access: zoë in <Staff>")
	cp := copying(c, server.Addr().String())
	if sent, err := cp.Send(ctx); err != nil || sent != (Sent{Lines: atOnce + 1}) {
		t.Fatal(sent, err)
	}
	if sent, err := cp.Send(ctx); err != nil || sent != (Sent{}) {
		t.Fatal(sent, err)
	}
	c.add(1, "pause")
	if sent, err := cp.Send(ctx); err != nil || sent != (Sent{Lines: 1}) || server.connections.Load() != 3 {
		t.Fatal(sent, err, server.connections.Load())
	}
	got := server.all()
	heads := anchors(t, strings.Join(got, "\n"))
	if len(got) != atOnce+2 || len(heads) != len(got) {
		t.Fatalf("%d messages with %d heads", len(got), len(heads))
	}
	for i, head := range heads {
		want := c.lines[i]
		if head.String() != "2026-03-31T12:00:00Z berlin-1 "+want.Head().String() || i > 0 && !strings.Contains(got[i], fmt.Sprintf(" after %x {", c.lines[i-1].Digest)) {
			t.Fatalf("%d: %s", i, got[i])
		}
	}
	begin, object, _ := strings.Cut(got[0], "{")
	if !strings.HasPrefix(begin, "<109>1 2026-03-31T12:00:00.000000Z ") || !strings.Contains(begin, " audit-line - \ufeffaudit trail: 2026") || !strings.HasSuffix(begin, " after - ") {
		t.Error(begin)
	}
	var line struct{ Number, What, Outcome any }
	if err := json.Unmarshal([]byte("{"+object), &line); err != nil || line.What != "give access: zoë in <Staff>" || line.Number != 1.0 || line.Outcome != "done" {
		t.Error(object, err)
	}
}

func TestWhatBreaksTheConnectionSkipsNoLine(t *testing.T) {
	ctx, c, server := context.Background(), newChain(), collect(t, 2)
	c.add(2*atOnce+10, strings.Repeat("x", 5000)) // more than the buffers of the system take
	cp := copying(c, server.Addr().String())
	sent, err := cp.Send(ctx)
	if err == nil || sent.Lines != atOnce || c.last[cp.Place()].Head.Number != atOnce {
		t.Fatal(sent, err, c.last)
	}
	if sent, err = cp.Send(ctx); err != nil || sent.Lines != atOnce+10 {
		t.Fatal(sent, err)
	}
	next, twice := 1, 0
	for _, head := range anchors(t, strings.Join(server.all(), "\n")) {
		switch n := int(head.Head.Number); {
		case n == next:
			next++
		case n == atOnce+1: // begins again there
			twice, next = next-n, n+1
		default:
			t.Fatalf("line %d comes when %d should", n, next)
		}
	}
	if next != 2*atOnce+11 || twice != 20 {
		t.Errorf("the last line is %d, and %d came twice", next-1, twice)
	}
}

func TestAServerThatIsAwayGetsEverythingLater(t *testing.T) {
	ctx, c, server := context.Background(), newChain(), collect(t, 0)
	address := server.Addr().String()
	_ = server.Close()
	c.add(3, "x")
	if sent, err := copying(c, address).Send(ctx); err == nil || !strings.Contains(err.Error(), "copy the audit trail to tcp://") || sent != (Sent{}) || len(c.last) > 0 {
		t.Fatal(sent, err, c.last)
	}
	again := collect(t, 0)
	if sent, err := copying(c, again.Addr().String()).Send(ctx); err != nil || sent.Lines != 3 || len(again.all()) != 3 {
		t.Error(sent, err)
	}
}

func TestLinesThatWereCutOffAndAnotherTrailAreSaid(t *testing.T) {
	ctx, c, server := context.Background(), newChain(), collect(t, 0)
	c.add(10, "x")
	cp := copying(c, server.Addr().String())
	c.last[cp.Place()] = record.Anchor{Head: c.lines[3].Head()}
	c.lines = c.lines[6:]
	if sent, err := cp.Send(ctx); err != nil || sent != (Sent{Lines: 4, Cut: 2}) {
		t.Error(sent, err)
	}
	other := newChain()
	other.add(2, "x")
	cp.Trail = beginning{other}
	other.last[cp.Place()] = record.Anchor{Head: record.Head{Number: 9, Digest: bytes.Repeat([]byte{1}, 32)}}
	if sent, err := cp.Send(ctx); err != nil || sent != (Sent{Lines: 2, Anew: true}) {
		t.Error(sent, err)
	}
}

// beginning is a trail that knows no head, and so begins again, once.
type beginning struct{ *chain }

func (b beginning) AuditSince(ctx context.Context, _ record.Head, most int) ([]record.Sealed, error) {
	return b.chain.AuditSince(ctx, record.Head{}, most)
}

func TestALineThatFitsIntoNoDatagramIsNamedInOneThatDoes(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c := newChain()
	c.add(1, strings.Repeat("x", datagram))
	cp := copying(c, l.LocalAddr().String())
	cp.To.Address.Network = "udp"
	if sent, err := cp.Send(context.Background()); err != nil || sent.Lines != 1 {
		t.Fatal(sent, err)
	}
	b := make([]byte, 2*datagram)
	_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := l.ReadFrom(b)
	if text := string(b[:n]); err != nil || len(anchors(t, text)) != 1 || !strings.HasSuffix(text, `{"number":1,"what":"too long for a datagram: kisi-sync audit show has it"}`) {
		t.Error(text, err)
	}
}

func TestACopyOverTLSGoesOnlyToAServerThatTheFileOfAuthoritiesVouchesFor(t *testing.T) {
	ours, theirs := authority(t, "ours"), authority(t, "theirs")
	pair, err := ours.Issue(privateca.Leaf{})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, 0, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}})
	})
	c := newChain()
	c.add(3, "x")
	cp := copying(c, server.Addr().String())
	cp.To.Address.Network = "tls"
	for _, ca := range []*privateca.Authority{theirs, ours} {
		cp.To.CA = filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(cp.To.CA, ca.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		sent, err := cp.Send(context.Background())
		if ca == theirs && (err == nil || !strings.Contains(err.Error(), "certificate") || sent != (Sent{})) || ca == ours && (err != nil || sent.Lines != 3) {
			t.Error(sent, err)
		}
	}
	if all := server.all(); len(all) != 3 {
		t.Error(all)
	}
}

func authority(t *testing.T, name string) *privateca.Authority {
	t.Helper()
	ca, err := privateca.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}
