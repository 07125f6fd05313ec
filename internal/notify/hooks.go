package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// NewHTTP returns the client that hooks use: no redirects, as a message and its signature are for one address only, and a limit in time.
func NewHTTP() *http.Client {
	return &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("the address leads to another one, which is not followed")
	}}
}

// Chat writes into a chat through an incoming webhook: as Slack and Mattermost take it, or as Teams does where the address is one of Microsoft's.
type Chat struct {
	URL  func() (secret.String, error)
	HTTP *http.Client
	CA   string // a file of authorities to trust instead of the system's; "": the system's
}

// Name is chat.
func (*Chat) Name() string { return "chat" }

// Send posts the message.
func (c *Chat) Send(ctx context.Context, m Message) error {
	address, err := c.URL()
	if err != nil {
		return err
	}
	text := "*kisi-sync " + m.Installation + "*\n" + m.Text
	var payload any = map[string]string{"text": text}
	if ofMicrosoft(address.Reveal()) {
		payload = card(m)
	}
	client, done, err := trusting(c.HTTP, c.CA)
	if err != nil {
		return err
	}
	defer done()
	return post(ctx, client, address.Reveal(), payload, nil)
}

// ofMicrosoft says that an address is that of a Teams workflow or connector.
func ofMicrosoft(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	for _, domain := range []string{".logic.azure.com", ".powerplatform.com", ".webhook.office.com"} {
		if strings.HasSuffix(u.Hostname(), domain) {
			return true
		}
	}
	return false
}

// card is a message as a Teams workflow takes it (Adaptive Cards 1.4 within an attachment).
func card(m Message) any {
	type object = map[string]any
	body := []object{
		{"type": "TextBlock", "weight": "Bolder", "wrap": true, "text": "kisi-sync " + m.Installation},
		{"type": "TextBlock", "wrap": true, "text": strings.ReplaceAll(m.Text, "\n", "\n\n")},
	}
	return object{"type": "message", "attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive",
		"content": object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body}}}}
}

// The headers of a signed message.
const (
	TimestampHeader = "X-Kisi-Sync-Timestamp" // seconds since 1970
	SignatureHeader = "X-Kisi-Sync-Signature" // sha256= and the HMAC in hexadecimal digits
)

// Webhook posts the message as JSON, signed.
type Webhook struct {
	URL    string
	Secret func() (secret.String, error)
	HTTP   *http.Client
	CA     string // a file of authorities to trust instead of the system's; "": the system's
}

// Name is webhook.
func (*Webhook) Name() string { return "webhook" }

// Send posts the message.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	key, err := w.Secret()
	if err != nil {
		return err
	}
	client, done, err := trusting(w.HTTP, w.CA)
	if err != nil {
		return err
	}
	defer done()
	return post(ctx, client, w.URL, m, func(r *http.Request, body []byte) {
		at := strconv.FormatInt(m.At.Unix(), 10)
		r.Header.Set(TimestampHeader, at)
		r.Header.Set(SignatureHeader, Sign(key, at, body))
	})
}

// trusting returns the client with the authorities of a file instead of the system's, and what ends the use of it; "" changes nothing. The
// file is read each time, as it may have been replaced, and messages are few.
func trusting(client *http.Client, ca string) (_ *http.Client, done func(), err error) {
	pool, err := authorities(ca)
	if pool == nil {
		return client, func() {}, err
	}
	private := *client
	private.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return &private, private.CloseIdleConnections, nil
}

// Sign returns the signature of a body sent at a moment: HMAC-SHA256 over the timestamp, a full stop, and the body. Whoever checks it
// refuses an old timestamp, so that nothing can be sent a second time by somebody else.
func Sign(key secret.String, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Heartbeat is an address that is asked to say that all is well.
type Heartbeat struct {
	URL  func() (secret.String, error)
	HTTP *http.Client
	CA   string // a file of authorities to trust instead of the system's; "": the system's
}

// Beat asks it once.
func (h *Heartbeat) Beat(ctx context.Context) error {
	address, err := h.URL()
	if err != nil {
		return err
	}
	client, done, err := trusting(h.HTTP, h.CA)
	if err != nil {
		return err
	}
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.Reveal(), nil)
	if err != nil {
		return hidden(err)
	}
	return do(client, req)
}

func post(ctx context.Context, client *http.Client, address string, payload any, sign func(*http.Request, []byte)) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(payload); err != nil {
		return err
	}
	body := b.Bytes()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return hidden(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if sign != nil {
		sign(req, body)
	}
	return do(client, req)
}

func do(client *http.Client, req *http.Request) error {
	req.Header.Set("User-Agent", "kisi-sync")
	if req.URL.Scheme != "https" && !local(req.URL.Hostname()) {
		return errors.New("the address does not begin with https://, so nothing is sent")
	}
	resp, err := client.Do(req)
	if err != nil {
		return hidden(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%s answers %s", req.URL.Host, resp.Status)
	}
	return nil
}

// local says that a host is this machine by its name.
func local(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// hidden takes the address out of an error: whoever knows it may write there.
func hidden(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
