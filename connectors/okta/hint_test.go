package okta

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
)

// A sync, which no check came before, tells what to do in Okta as well.
func TestAReadThatOktaRefusesSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		app  func(*oktasim.Client)
		set  func(*Settings)
		want string
	}{
		"no role":          {app: func(c *oktasim.Client) { c.Role = false }, want: "Read-Only Administrator"},
		"no scope":         {app: func(c *oktasim.Client) { c.Scopes = c.Scopes[1:] }, want: "Okta API Scopes"},
		"a key of another": {set: func(s *Settings) { s.Login.KeyID = "k9" }, want: "key_id"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, oktasim.Options{})
			app := oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{o.newKey("key.pem", "k1")}, Scopes: slices.Clone(scopes()), Role: true}
			if c.app != nil {
				c.app(&app)
			}
			o.AddClient(app)
			s := o.settings()
			if c.set != nil {
				c.set(s)
			}
			_, err := o.open(s).Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { return nil })
			var hinted interface{ Hint() string }
			if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), c.want) {
				t.Errorf("no hint of %q: %v", c.want, err)
			}
		})
	}
}
