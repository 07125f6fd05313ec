package ldap

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// No controller may take us back in time. Controllers learn of changes from each other, after seconds or after hours, and a disk may be put back: who
// was disabled at one is enabled at another that was not told yet. So a position says up to which change of which database it was read, and
// another controller is only believed when it has all of that:
//
//   - Each controller says up to which change it has those of each database (replUpToDateVector, [MS-DRSR] section 5.166). Its own are the last one's
//     number. Whoever has the changes of a database up to some number has all that this database held then, the changes of others included: a cycle
//     of replication brings everything that the other one has, and the vector moves at its end ([MS-DRSR] section 4.1.10.6).
//   - A database that was put back begins again below our number. Once it has given the same numbers to other changes the number tells nothing; then
//     some of the objects that had the highest ones tell: a number of an object never becomes a lower one ([MS-ADTS] section 3.1.1.1.9).
//
// Of several controllers that answer, one is asked that is not behind. When all are, only who is disabled is believed of the first of them, until it has
// caught up or a person accepts how it is.

// told is up to where a domain was read, for whoever reads it next. A position has one for each controller that must be known about: after leavers were
// believed of one that is behind there are several.
type told struct {
	Domain   string  `json:"domain"`   // the objectGUID of its head
	Database string  `json:"database"` // the invocationId of the controller
	Server   string  `json:"server"`
	USN      int64   `json:"usn"` // of the last change that may have been read
	Traces   []trace `json:"traces,omitempty"`
}

// pastOf is what a cursor tells of what was read, nothing if it is none of ours.
func pastOf(c directory.Cursor) []told {
	var p struct {
		Told []told `json:"told"`
	}
	if json.Unmarshal(c.Token, &p) != nil {
		return nil // a token that is none tells nothing
	}
	return p.Told
}

// connectFor connects to a controller that is not behind what a cursor tells of. If all that answer are, it is the first of them.
func (s *source) connectFor(ctx context.Context, since directory.Cursor) (*session, error) {
	past := pastOf(since)
	if !s.layout.windows || len(past) == 0 {
		return s.connectTo(ctx, cameFrom(since))
	}
	return s.connectFirst(ctx, cameFrom(since), func(c *session) (bool, error) {
		var err error
		c.behind, err = windows{s.reading(c, nil)}.behind(ctx, past)
		return c.behind == "", err
	})
}

// behind says why a controller is not believed about what was read before, "" when nothing speaks against it.
func (w windows) behind(ctx context.Context, past []told) (string, error) {
	if w.domain() == "" {
		return "", nil
	}
	own, err := w.invocation(ctx)
	for i := 0; i < len(past) && err == nil && own != ""; i++ {
		var why string
		if why, err = w.lacks(ctx, past[i], own); why != "" {
			return why, err
		}
	}
	return "", err
}

// lacks is behind for what one controller has told.
func (w windows) lacks(ctx context.Context, past told, own string) (string, error) {
	usn, said, err := w.knows(ctx, past, asText(own))
	switch {
	case err != nil || !said:
		return "", err
	case usn < past.USN && asText(own) == past.Database:
		return fmt.Sprintf("%s was put back to an older state: it is at change %d and was at %d", w.c.server, usn, past.USN), nil
	case usn < past.USN:
		return fmt.Sprintf("%s lags behind: it has the changes of %s up to %d, and those up to %d were read", w.c.server, past.Server, usn, past.USN), nil
	case asText(own) == past.Database:
		return w.overwritten(ctx, past)
	}
	return "", nil
}

// knows is up to which change the controller has those of a database; false if it does not say, or is of another domain.
func (w windows) knows(ctx context.Context, past told, own string) (usn int64, said bool, err error) {
	head, err := w.head(ctx)
	switch {
	case err != nil || head.id != past.Domain:
		return 0, false, err
	case own == past.Database:
		usn, err = w.highest()
		return usn, err == nil, nil
	}
	usn, said = head.vector[past.Database]
	return usn, said || len(head.vector) > 0, nil
}

