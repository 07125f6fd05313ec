package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// pair is a certificate with its key.
type pair struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
}

// pair reads the certificate and the key as they are now.
func (l *login) pair() (*pair, error) {
	s := &l.settings.Login
	certificate, err := readCertificate(inDir(l.env.Dir, s.Certificate))
	if err != nil {
		return nil, connectors.At("login.certificate", err)
	}
	text, err := s.Key.Resolve(secret.Place{Base: l.env.Dir})
	if err != nil {
		return nil, connectors.At("login.key", err)
	}
	key, err := parseKey([]byte(text.Reveal()))
	if err != nil {
		return nil, connectors.At("login.key", err)
	}
	if public, ok := certificate.PublicKey.(*rsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, connectors.At("login.key", errors.New("is not the key of the certificate"))
	}
	return &pair{certificate, key}, nil
}

func inDir(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// readCertificate takes the first certificate of a file: those of authorities may follow it.
func readCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, &hinted{err: fmt.Errorf("no certificate in PEM is in %s", path), hint: "turn it into PEM: openssl x509 -inform der -in entra.cer -out entra.pem"}
}

// parseKey reads an RSA key in PKCS #8 or PKCS #1. Entra takes no other kind.
func parseKey(text []byte) (*rsa.PrivateKey, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "RSA PRIVATE KEY":
			return x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, &hinted{err: errors.New("is protected with a password"), hint: "take it off: openssl pkey -in old -out entra-key, and let only the service's account read the file"}
		case "EC PRIVATE KEY":
			return nil, errNotRSA()
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			if key, ok := key.(*rsa.PrivateKey); ok {
				return key, nil
			}
			return nil, errNotRSA()
		}
	}
	return nil, &hinted{err: errors.New("holds no key in PEM"), hint: "take it out of the PFX: openssl pkcs12 -in entra.pfx -nocerts -nodes -out entra-key"}
}

func errNotRSA() error {
	return &hinted{err: errors.New("is no RSA key"), hint: "Entra takes RSA certificates only; make one with openssl req -x509 -newkey rsa:2048"}
}

// lifetime is how long an assertion is good for; it is used at once.
const lifetime = 10 * time.Minute

// assertion signs that we are the application (learn.microsoft.com/entra/identity-platform/certificate-credentials: PS256, x5t#S256 the SHA-256 of the
// certificate, aud the token endpoint). Each is made afresh and has an id of its own.
func (p *pair) assertion(client, audience string, now time.Time) (string, error) {
	sum := sha256.Sum256(p.certificate.Raw)
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: p.key}, options)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(map[string]any{
		"aud": audience, "iss": client, "sub": client, "jti": rand.Text(),
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
