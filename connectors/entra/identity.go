package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// A managed identity's token is asked for on the machine itself, in one of three dialects:
//
//	virtual machine   GET 169.254.169.254, Metadata: true            learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
//	App Service       GET $IDENTITY_ENDPOINT, X-IDENTITY-HEADER      learn.microsoft.com/azure/app-service/overview-managed-identity
//	Azure Arc         GET $IDENTITY_ENDPOINT, Metadata: true, then   learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
//	                  again with the content of a file that only a member of himds may read
//
// No proxy is used, and no redirect is followed.
type dialect struct {
	endpoint, version, header string
	arc                       bool
}

const hostService = "http://169.254.169.254/metadata/identity/oauth2/token"

func (l *login) dialect() dialect {
	endpoint, header := l.settings.Login.Endpoint, os.Getenv("IDENTITY_HEADER")
	switch {
	case endpoint != "" && header == "":
		return dialect{endpoint: endpoint, version: "2018-02-01", arc: true}
	case endpoint == "":
		endpoint = os.Getenv("IDENTITY_ENDPOINT")
	}
	switch {
	case endpoint == "":
		return dialect{endpoint: hostService, version: "2018-02-01"}
	case header != "":
		return dialect{endpoint: endpoint, version: "2019-08-01", header: header}
	}
	return dialect{endpoint: endpoint, version: "2019-11-01", arc: true}
}

// nearby makes the line to that place: no proxy, no long waits, and as the pages say patience with 404 and 410, by which the host service asks for
// time while it is busy or being updated.
func (l *login) nearby() (*http.Client, error) {
	d := l.dialect()
	if err := identityOrigin(d.endpoint); err != nil {
		return nil, connectors.At("login.identity_endpoint", err)
	}
	u, err := url.Parse(d.endpoint)
	if err != nil {
		return nil, connectors.At("login.identity_endpoint", err)
	}
	transport, err := webapi.New(webapi.Options{Origin: l.to.graph, Also: []string{u.Scheme + "://" + u.Host}, Tries: 5, Timeout: 5 * time.Second, Log: l.env.Log,
		Retry: func(r *http.Response, _ []byte) bool {
			return r.StatusCode == http.StatusNotFound || r.StatusCode == http.StatusGone
		}})
	if err != nil {
		return nil, err
	}
	return client(transport), nil
}

// identity asks for a token.
func (l *login) identity(ctx context.Context) (*oauth2.Token, error) {
	d := l.dialect()
	answer, err := l.identityCall(ctx, d, "")
	if err != nil {
		return nil, &hinted{err: err, hint: "managed_identity works on machines in Azure, and on those that Azure Arc looks after"}
	}
	if answer.code == http.StatusUnauthorized && d.arc {
		proof, err := arcProof(answer.challenge, l.proofs)
		if err != nil {
			return nil, err
		}
		if answer, err = l.identityCall(ctx, d, proof); err != nil {
			return nil, err
		}
	}
	if answer.code != http.StatusOK {
		return nil, answer.refused()
	}
	return parseIdentity(answer.body, l.env.Now())
}

// answer is what the place of tokens said.
type answer struct {
	code      int
	body      []byte
	challenge string
}

func (l *login) identityCall(ctx context.Context, d dialect, proof string) (*answer, error) {
	pairs := []string{"api-version", d.version, "resource", l.to.graph}
	if l.settings.Login.ClientID != "" {
		pairs = append(pairs, "client_id", l.settings.Login.ClientID)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.endpoint+"?"+parameters(pairs...), nil)
	if err != nil {
		return nil, err
	}
	if d.header != "" {
		request.Header.Set("X-IDENTITY-HEADER", d.header)
	} else {
		request.Header.Set("Metadata", "true")
	}
	if proof != "" {
		request.Header.Set("Authorization", "Basic "+proof)
	}
	response, err := l.near.Do(request)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end below
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return &answer{response.StatusCode, body, response.Header.Get("WWW-Authenticate")}, err
}

func (a *answer) refused() error {
	var said struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	_ = json.Unmarshal(a.body, &said) // what is not in that form is told by its status
	text := said.Description
	if text == "" {
		text = strings.Trim(string(said.Error), `"`)
	}
	return &hinted{err: fmt.Errorf("refused: %d %s", a.code, text), hint: "give the machine a managed identity; if it has several, name one under login.client_id"}
}

// arcFolders are where Azure Arc puts its proofs, on Linux and on Windows.
func arcFolders() []string {
	return []string{"/var/opt/azcmagent/tokens", filepath.Join(os.Getenv("ProgramData"), "AzureConnectedMachineAgent", "Tokens")}
}

// arcProof reads the file that Azure Arc points to. Only files of its own folders are read: whoever answers on that port must not choose.
func arcProof(challenge string, folders []string) (string, error) {
	_, path, found := strings.Cut(challenge, "realm=")
	path = strings.Trim(path, `" `)
	if !found || path == "" {
		return "", errors.New("the machine's identity wants a proof, and does not say which")
	}
	dir := filepath.Dir(filepath.Clean(path))
	if filepath.Ext(path) != ".key" || !slices.ContainsFunc(folders, func(f string) bool { return strings.EqualFold(dir, filepath.Clean(f)) }) {
		return "", fmt.Errorf("the machine's identity points to %s, which is not of Azure Arc", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", &hinted{err: err, hint: "make the service's account a member of the group himds (Linux) or Hybrid agent extension applications (Windows)"}
	}
	return string(text), nil
}

// parseIdentity reads the answer. The three dialects have either expires_in or expires_on, as a text or a number.
func parseIdentity(body []byte, now time.Time) (*oauth2.Token, error) {
	var said struct {
		Token string          `json:"access_token"`
		In    json.RawMessage `json:"expires_in"`
		On    json.RawMessage `json:"expires_on"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Token == "" {
		return nil, errors.New("the answer is no token")
	}
	number := func(raw json.RawMessage) int64 {
		n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	token := &oauth2.Token{AccessToken: said.Token, Expiry: now.Add(time.Duration(number(said.In)) * time.Second)}
	if on := number(said.On); on > 0 {
		token.Expiry = time.Unix(on, 0)
	}
	return token, nil
}
