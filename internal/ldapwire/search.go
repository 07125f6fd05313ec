package ldapwire

import (
	"context"
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Answer is one message of a search before its end: an entry, a referral (RFC 4511 section 4.5.3) or an intermediate response (section 4.13).
type Answer struct {
	Entry    *Entry       // nil for the others
	Sync     *Sync        // the state of Entry, if the server says one
	Referral bool         // a part of the answer lies elsewhere
	To       string       // at this address, the first of those that a referral names; "" if it names none
	Info     ldap.Control // an intermediate response
}

// batch is how many bytes of answers are handed over at once, if they are there already.
const batch = 64 << 10

// search is one search of ours. The goroutine that reads the line fills; the one that searches takes.
type search struct {
	full  chan []byte
	used  chan []byte   // batches to be filled again
	over  chan struct{} // closed when nobody takes any more
	batch []byte        // of the goroutine that reads
}

// deliver gives a message to its search. What comes for a search that is over is dropped.
func (l *Line) deliver(id int64, frame []byte) {
	l.mu.Lock()
	s := l.searches[id]
	l.mu.Unlock()
	if s == nil {
		return
	}
	s.batch = append(s.batch, frame...)
	if len(s.batch) < batch && !l.in.empty() && !l.another(id) {
		return
	}
	s.hand()
}

// another says that the next message, as far as it is here, may be of somebody else, who may keep the line busy.
func (l *Line) another(id int64) bool {
	next, err := messageID(l.in.held)
	return err != nil || next != id
}

// hand gives what was gathered to the one who searches, and takes an empty batch for it.
func (s *search) hand() {
	select {
	case s.full <- s.batch:
	case <-s.over:
	}
	select {
	case b := <-s.used:
		s.batch = b[:0]
	default:
		s.batch = nil
	}
}

// Search sends a request and follows its answer to the end.
func (l *Line) Search(ctx context.Context, request *ldap.SearchRequest, each func(*Answer) error) ([]ldap.Control, error) {
	p, err := l.Begin(request)
	if err != nil {
		return nil, err
	}
	return p.Follow(ctx, each)
}

// Pending is a search whose request was sent.
type Pending struct {
	line *Line
	id   int64
	*search
}

// Begin sends a request. Follow must be called then, once.
func (l *Line) Begin(request *ldap.SearchRequest) (*Pending, error) {
	id := l.nextID.Add(1)
	message, err := encode(id, request)
	if err != nil {
		return nil, err
	}
	p := &Pending{l, id, &search{full: make(chan []byte, 1), used: make(chan []byte, 2), over: make(chan struct{})}}
	l.mu.Lock()
	l.searches[id] = p.search
	l.mu.Unlock()
	if _, err := l.Write(message); err != nil {
		p.end()
		return nil, l.explain(err)
	}
	return p, nil
}

func (p *Pending) end() {
	p.line.mu.Lock()
	delete(p.line.searches, p.id)
	p.line.mu.Unlock()
	close(p.over)
}

// Follow calls each for every message of the answer, in their order, until its end, of which it returns the controls. Whatever is less
// than a whole answer is an error: a refusal of the server (*ldap.Error), a lost line (its reason), the error of each, or the cause of ctx.
// Then the server is asked to stop (RFC 4511 section 4.11).
//
// each runs in the caller's goroutine and must not wait for another answer on the same line, which may stand behind this one.
func (p *Pending) Follow(ctx context.Context, each func(*Answer) error) ([]ldap.Control, error) {
	defer p.end()
	controls, ended, err := p.line.follow(ctx, p.search, each)
	if !ended && p.line.Reason() == nil {
		_, _ = p.line.Write(abandon(p.id)) // out of courtesy: what it still sends is dropped
	}
	return controls, err
}

// follow takes batch after batch until the answer ends.
func (l *Line) follow(ctx context.Context, s *search, each func(*Answer) error) (controls []ldap.Control, ended bool, err error) {
	d := &decoder{}
	for {
		b, err := l.more(ctx, s)
		if err != nil {
			return nil, false, err
		}
		for rest := b; len(rest) > 0; {
			size, length, _ := header(rest) // examined when it was read
			m := rest[:size+length]
			rest = rest[size+length:]
			if controls, ended, err = d.message(m, each); ended || err != nil {
				return controls, ended, err
			}
		}
		select {
		case s.used <- b:
		default:
		}
	}
}

// more waits for the next batch. What was read before the line was lost is still good: its last message may be the end of the answer.
func (l *Line) more(ctx context.Context, s *search) ([]byte, error) {
	select {
	case b := <-s.full:
		return b, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.dead:
	}
	select {
	case b := <-s.full:
		return b, nil
	default:
		return nil, l.Reason()
	}
}

// message examines one message, which is whole.
func (d *decoder) message(frame []byte, each func(*Answer) error) (controls []ldap.Control, ended bool, err error) {
	body, _, _ := take(frame, tagSequence)
	_, body, _ = take(body, tagInteger)
	if len(body) == 0 {
		return nil, false, ErrNotLDAP
	}
	op, behind, ok := take(body, body[0])
	if !ok {
		return nil, false, ErrNotLDAP
	}
	switch body[0] {
	case tagEntry:
		answer, err := d.decode(op, behind)
		if err != nil {
			return nil, false, err
		}
		return nil, false, each(answer)
	case tagReference:
		to, _, _ := take(op, tagOctets)
		return nil, false, each(&Answer{Referral: true, To: string(to)})
	case tagIntermediate:
		packet, err := parse(frame)
		if err != nil {
			return nil, false, err
		}
		info, err := ldap.DecodeControl(packet.Children[1])
		if err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrNotLDAP, err)
		}
		return nil, false, each(&Answer{Info: info})
	case tagDone:
		controls, err := done(frame)
		return controls, true, err
	}
	return nil, false, fmt.Errorf("%w: a search was answered with tag %#x", ErrNotLDAP, body[0])
}