// head is what the top entry of the domain says.
type head struct {
	id     string
	vector map[string]int64 // by invocationId, of other databases than its own; empty if it is hidden from us, or there are none
}

func (w windows) head(ctx context.Context) (h head, err error) {
	q := query{what: "the domain", base: w.domain(), filter: "(objectClass=*)", scope: ldap.ScopeBaseObject, attributes: []string{"objectGUID", "replUpToDateVector"}}
	_, err = w.c.page(ctx, q, nil, w.unproven(), func(e *ldapwire.Entry) error {
		h.id = asText(first(e, "objectGUID"))
		h.vector = vector([]byte(first(e, "replUpToDateVector")))
		return nil
	})
	return h, withoutAnswers(err)
}

// withoutAnswers passes over what a server refuses to tell.
func withoutAnswers(err error) error {
	if _, ok := answered(err); ok {
		return nil
	}
	return err
}

// asText makes 16 bytes printable. It is for comparing alone, so their order does not matter.
func asText(raw string) string { return fmt.Sprintf("%x", raw) }

// vector reads replUpToDateVector: UPTODATE_VECTOR_V1_EXT or V2_EXT ([MS-DRSR] sections 5.204 and 5.205), which differ in that each cursor of the
// second has a time at its end. What is none is empty.
func vector(raw []byte) map[string]int64 {
	if len(raw) < 16 {
		return nil
	}
	size := map[uint32]int{1: 24, 2: 32}[binary.LittleEndian.Uint32(raw)]
	cursors := raw[16:]
	if n := binary.LittleEndian.Uint32(raw[8:]); size == 0 || uint64(n)*uint64(size) != uint64(len(cursors)) {
		return nil
	}
	all := map[string]int64{}
	for c := range slices.Chunk(cursors, size) {
		if usn := binary.LittleEndian.Uint64(c[16:]); usn < 1<<63 {
			all[asText(string(c[:16]))] = int64(usn)
		}
	}
	return all
}

// tell is what a read tells those who come after: everything up to the last change that the controller has now. old is the position that it began
// with, of this database, none if it was of everything. Where nothing changed of what is looked at, the number of before is as good, and sooner known
// to other controllers.
func (w windows) tell(ctx context.Context, old position, changed bool) ([]told, error) {
	if w.domain() == "" {
		return nil, nil
	}
	t, err := w.now(ctx, old)
	switch {
	case err != nil || t.USN == 0:
		return nil, err
	case t.USN == old.USN && len(old.Told) > 0:
		return old.Told, nil
	}
	t.Traces, err = w.traces(ctx, t.USN)
	if len(old.Told) == 1 && old.Told[0].Database == t.Database && !changed {
		t.USN = old.Told[0].USN
	}
	return []told{t}, err
}

// now is what the controller has at this moment; nothing if it does not say.
func (w windows) now(ctx context.Context, old position) (t told, err error) {
	if err := w.c.readDSE(); err != nil {
		return told{}, w.c.explain(ctx, err)
	}
	usn, err := w.highest()
	if err != nil {
		return told{}, nil
	}
	if usn == old.USN && len(old.Told) > 0 {
		return told{USN: usn}, nil // the position is as good as it was
	}
	own, err := w.invocation(ctx)
	if err != nil || own == "" {
		return told{}, err
	}
	h, err := w.head(ctx)
	return told{Domain: h.id, Database: asText(own), Server: w.c.server, USN: usn}, err
}

// checkVector says that controllers cannot be held against each other, nothing where they can.
func (w windows) checkVector(ctx context.Context) []connectors.Finding {
	if w.domain() == "" {
		return nil
	}
	h, err := w.head(ctx)
	if err != nil || len(h.vector) > 0 {
		return nil // who cannot read the domain is told so elsewhere
	}
	return []connectors.Finding{{Level: connectors.Warning, Text: w.c.server + " does not say how far it knows the other controllers' changes, so one that lags behind may bring back who was disabled at another one",
		Hint: "let the account read replUpToDateVector of " + w.domain() + ", which everybody may by default; where there is one controller alone, nothing is missing"}}
}
