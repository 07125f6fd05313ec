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

func TestAWebhookTrustsThePrivateAuthorityThatTheFileNamesAndNoOther(t *testing.T) {
	authority, err := privateca.New("tickets")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(privateca.Leaf{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	posted := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posted++ }))
	s.TLS, s.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{cert}}, slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	w := &Webhook{URL: s.URL, Secret: fixed("key"), HTTP: NewHTTP(), CA: ca}
	if err := w.Send(t.Context(), message()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
	for text, trusted := range map[string]bool{string(authority.PEM()): true, "no certificate": false} {
		if err := os.WriteFile(ca, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := w.Send(t.Context(), message()); (err == nil) != trusted {
			t.Errorf("trusted %v: %v", trusted, err)
		}
	}
	w.CA = ""
	if err := w.Send(t.Context(), message()); err == nil || posted != 1 {
		t.Errorf("the system's authorities signed nothing of ours: %v, %d posted", err, posted)
	}
}
