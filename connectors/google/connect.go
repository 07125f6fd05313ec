package google

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/option"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// The quota is 2,400 queries a minute for each user of a project (Admin SDK, "Limits and quotas"). A burst and a minute at this rate
// stay below it, so that a read of usual size is held up by nothing but the answers.
const (
	atATime = 8
	rate    = 25
	burst   = 600
)

// Where tokens come from; the key file of a service account says the same of itself.
const (
	tokenOrigin    = "https://oauth2.googleapis.com"
	exchangeOrigin = "https://sts.googleapis.com"
	signOrigin     = "https://iamcredentials.googleapis.com"
)

// scopes are what must be granted: no more than what the settings read.
func (s *Settings) scopes() []string {
	all := []string{admin.AdminDirectoryUserReadonlyScope}
	if s.reads(ofGroups) {
		all = append(all, admin.AdminDirectoryGroupReadonlyScope)
	}
	if s.reads(ofUnits) {
		all = append(all, admin.AdminDirectoryOrgunitReadonlyScope)
	}
	return all
}

func (s *Settings) transport(env connectors.Env) (*webapi.Transport, error) {
	also := []string{tokenOrigin, exchangeOrigin, signOrigin}
	if s.URL != "" {
		also = nil // a simulator is all of them
	}
	return webapi.New(webapi.Options{Reach: env.Reach,
		Origin: s.address(), Also: also, Concurrency: atATime, Rate: rate, Burst: burst,
		Retry: notNow, Repeat: asksForToken, Line: s.Line, Dir: env.Dir, Log: env.Log,
	})
}

// asksForToken is so of calls that make nothing but a token, and may be made twice.
func asksForToken(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/token") || strings.HasSuffix(r.URL.Path, ":signJwt")
}

// notNow knows the words in which Google says that a quota is used up, with status 403 as often as with 429.
func notNow(resp *http.Response, body []byte) bool {
	if resp.StatusCode != http.StatusForbidden {
		return false
	}
	var said struct {
		Error struct {
			Errors []struct{ Reason string }
			Status string
		}
	}
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	if said.Error.Status == "RESOURCE_EXHAUSTED" {
		return true
	}
	for _, e := range said.Error.Errors {
		if slices.Contains([]string{"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"}, e.Reason) {
			return true
		}
	}
	return false
}

// directory returns Google's client, whose calls carry a token.
func (s *source) directory(ctx context.Context) (*admin.Service, error) {
	client := &http.Client{Transport: &authorized{login: s.login, base: s.line}}
	return admin.NewService(ctx, option.WithHTTPClient(client), option.WithEndpoint(s.settings.address()+"/"), option.WithUserAgent("kisi-sync"))
}

// authorized gives calls their token. A token that is refused is thrown away, and the call made once more with a new one: keys are
// rotated and tokens revoked while we run.
type authorized struct {
	login *login
	base  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := a.login.token(req.Context(), "")
	if err != nil {
		return nil, err
	}
	resp, err := a.send(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || req.Body != nil {
		return resp, err
	}
	again, err := a.login.token(req.Context(), token)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close() // it is in memory
	return a.send(req, again)
}

func (a *authorized) send(req *http.Request, token string) (*http.Response, error) {
	carrying := req.Clone(req.Context())
	carrying.Header.Set("Authorization", "Bearer "+token)
	return a.base.RoundTrip(carrying)
}

// early is how long before its end a token is not used any more.
const early = time.Minute
