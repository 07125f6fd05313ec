package ldapwire

// Tags of the basic encoding rules and of LDAP messages that are read here (RFC 4511 section 5.1 and appendix B).
const (
	tagInteger      = 0x02
	tagOctets       = 0x04
	tagEnumerated   = 0x0a
	tagSequence     = 0x30
	tagSet          = 0x31
	tagEntry        = 0x64 // SearchResultEntry
	tagDone         = 0x65 // SearchResultDone
	tagReference    = 0x73 // SearchResultReference
	tagIntermediate = 0x79 // IntermediateResponse
	tagControls     = 0xa0
)

// header reads a tag and a length: how many bytes they take and how many follow.
func header(p []byte) (size, length int, ok bool) {
	if len(p) < 2 || p[0]&0x1f == 0x1f || p[0] == 0 {
		return 0, 0, false // LDAP has no tags of more than one byte, and no end of contents, which is for indefinite lengths
	}
	size, length = 2, int(p[1])
	if p[1] < 0x80 {
		return size, length, true
	}
	more := int(p[1] & 0x7f)
	if more == 0 || more > 4 || len(p) < 2+more {
		return 0, 0, false
	}
	length = 0
	for _, b := range p[2 : 2+more] {
		length = length<<8 | int(b)
	}
	return 2 + more, length, length >= 0
}

// take cuts the first element off p: its content and what is behind it.
func take(p []byte, tag byte) (content, rest []byte, ok bool) {
	size, length, ok := header(p)
	if !ok || p[0] != tag || length > len(p)-size {
		return nil, nil, false
	}
	return p[size : size+length], p[size+length:], true
}

// skip cuts the first element off p, whatever it is.
func skip(p []byte) (rest []byte, ok bool) {
	if len(p) == 0 {
		return nil, false
	}
	_, rest, ok = take(p, p[0])
	return rest, ok
}

// integer reads an INTEGER or ENUMERATED that is not negative and fits 31 bits, as all of LDAP's do (RFC 4511 section 4.1.1).
func integer(content []byte) (int64, bool) {
	if len(content) == 0 || len(content) > 5 || content[0]&0x80 != 0 {
		return 0, false
	}
	var n int64
	for _, b := range content {
		n = n<<8 | int64(b)
	}
	return n, n < 1<<31
}

// messageID is the id of a message.
func messageID(frame []byte) (int64, error) {
	body, _, ok := take(frame, tagSequence)
	if !ok {
		return 0, ErrNotLDAP
	}
	raw, _, ok := take(body, tagInteger)
	if !ok {
		return 0, ErrNotLDAP
	}
	id, ok := integer(raw)
	if !ok {
		return 0, ErrNotLDAP
	}
	return id, nil
}

// wellFormed says that p is a row of elements whose lengths add up, no deeper than depth.
func wellFormed(p []byte, depth int) bool {
	for len(p) > 0 {
		size, length, ok := header(p)
		if !ok || length > len(p)-size {
			return false
		}
		constructed := p[0]&0x20 != 0
		if constructed && (depth == 0 || !wellFormed(p[size:size+length], depth-1)) {
			return false
		}
		p = p[size+length:]
	}
	return true
}
