package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// hinted is an error with what to do next.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string {
	if h.hint == "" {
		return h.err.Error()
	}
	return h.err.Error() + "; " + h.hint
}

func (h *hinted) Unwrap() error { return h.err }

// Hint is what to do next.
func (h *hinted) Hint() string { return h.hint }

// setting is an error that is about one key of the file.
type setting struct {
	path string
	err  error
}

func (s *setting) Error() string { return s.err.Error() }
func (s *setting) Unwrap() error { return s.err }

// split takes an error apart for a Finding.
func split(err error) (text, hint string) {
	var h *hinted
	text = err.Error()
	if line := new(webapi.LineError); errors.As(err, &line) {
		return text, line.Advice
	}
	if !errors.As(err, &h) || h.hint == "" {
		return text, ""
	}
	return strings.TrimSuffix(text, "; "+h.hint), h.hint
}

// pathOf is the setting to look at first.
func pathOf(err error) string {
	var s *setting
	if errors.As(err, &s) {
		return s.path
	}
	if line := new(webapi.LineError); errors.As(err, &line) {
		return line.Setting
	}
	return ""
}

// refusal is what the token endpoint says (RFC 6749 section 5.2).
type refusal struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (r *refusal) Error() string {
	if r.Description == "" {
		return "log in: " + r.Code
	}
	return "log in: " + r.Code + ": " + strings.TrimSuffix(r.Description, ".")
}

// explain says what a refusal of a token means. The words are those of Google's "Using OAuth 2.0 for Server to Server Applications",
// section JWT error codes.
func (l *login) explain(err error) error {
	var no *oauth2.RetrieveError
	if !errors.As(err, &no) {
		var sent *url.Error
		if errors.As(err, &sent) {
			err = sent.Err
		}
		return fmt.Errorf("log in: %w", err)
	}
	r := &refusal{Code: no.ErrorCode, Description: no.ErrorDescription}
	if r.Code == "" && json.Unmarshal(no.Body, r) != nil || r.Code == "" {
		if said := problemOf(no.Body); said != "" {
			return fmt.Errorf("log in: %s", said)
		}
		return fmt.Errorf("log in: the answer is %s", no.Response.Status)
	}
	path, hint := l.advice(r)
	return &setting{path, &hinted{r, hint}}
}

func problemOf(body []byte) string {
	var said struct{ Error struct{ Message string } }
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	return said.Error.Message
}

// advice is the setting to look at, and what to do.
func (l *login) advice(r *refusal) (path, hint string) {
	has := func(text string) bool { return strings.Contains(r.Description, text) }
	app := !l.settings.App.IsZero()
	switch {
	case r.Code == "unauthorized_client" || r.Code == "access_denied":
		return "login.key", "grant the service account these scopes in the Admin console, Security, Access and data control, API controls, Domain-wide delegation: " + strings.Join(l.scopes, ",")
	case app && r.Code == "invalid_grant":
		return "login.consent", "the consent has ended or was taken back: run kisi-sync source login " + l.source + "; an app whose publishing status is Testing must be asked every seven days"
	case has("JWT Signature"):
		return "login.key", "the key was deleted or is another account's: make a new one and put it in its place"
	case has("reasonable timeframe"):
		return "login.key", "this machine's clock is wrong: set it"
	case has("Invalid email or User ID"):
		return "login.subject", "there is no such user, or it is suspended: write the address of an administrator as subject"
	case r.Code == "invalid_client":
		return "login.app", "the app was deleted or its secret was replaced: download its JSON anew"
	case r.Code == "invalid_grant" && has("account not found"):
		return "login.key", "the service account was deleted: make a new one"
	}
	return "login", ""
}

// explain says what a refusal of a call means for an administrator.
func explain(err error, scope string) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		return sent.Err // the address in front of it is a screenful
	}
	var no *googleapi.Error
	if !errors.As(err, &no) {
		return err
	}
	reason := ""
	if len(no.Errors) > 0 {
		reason = no.Errors[0].Reason
	}
	said := &answered{code: no.Code, reason: reason, message: no.Message}
	switch {
	case reason == "accessNotConfigured" || strings.Contains(no.Message, "has not been used in project"):
		return &hinted{said, "enable the Admin SDK API in the Google Cloud project of the service account: console.cloud.google.com, APIs and services, Library, Admin SDK API"}
	case reason == "insufficientPermissions" || strings.Contains(no.Message, "insufficient authentication scopes"):
		return &setting{"login", &hinted{said, "the login lacks the scope " + scope}}
	case no.Code == 403 && (reason == "forbidden" || reason == "notAuthorized" || reason == ""):
		return &setting{"login.subject", &hinted{said, "the account in whose name we read is no administrator, or its role lacks the right to read this: give it a role with the Admin API privileges Users, Groups and Organizational units, read"}}
	case no.Code == 400 && strings.Contains(no.Message, "pageToken"):
		return &hinted{said, "the list expired while it was read; nothing of this read is used, and the next one begins anew"}
	case notNowReason(no.Code, reason):
		return &hinted{said, "Google's quota is used up by this project: nothing of this read is used, and it is tried again at the next run; ask seldom (read_every) or have the quota raised"}
	case no.Code == 404 && strings.Contains(no.Message, "domain"):
		return &setting{"domain", &hinted{said, "write a domain of the account"}}
	case no.Code == 404 && strings.Contains(no.Message, "customer"):
		return &setting{"customer", &hinted{said, "write the id of the account as the Admin console shows it, or remove it"}}
	case no.Code == 400 && strings.Contains(no.Message, "query"):
		return &hinted{said, "Google does not understand the search under people or groups"}
	}
	return said
}

func notNowReason(code int, reason string) bool {
	return code == 429 || strings.HasSuffix(reason, "Exceeded")
}

// answered is an error of the Directory API, without the headers and the body that googleapi.Error prints.
type answered struct {
	code            int
	reason, message string
}

func (a *answered) Error() string {
	if a.message == "" {
		return fmt.Sprintf("Google answers %d %s", a.code, a.reason)
	}
	return fmt.Sprintf("Google answers %d %s: %s", a.code, a.reason, strings.TrimSuffix(a.message, "."))
}