// parse lets go-ldap's decoder read a small message, whose form was examined.
func parse(frame []byte) (*ber.Packet, error) {
	packet, err := ber.DecodePacketErr(frame)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotLDAP, err)
	}
	if len(packet.Children) < 2 {
		return nil, ErrNotLDAP
	}
	return packet, nil
}

// done reads the end of an answer: what the server says of it, and its controls.
func done(frame []byte) ([]ldap.Control, error) {
	packet, err := parse(frame)
	if err != nil {
		return nil, err
	}
	if err := ldap.GetLDAPError(packet); err != nil {
		return nil, err
	}
	var controls []ldap.Control
	for _, child := range packet.Children[2:] {
		if child.ClassType != ber.ClassContext || child.Tag != 0 {
			continue
		}
		for _, one := range child.Children {
			control, err := ldap.DecodeControl(one)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNotLDAP, err)
			}
			controls = append(controls, control)
		}
	}
	return controls, nil
}

// encode writes a SearchRequest (RFC 4511 section 4.5.1).
func encode(id int64, r *ldap.SearchRequest) ([]byte, error) {
	filter, err := ldap.CompileFilter(r.Filter)
	if err != nil {
		return nil, fmt.Errorf("filter %s: %w", r.Filter, err)
	}
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchRequest, nil, "")
	op.AppendChild(octets(r.BaseDN))
	op.AppendChild(number(ber.TagEnumerated, int64(r.Scope)))
	op.AppendChild(number(ber.TagEnumerated, int64(r.DerefAliases)))
	op.AppendChild(number(ber.TagInteger, int64(r.SizeLimit)))
	op.AppendChild(number(ber.TagInteger, int64(r.TimeLimit)))
	op.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, r.TypesOnly, ""))
	op.AppendChild(filter)
	attributes := ber.NewSequence("")
	for _, name := range r.Attributes {
		attributes.AppendChild(octets(name))
	}
	op.AppendChild(attributes)
	message := ber.NewSequence("")
	message.AppendChild(number(ber.TagInteger, id))
	message.AppendChild(op)
	if len(r.Controls) > 0 {
		controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range r.Controls {
			controls.AppendChild(c.Encode())
		}
		message.AppendChild(controls)
	}
	return message.Bytes(), nil
}

// abandon asks a server to stop answering.
func abandon(id int64) []byte {
	message := ber.NewSequence("")
	message.AppendChild(number(ber.TagInteger, firstID-1)) // go-ldap does not get as far
	message.AppendChild(ber.NewInteger(ber.ClassApplication, ber.TypePrimitive, ldap.ApplicationAbandonRequest, id, ""))
	return message.Bytes()
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

func number(tag ber.Tag, n int64) *ber.Packet {
	return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, tag, n, "")
}

// Library is Search through go-ldap's own decoder, for comparison and for those who have switched ours off.
func Library(ctx context.Context, conn *ldap.Conn, request *ldap.SearchRequest, each func(*Answer) error) ([]ldap.Control, error) {
	within, stop := context.WithCancel(ctx)
	defer stop()
	answer := conn.SearchAsync(within, request, 64)
	var last []ldap.Control
	for answer.Next() {
		a := &Answer{Referral: answer.Referral() != "", To: answer.Referral()}
		if e := answer.Entry(); e != nil {
			a.Entry = FromLibrary(e)
			if x, ok := ldap.FindControl(answer.Controls(), ldap.ControlTypeSyncState).(*ldap.ControlSyncState); ok {
				a.Sync = &Sync{x.State, UUID(x.EntryUUID)}
			}
		}
		if a.Entry == nil && !a.Referral {
			if c := answer.Controls(); len(c) == 1 && intermediate(c[0]) {
				a.Info = c[0]
			} else {
				last = c
				continue
			}
		}
		if err := each(a); err != nil {
			return nil, err
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case answer.Err() != nil:
		return nil, answer.Err()
	case conn.IsClosing() || conn.GetLastError() != nil:
		return nil, ErrUnfinished
	}
	return last, nil
}

func intermediate(c ldap.Control) bool {
	_, ok := c.(*ldap.ControlSyncInfo)
	return ok
}
