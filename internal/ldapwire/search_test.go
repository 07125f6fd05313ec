package ldapwire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers each message that comes with what answer says.
func server(t testing.TB, answer func(c net.Conn, request *ber.Packet)) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for {
			request, err := ber.ReadPacket(c)
			if err != nil {
				return
			}
			answer(c, request)
		}
	})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); l.Close(); running.Wait() })
	return c
}

// shared is a line that go-ldap reads.
func shared(t testing.TB, c net.Conn) (*Line, *ldap.Conn) {
	t.Helper()
	line := New(c, Patience{time.Minute, time.Now})
	conn := ldap.NewConn(line, false)
	conn.Start()
	t.Cleanup(func() { line.Close(); conn.Close() })
	return line, conn
}

func everything(controls ...ldap.Control) *ldap.SearchRequest {
	return ldap.NewSearchRequest("dc=example,dc=com", ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"cn"}, controls)
}

func idOf(request *ber.Packet) int64 { return request.Children[0].Value.(int64) }

// message wraps an operation, and controls behind it if there are any.
func message(id int64, op []byte, controls ...byte) []byte {
	body := number(ber.TagInteger, id).Bytes()
	body = append(append(body, op...), controls...)
	return element(tagSequence, body)
}

func element(tag byte, content []byte) []byte {
	n := len(content)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n < 1<<16:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
	}
	return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, content...)
}

func encodedEntry(e *Entry) []byte {
	var list []byte
	for _, a := range e.Attributes {
		var values []byte
		for _, v := range a.Values {
			values = append(values, element(tagOctets, v)...)
		}
		list = append(list, element(tagSequence, append(element(tagOctets, []byte(a.Name)), element(tagSet, values)...))...)
	}
	return element(tagEntry, append(element(tagOctets, []byte(e.DN)), element(tagSequence, list)...))
}

func result(code byte, text string) []byte {
	return element(tagDone, append([]byte{tagEnumerated, 1, code, tagOctets, 0}, element(tagOctets, []byte(text))...))
}

func named(i int) *Entry {
	return &Entry{DN: fmt.Sprintf("cn=%d,dc=example,dc=com", i), Attributes: []Attribute{{"cn", [][]byte{[]byte(fmt.Sprint(i))}}}}
}

func TestALargeAnswerComesWholeAndInOrderWhileTheLibraryUsesTheLine(t *testing.T) {
	const many = 20_000
	c := server(t, func(c net.Conn, request *ber.Packet) {
		if idOf(request) < firstID { // go-ldap asks for the root DSE
			c.Write(append(message(idOf(request), encodedEntry(named(7))), message(idOf(request), result(0, ""))...))
			return
		}
		var out []byte
		for i := range many {
			out = append(out, message(idOf(request), encodedEntry(named(i)))...)
		}
		c.Write(append(out, message(idOf(request), result(0, ""))...))
	})
	line, conn := shared(t, c)
	ask := func() {
		t.Helper()
		if got, err := conn.Search(everything()); err != nil || len(got.Entries) != 1 || got.Entries[0].DN != named(7).DN {
			t.Fatal(got, err)
		}
	}
	ask()
	n := 0
	_, err := line.Search(t.Context(), everything(), func(a *Answer) error {
		if want := named(n); a.Entry.DN != want.DN || !cmp.Equal(a.Entry.Attributes, want.Attributes) {
			t.Fatalf("%v at %d", a.Entry, n)
		}
		n++
		return nil
	})
	if err != nil || n != many {
		t.Fatal(n, err)
	}
	ask()
}

