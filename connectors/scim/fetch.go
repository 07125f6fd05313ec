package scim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Fetch reads what was pushed since the cursor, or everything. That nothing is missing cannot be said before a person has said so.
func (s *source) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (receipt directory.Receipt, err error) {
	err = s.env.Docs.View(ctx, func(shelf connectors.Shelf) error {
		b, err := openBook(shelf, s.env.Now())
		if err != nil {
			return err
		}
		r := &reading{source: s, book: b, users: userKind(), groups: groupKind(), put: put}
		receipt = directory.Receipt{At: s.env.Now(), AsOf: b.state.Pushed, Gathering: true, Next: s.cursor(b.state)}
		if from, ok := s.position(since, b.state); ok {
			receipt.Coverage = directory.Delta
			receipt.Proof = directory.Proof{Note: "what was pushed since"}
			return r.changes(from + 1)
		}
		receipt.Coverage = directory.Complete
		receipt.Proof = directory.Proof{Pages: 1, Entries: b.state.Users + b.state.Groups}
		return r.everything()
	})
	return receipt, err
}

// cursor is the position after the last change.
func (s *source) cursor(st state) directory.Cursor {
	return directory.Cursor{Shape: s.shape(st), Token: binary.BigEndian.AppendUint64(nil, st.Number)}
}

// shape makes positions of other rows, of other attributes and of another address void.
func (s *source) shape(st state) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "scim 1 %q %q %q", st.Epoch, s.env.Attributes, s.settings.People.Email))
}

// position returns the number of the last change that the caller knows.
func (s *source) position(since directory.Cursor, st state) (uint64, bool) {
	if since.Shape != s.shape(st) || len(since.Token) != 8 {
		return 0, false
	}
	n := binary.BigEndian.Uint64(since.Token)
	return n, n <= st.Number
}

// reading hands what was pushed on.
type reading struct {
	*source
	book          *book
	users, groups *kind
	put           func(*directory.Record) error
}

// changes puts what was changed by the change of a number and later.
func (r *reading) changes(from uint64) error {
	var failed error
	err := r.book.shelf.Each(changePrefix, changeKey(from), func(_ string, data []byte) bool {
		failed = r.change(data, true)
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

func (r *reading) change(data []byte, all bool) error {
	c, err := decodeChange(data)
	switch {
	case err != nil:
		return err
	case c.gone:
		return r.put(&directory.Record{Kind: directory.Erased, ID: c.id})
	case !all:
		return nil
	}
	k := r.users
	if c.letter == letterOfGroups {
		k = r.groups
	}
	one, err := r.book.get(k, c.id)
	if err != nil {
		return err
	}
	return r.one(k, one)
}

// everything puts all there is, and who was deleted.
func (r *reading) everything() error {
	for _, k := range []*kind{r.users, r.groups} {
		if err := r.all(k); err != nil {
			return err
		}
	}
	var failed error
	err := r.book.shelf.Each(changePrefix, "", func(_ string, data []byte) bool {
		failed = r.change(data, false)
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

func (r *reading) all(k *kind) error {
	var failed error
	err := r.book.shelf.Each(k.prefix(), "", func(key string, data []byte) bool {
		var one *row
		if one, failed = decodeRow(key[len(k.prefix()):], data); failed == nil {
			failed = r.one(k, one)
		}
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

func (r *reading) one(k *kind, one *row) error {
	if k.letter == letterOfUsers {
		return r.put(r.person(one))
	}
	return r.group(one)
}

// Check says what has been pushed, and whether anybody may push.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	st, tokens, err := s.summary(ctx)
	if err != nil {
		return []connectors.Finding{{Text: err.Error()}}
	}
	var all []connectors.Finding
	if len(tokens) == 0 {
		all = append(all, connectors.Finding{Level: connectors.Warning, Text: "there is no token, so nobody can push",
			Hint: "kisi-sync scim token create " + s.env.Name + " makes one"})
	}
	switch {
	case st.Pushed.IsZero() && len(tokens) > 0:
		return append(all, connectors.Finding{Level: connectors.Good, Text: "nothing has been pushed yet, which is no failure: until something is, nobody gains or loses anything by it",
			Hint: "next: kisi-sync run, then have the provider push; kisi-sync scim token list " + s.env.Name + " shows whether the token was used"})
	case st.Pushed.IsZero():
		return append(all, connectors.Finding{Level: connectors.Good, Text: "nothing has been pushed yet"})
	}
	return append(all, connectors.Finding{Level: connectors.Good, Text: fmt.Sprintf("pushed so far: users %d, groups %d; the last change %s ago",
		st.Users, st.Groups, s.env.Now().Sub(st.Pushed).Round(time.Second))})
}

func (s *source) summary(ctx context.Context) (st state, tokens []Token, err error) {
	err = s.env.Docs.View(ctx, func(shelf connectors.Shelf) error {
		if st, err = readState(shelf); err != nil {
			return err
		}
		tokens, err = readTokens(shelf)
		return err
	})
	return st, tokens, err
}
