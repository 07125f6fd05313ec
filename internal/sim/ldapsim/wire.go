package ldapsim

import (
	"errors"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// errMalformed ends a connection, as RFC 4511 section 4.1.1 allows.
var errMalformed = errors.New("malformed LDAP message")

// message is an LDAPMessage (RFC 4511 section 4.1.1).
type message struct {
	id       int64
	op       *ber.Packet
	controls []control
}

type control struct {
	oid      string
	critical bool
	value    []byte
}

func parse(p *ber.Packet) (*message, error) {
	if p.Tag != ber.TagSequence || len(p.Children) < 2 {
		return nil, errMalformed
	}
	id, ok := p.Children[0].Value.(int64)
	if !ok || p.Children[1].ClassType != ber.ClassApplication {
		return nil, errMalformed
	}
	m := &message{id: id, op: p.Children[1]}
	if len(p.Children) > 2 {
		for _, c := range p.Children[2].Children {
			m.controls = append(m.controls, parseControl(c))
		}
	}
	return m, nil
}

func parseControl(p *ber.Packet) control {
	var c control
	for i, child := range p.Children {
		switch {
		case i == 0:
			c.oid = text(child)
		case child.Tag == ber.TagBoolean:
			c.critical, _ = child.Value.(bool)
		default:
			c.value = child.Data.Bytes()
		}
	}
	return c
}

// text is a string of the protocol, whatever tag it carries.
func text(p *ber.Packet) string { return p.Data.String() }

// number is an INTEGER or ENUMERATED, 0 if it is neither.
func number(p *ber.Packet) int {
	n, _ := p.Value.(int64)
	return int(n)
}

// search is a SearchRequest (RFC 4511 section 4.5.1).
type search struct {
	base       string
	scope      int
	sizeLimit  int
	typesOnly  bool
	filter     *ber.Packet
	attributes []string
}

func parseSearch(op *ber.Packet) (*search, error) {
	if len(op.Children) != 8 {
		return nil, errMalformed
	}
	s := &search{
		base: text(op.Children[0]), scope: number(op.Children[1]), sizeLimit: number(op.Children[3]),
		filter: op.Children[6],
	}
	s.typesOnly, _ = op.Children[5].Value.(bool)
	for _, a := range op.Children[7].Children {
		s.attributes = append(s.attributes, text(a))
	}
	return s, nil
}

// send writes one message with its controls.
func (c *conn) send(id int64, op *ber.Packet, controls ...ldap.Control) error {
	p := ber.NewSequence("")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	p.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, control := range controls {
			list.AppendChild(control.Encode())
		}
		p.AppendChild(list)
	}
	_, err := c.net.Write(p.Bytes())
	return err
}

// outcome is an LDAPResult (RFC 4511 section 4.1.9).
type outcome struct {
	code int
	text string
}

func (c *conn) finish(id int64, tag ber.Tag, o outcome, controls ...ldap.Control) error {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, o.code, ""))
	op.AppendChild(octetString("")) // matchedDN
	op.AppendChild(octetString(o.text))
	return c.send(id, op, controls...)
}

func (c *conn) sendEntry(id int64, e *entry, s *search) error {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octetString(e.dn))
	list := ber.NewSequence("")
	for _, a := range e.ranged(s.attributes, c.server.options.MaxValRange) {
		list.AppendChild(encodeAttribute(a, s.typesOnly))
	}
	op.AppendChild(list)
	return c.send(id, op)
}

func encodeAttribute(a attribute, typesOnly bool) *ber.Packet {
	p := ber.NewSequence("")
	p.AppendChild(octetString(a.name))
	values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	if !typesOnly {
		for _, v := range a.values {
			values.AppendChild(octetString(v))
		}
	}
	p.AppendChild(values)
	return p
}

func octetString(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}