func TestTwoSearchesAtOnceGetTheirOwn(t *testing.T) {
	var first int64
	c := server(t, func(c net.Conn, request *ber.Packet) {
		if first == 0 {
			first = idOf(request) // it is answered in between the second's
			return
		}
		var out []byte
		for i := range 1000 {
			out = append(out, message(first, encodedEntry(named(i)))...)
			out = append(out, message(idOf(request), encodedEntry(named(-i)))...)
		}
		out = append(out, message(idOf(request), result(0, ""))...)
		c.Write(append(out, message(first, result(0, ""))...))
	})
	line, _ := shared(t, c)
	var both sync.WaitGroup
	search := func() {
		sign, n := "", 0
		_, err := line.Search(t.Context(), everything(), func(a *Answer) error {
			if a.Entry.DN == named(-1).DN {
				sign = "-"
			}
			if want := fmt.Sprintf("cn=%s%d,", sign, n); n > 0 && !strings.HasPrefix(a.Entry.DN, want) {
				return fmt.Errorf("%s instead of %s", a.Entry.DN, want)
			}
			n++
			return nil
		})
		if err != nil || n != 1000 {
			t.Error(n, err)
		}
	}
	both.Go(search)
	both.Go(search)
	both.Wait()
}

func TestWhateverIsLessThanAWholeAnswerIsAnError(t *testing.T) {
	one := func(id int64) []byte { return message(id, encodedEntry(named(1))) }
	refused := errors.New("the server's own word")
	for name, c := range map[string]struct {
		say  func(id int64) []byte
		want error
	}{
		"cut after an entry":          {one, ErrCut},
		"cut within an entry":         {func(id int64) []byte { return one(id)[:9] }, ErrCut},
		"a size limit":                {func(id int64) []byte { return append(one(id), message(id, result(4, "enough"))...) }, refused},
		"an answer to something else": {func(id int64) []byte { return message(id, element(0x61, nil)) }, ErrNotLDAP},
		"an entry without a name":     {func(id int64) []byte { return message(id, element(tagEntry, element(tagSequence, nil))) }, ErrNotLDAP},
		"an end without a code":       {func(id int64) []byte { return message(id, element(tagDone, nil)) }, refused},
		"HTTP":                        {func(int64) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }, ErrNotLDAP},
		"not one byte":                {func(int64) []byte { return nil }, ErrCut},
	} {
		t.Run(name, func(t *testing.T) {
			line, _ := shared(t, server(t, func(conn net.Conn, request *ber.Packet) {
				conn.Write(c.say(idOf(request)))
				conn.Close()
			}))
			_, err := line.Search(t.Context(), everything(), func(*Answer) error { return nil })
			if c.want == refused {
				if !errors.As(err, new(*ldap.Error)) {
					t.Errorf("%v is not the server's", err)
				}
			} else if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestAnAnswerThatEndedIsWholeAlsoWhenTheServerHangsUpAtOnce(t *testing.T) {
	for range 200 {
		line, _ := shared(t, server(t, func(c net.Conn, request *ber.Packet) {
			c.Write(append(message(idOf(request), encodedEntry(named(1))), message(idOf(request), result(0, ""))...))
			c.Close()
		}))
		n := 0
		if _, err := line.Search(t.Context(), everything(), func(*Answer) error { n++; return nil }); err != nil || n != 1 {
			t.Fatal(n, err)
		}
	}
}

func TestASearchThatIsGivenUpIsAbandonedAndTheLineStaysGood(t *testing.T) {
	abandoned := make(chan int64, 1)
	c := server(t, func(c net.Conn, request *ber.Packet) {
		switch op := request.Children[1]; {
		case op.Tag == ldap.ApplicationAbandonRequest:
			id, _ := ber.ParseInt64(op.Data.Bytes())
			abandoned <- id
		case idOf(request) == firstID+1:
			var out []byte
			for i := range 50_000 { // more than is read ahead
				out = append(out, message(idOf(request), encodedEntry(named(i)))...)
			}
			c.Write(out)
		default:
			c.Write(message(idOf(request), result(0, "")))
		}
	})
	line, _ := shared(t, c)
	enough := errors.New("enough")
	if _, err := line.Search(t.Context(), everything(), func(*Answer) error { return enough }); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if id := <-abandoned; id != firstID+1 {
		t.Errorf("%d was abandoned", id)
	}
	if _, err := line.Search(t.Context(), everything(), func(*Answer) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestTheCauseOfACancellationIsTold(t *testing.T) {
	line, _ := shared(t, server(t, func(net.Conn, *ber.Packet) {}))
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the service ends")
	time.AfterFunc(time.Millisecond, func() { cancel(why) })
	if _, err := line.Search(ctx, everything(), func(*Answer) error { return nil }); !errors.Is(err, why) {
		t.Error(err)
	}
}

func TestASilentServerIsGivenUp(t *testing.T) {
	line := New(server(t, func(net.Conn, *ber.Packet) {}), Patience{20 * time.Millisecond, time.Now})
	conn := ldap.NewConn(line, false)
	conn.Start()
	t.Cleanup(func() { line.Close(); conn.Close() })
	if _, err := line.Search(t.Context(), everything(), func(*Answer) error { return nil }); !errors.Is(err, ErrSilent) {
		t.Error(err)
	}
}

func TestControlsOfTheEndAndReferralsAndStatesAreSeen(t *testing.T) {
	id := UUID{0x17, 0xec, 0x4e, 0x69, 0x7a, 0x32, 0x10, 0x41, 0x9f, 0x6b, 0x8d, 0x0e, 0xf9, 0x40, 0xec, 0xc4}
	state := element(tagSequence, append([]byte{tagEnumerated, 1, 3}, element(tagOctets, id[:])...))
	control := element(tagSequence, append(element(tagOctets, []byte(ldap.ControlTypeSyncState)), element(tagOctets, state)...))
	line, _ := shared(t, server(t, func(c net.Conn, request *ber.Packet) {
		paging := &ldap.ControlPaging{PagingSize: 0, Cookie: []byte("next")}
		c.Write(message(idOf(request), element(tagReference, element(tagOctets, []byte("ldap://elsewhere")))))
		c.Write(message(idOf(request), encodedEntry(named(1)), element(tagControls, control)...))
		c.Write(message(idOf(request), result(0, ""), element(tagControls, paging.Encode().Bytes())...))
	}))
	var said []string
	end, err := line.Search(t.Context(), everything(), func(a *Answer) error {
		if a.Referral {
			said = append(said, a.To)
			return nil
		}
		said = append(said, a.Entry.DN, fmt.Sprint(a.Sync.State), a.Sync.ID.String())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"ldap://elsewhere", named(1).DN, fmt.Sprint(ldap.SyncStateDelete), "17ec4e69-7a32-1041-9f6b-8d0ef940ecc4"}, said); d != "" {
		t.Error(d)
	}
	if p, ok := ldap.FindControl(end, ldap.ControlTypePaging).(*ldap.ControlPaging); !ok || string(p.Cookie) != "next" {
		t.Error(end)
	}
}

// byLibrary is what go-ldap makes of one answer, given as an operation and what is behind it in the message.
func byLibrary(t testing.TB, op []byte) (entries []*Entry, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	conn := ldap.NewConn(ours, false)
	conn.Start()
	defer conn.Close()
	var answered sync.WaitGroup
	answered.Go(func() {
		defer theirs.Close()
		if _, err := ber.ReadPacket(theirs); err != nil {
			return
		}
		theirs.Write(message(1, op))
		theirs.Write(message(1, result(0, "")))
		_, _ = ber.ReadPacket(theirs) // until it is closed
	})
	_, err = Library(context.Background(), conn, everything(), func(a *Answer) error {
		if a.Entry != nil {
			entries = append(entries, a.Entry.Clone())
		}
		return nil
	})
	ours.Close()
	answered.Wait()
	return entries, err
}

func byUs(op []byte) (entries []*Entry, err error) {
	_, _, err = (&decoder{}).message(message(1, op), func(a *Answer) error {
		if a.Entry != nil {
			entries = append(entries, a.Entry.Clone())
		}
		return nil
	})
	return entries, err
}

func randomEntry() *rapid.Generator[*Entry] {
	return rapid.Custom(func(t *rapid.T) *Entry {
		e := &Entry{DN: rapid.String().Draw(t, "dn"), Attributes: []Attribute{}}
		for range rapid.IntRange(0, 6).Draw(t, "attributes") {
			a := Attribute{Name: rapid.StringMatching(`[a-zA-Z;=0-9-]{1,20}`).Draw(t, "name"), Values: [][]byte{}}
			for range rapid.IntRange(0, 4).Draw(t, "values") {
				a.Values = append(a.Values, append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value")...))
			}
			e.Attributes = append(e.Attributes, a)
		}
		return e
	})
}

func same(a, b []*Entry) string {
	return cmp.Diff(a, b, cmp.Transformer("bytes", func(b []byte) string { return string(b) }),
		cmp.Transformer("list", func(v [][]byte) []string {
			out := []string{}
			for _, x := range v {
				out = append(out, string(x))
			}
			return out
		}))
}

func TestEntriesAreDecodedAsTheLibraryDecodesThem(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		op := encodedEntry(randomEntry().Draw(r, "entry"))
		want, err := byLibrary(t, op)
		if err != nil {
			r.Fatal(err)
		}
		got, err := byUs(op)
		if err != nil {
			r.Fatal(err)
		}
		if d := same(want, got); d != "" {
			r.Fatal(d)
		}
	})
}

// FuzzDecode gives both decoders whatever comes. Ours may refuse more; what it takes is what the library takes.
func FuzzDecode(f *testing.F) {
	f.Add(encodedEntry(named(1)))
	f.Add(encodedEntry(&Entry{}))
	f.Add(encodedEntry(&Entry{DN: "x", Attributes: []Attribute{{"member;range=0-1499", [][]byte{bytes.Repeat([]byte("x"), 300), nil}}}}))
	f.Add(element(tagReference, element(tagOctets, []byte("ldap://elsewhere"))))
	f.Add(element(tagEntry, []byte{tagOctets, 0x84, 0xff, 0xff, 0xff, 0xff}))
	f.Fuzz(func(t *testing.T, op []byte) {
		whole := message(1, op)
		if _, err := messageID(whole); err != nil {
			t.Fatal(err)
		}
		if !wellFormed(whole, maxDepth) { // a line hands it to neither
			return
		}
		got, err := byUs(op)
		if err != nil || len(got) == 0 {
			return
		}
		want, err := byLibrary(t, op)
		if err != nil && strings.Contains(err.Error(), "unable to read LDAP response packet") {
			return // it looks into what we skip, as behind an entry, and finds no value of its type there
		}
		if err != nil {
			t.Fatalf("we took what the library refuses: %v", err)
		}
		if d := same(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// FuzzLine says anything to a line that both readers use: it ends, and nothing panics.
func FuzzLine(f *testing.F) {
	f.Add(append(message(firstID+1, encodedEntry(named(1))), message(firstID+1, result(0, ""))...), 3)
	f.Add(message(1, result(0, "")), 1)
	f.Add([]byte{0x30, 0x80}, 1)
	f.Fuzz(func(t *testing.T, said []byte, step int) {
		line := New(&canned{rest: said, step: min(max(step, 1), 1<<20)}, Patience{time.Second, time.Now})
		reading := make(chan struct{})
		s := &search{full: make(chan []byte, 1), used: make(chan []byte, 2), over: make(chan struct{})}
		line.searches[firstID+1] = s
		go func() {
			defer close(reading)
			for p := make([]byte, 512); ; {
				if _, err := line.Read(p); err != nil {
					return
				}
			}
		}()
		_, _, _ = line.follow(context.Background(), s, func(a *Answer) error { return nil })
		close(s.over)
		<-reading
	})
}
