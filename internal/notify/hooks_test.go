package notify

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

func TestAHookTrustsThePrivateAuthorityThatTheFileNamesAndNoOther(t *testing.T) {
	authority, err := privateca.New("tickets")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	address := private(t, authority, &asked)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	for name, send := range map[string]func(ca string) error{
		"webhook": func(ca string) error {
			return (&Webhook{URL: address, Secret: fixed("key"), HTTP: NewHTTP(), CA: ca}).Send(t.Context(), message())
		},
		"chat": func(ca string) error {
			return (&Chat{URL: fixed(address), HTTP: NewHTTP(), CA: ca}).Send(t.Context(), message())
		},
		"heartbeat": func(ca string) error {
			return (&Heartbeat{URL: fixed(address), HTTP: NewHTTP(), CA: ca}).Beat(t.Context())
		},
	} {
		asked = 0
		if err := send(filepath.Join(t.TempDir(), "none.pem")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s without the file: %v", name, err)
		}
		for text, trusted := range map[string]bool{string(authority.PEM()): true, "no certificate": false} {
			if err := os.WriteFile(ca, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := send(ca); (err == nil) != trusted {
				t.Errorf("%s, trusted %v: %v", name, trusted, err)
			}
		}
		if err := send(""); err == nil || asked != 1 {
			t.Errorf("%s: the system's authorities signed nothing of ours: %v, asked %d times", name, err, asked)
		}
	}
}

// private is a server with a certificate of an authority, which counts how often it is asked.
func private(t *testing.T, authority *privateca.Authority, asked *int) (address string) {
	t.Helper()
	pair, err := authority.Issue(privateca.Leaf{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { *asked++ }))
	s.TLS, s.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{cert}}, slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}
