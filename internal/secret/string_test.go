package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

const value = "hunter2-hunter2"

// holder has the secret where printers can call its methods, and where they
// cannot.
type holder struct {
	Open   secret.String
	closed secret.String
	Deep   *secret.String
	Many   []secret.String
	Named  map[string]secret.String
}

func newHolder() holder {
	s := secret.New(value)
	return holder{Open: s, closed: s, Deep: &s, Many: []secret.String{s}, Named: map[string]secret.String{"k": s}}
}

func TestNoPrintingVerbShowsASecret(t *testing.T) {
	things := map[string]any{"secret": secret.New(value), "struct": newHolder(), "pointer": &holder{closed: secret.New(value)}}
	for name, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s", "%T"} {
			if got := fmt.Sprintf(verb, thing); leaks(got) {
				t.Errorf("%s of a %s shows it: %s", verb, name, got)
			}
		}
	}
}

// leaks finds the secret in plain and in hexadecimal.
func leaks(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, "hunter") || strings.Contains(lower, fmt.Sprintf("%x", "hunter"))
}

func TestNoEncoderShowsASecret(t *testing.T) {
	h := newHolder()
	encoders := map[string]func() ([]byte, error){
		"json": func() ([]byte, error) { return json.Marshal(h) },
		"yaml": func() ([]byte, error) { return yaml.Marshal(h) },
		"xml":  func() ([]byte, error) { return xml.Marshal(h.Open) },
		"key":  func() ([]byte, error) { return json.Marshal(map[secret.String]int{h.Open: 1}) },
	}
	for name, encode := range encoders {
		got, err := encode()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if leaks(string(got)) || !bytes.Contains(got, []byte("(secret)")) {
			t.Errorf("%s wrote %s", name, got)
		}
	}
}

func TestNoLogHandlerShowsASecret(t *testing.T) {
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("starting", "key", secret.New(value), "settings", newHolder())
	}
	if leaks(out.String()) {
		t.Errorf("the log shows the secret: %s", out.String())
	}
}

func TestASecretCannotBeDecodedFromAPlainString(t *testing.T) {
	var h holder
	if err := yaml.Unmarshal([]byte("open: plain"), &h); err == nil {
		t.Error("a secret written into a file was accepted")
	}
}

func TestRevealReturnsWhatWasHidden(t *testing.T) {
	if got := secret.New(value).Reveal(); got != value {
		t.Errorf("got %q", got)
	}
	var zero secret.String
	if zero.Reveal() != "" || !zero.IsZero() || secret.New(value).IsZero() {
		t.Error("the zero value is not the empty secret")
	}
}

func TestSecretsAreEqualByValue(t *testing.T) {
	if !secret.New(value).Equal(secret.New(value)) || secret.New(value).Equal(secret.New("other")) {
		t.Error("Equal does not compare values")
	}
}
