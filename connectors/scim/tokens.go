package scim

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// Token is what is kept of a bearer token: nothing that could be sent.
type Token struct {
	ID      string    `json:"id"`
	Note    string    `json:"note,omitempty"`
	By      string    `json:"by"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"` // to the minute; zero: never
	Digest  []byte    `json:"digest"`        // SHA-256 of the token
}

// MostTokens is how many tokens a source may have. Two are enough to change one for the other.
const MostTokens = 10

// tokenMark begins every token, so that one which is found in a log or in a repository is known for what it is.
const tokenMark = "kisisync-scim-"

// The errors of tokens that a caller tells apart.
var (
	ErrNoToken       = errors.New("there is no such token")
	ErrTooManyTokens = fmt.Errorf("there are %d tokens already", MostTokens)
)

// NewToken makes a token and keeps its digest. The token itself, of 256 random bits, is returned and kept nowhere.
func NewToken(ctx context.Context, docs connectors.Docs, t Token) (Token, string, error) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // which never fails
	text := tokenMark + base64.RawURLEncoding.EncodeToString(secret[:])
	digest := sha256.Sum256([]byte(text))
	t.ID, t.Digest = hex.EncodeToString(digest[:4]), digest[:]
	err := docs.Update(ctx, func(shelf connectors.Shelf) error {
		all, err := readTokens(shelf)
		switch {
		case err != nil:
			return err
		case len(all) >= MostTokens:
			return ErrTooManyTokens
		}
		return t.keep(shelf)
	})
	return t, text, err
}

func (t Token) keep(shelf connectors.Shelf) error {
	data, err := json.Marshal(t)
	if err == nil {
		shelf.Put(tokenPrefix+t.ID, data)
	}
	return err
}

// Tokens returns the tokens of a source, the oldest first.
func Tokens(ctx context.Context, docs connectors.Docs) (all []Token, err error) {
	err = docs.View(ctx, func(shelf connectors.Shelf) error {
		all, err = readTokens(shelf)
		return err
	})
	slices.SortStableFunc(all, func(a, b Token) int { return a.Created.Compare(b.Created) })
	return all, err
}

func readTokens(shelf connectors.Shelf) (all []Token, err error) {
	var bad error
	err = shelf.Each(tokenPrefix, "", func(key string, data []byte) bool {
		var t Token
		if bad = json.Unmarshal(data, &t); bad != nil {
			bad = fmt.Errorf("token %s cannot be read: %w", strings.TrimPrefix(key, tokenPrefix), bad)
			return false
		}
		all = append(all, t)
		return true
	})
	return all, errors.Join(err, bad)
}

// RevokeToken drops a token: the next request that shows it is refused. ErrNoToken: there is none with this id.
func RevokeToken(ctx context.Context, docs connectors.Docs, id string) (t Token, err error) {
	err = docs.Update(ctx, func(shelf connectors.Shelf) error {
		all, err := readTokens(shelf)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(t Token) bool { return t.ID == id })
		if i < 0 {
			return ErrNoToken
		}
		t = all[i]
		shelf.Put(tokenPrefix+id, nil)
		return nil
	})
	return t, err
}

// usedEvery is how exactly it is known when a token was last used: each note of it is a write.
const usedEvery = time.Minute

// admit returns the token that a request shows, nil when it shows none that is valid. All digests are compared, each in constant time.
func (s *source) admit(ctx context.Context, authorization string) (found *Token, err error) {
	scheme, text, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, nil
	}
	digest := sha256.Sum256([]byte(strings.TrimSpace(text)))
	all, err := Tokens(ctx, s.env.Docs)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if subtle.ConstantTimeCompare(all[i].Digest, digest[:]) == 1 {
			found = &all[i]
		}
	}
	if found != nil && s.env.Now().Sub(found.Used) >= usedEvery {
		err = s.noteUse(ctx, found.ID)
	}
	return found, err
}

// noteUse remembers that a token was used now, unless it was revoked meanwhile.
func (s *source) noteUse(ctx context.Context, id string) error {
	return s.env.Docs.Update(ctx, func(shelf connectors.Shelf) error {
		data, err := shelf.Get(tokenPrefix + id)
		if err != nil || data == nil {
			return err
		}
		var t Token
		if err := json.Unmarshal(data, &t); err != nil {
			return err
		}
		t.Used = s.env.Now().UTC().Truncate(time.Second)
		return t.keep(shelf)
	})
}
