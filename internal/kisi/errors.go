package kisi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Error is a call that did not do what it should. It wraps one of the
// sentinels of package access, and the cause where there is one.
type Error struct {
	Method, Path string
	Status       int                 // 0 when there was no answer
	Code         string              // Kisi's own, "000409"; "" if it gave none (§1.7)
	Message      string              // in Kisi's words; may be empty
	Fields       map[string][]string // what a 422 says, by field; nil otherwise

	kind  error // ErrStop, ErrRefused, …
	cause error // what happened below; nil if Status says it all
}

// Error reads "POST /users: already exists (409): The record already exists [000409]".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %v", e.Method, e.Path, e.kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%d)", e.Status)
	}
	if text := e.detail(); text != "" {
		b.WriteString(": " + text)
	}
	if e.Code != "" {
		b.WriteString(" [" + e.Code + "]")
	}
	return b.String()
}

func (e *Error) detail() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	if e.Message != "" {
		return e.Message
	}
	var all []string
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		all = append(all, field+" "+strings.Join(e.Fields[field], ", "))
	}
	if len(all) == 0 && e.Status != 0 {
		return strings.ToLower(http.StatusText(e.Status))
	}
	return strings.Join(all, "; ")
}

// Unwrap returns the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

// answered makes the error of a status that is no success.
func answered(r request, status int, body []byte) *Error {
	said := parseErrorBody(body)
	e := &Error{Method: r.method, Path: r.path, Status: status, Code: said.code, Message: said.message, Fields: said.fields}
	e.kind = kindOfStatus(r, e)
	return e
}

// kindOfStatus says what a status means for whoever made the call (§1.7).
//
//	401          the key is bad: stop
//	403 on read  the key may not even look: stop
//	403 on a change that says that the key, its account or the organization is
//	             suspended or locked: stop, like 401
//	404          gone, or its parent is
//	409 on POST  exists; elsewhere this one thing cannot be done
//	429          asked to slow down beyond our patience; nothing was done: stop
//	other 4xx    this one thing cannot be done; 422 may mean that it exists,
//	             which only a look can tell
//	5xx on read  Kisi is down: stop
//	5xx on write may have been done
func kindOfStatus(r request, e *Error) error {
	switch {
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusTooManyRequests:
		return access.ErrStop
	case e.Status == http.StatusForbidden && shutsOut(e.Message):
		return access.ErrStop
	case e.Status == http.StatusNotFound:
		return access.ErrGone
	case e.Status == http.StatusConflict && r.method == http.MethodPost:
		return access.ErrExists
	case r.reads():
		return access.ErrStop
	case e.Status >= 500:
		return access.ErrUnknownOutcome
	}
	return access.ErrRefused
}

// shutOut is said of whoever calls, not of what was to be changed: none of our
// changes is about an organization, a subscription or a key. "Account" alone is
// not enough; it may be that of the user who is changed.
var shutOut = regexp.MustCompile(`(?i)\b(organi[sz]ation|subscription|api key|your (account|login|user))\b.*\b(suspended|locked|disabled|deactivated|blocked|expired|revoked|cancel\w*|inactive)\b`)

func shutsOut(message string) bool { return shutOut.MatchString(message) }

// lostAccess are the codes of a 403 that say that somebody's access is disabled,
// over, not yet valid or invalid (§1.7). They do not say whose.
func lostAccess(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusForbidden && slices.Contains([]string{"fcd8ff", "f35ade", "f358de", "f398de"}, e.Code)
}

// status returns the status of err, 0 if it is none of ours.
func status(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// bare keeps the words of an error of ours and drops its sentinel, for an error
// that gets another: whoever decides by sentinels must find exactly one.
func bare(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return errors.New(e.Error())
	}
	return err
}

// said is what an error body tells.
type said struct {
	code, message string
	fields        map[string][]string
}

const (
	longestMessage = 300 // of what is handed on from a body, in runes
	mostFields     = 20
)

// parseErrorBody reads the shapes of §1.7 and survives all others:
//
//	{"error": "…", "code": "…"}     {"errors": {"field": ["…"]}}
//	{"error": "…", "error_description": "…"}
func parseErrorBody(body []byte) said {
	body = bytes.TrimSpace(body)
	var raw struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Code        string          `json:"code"`
		Errors      json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		if len(body) == 0 {
			return said{}
		}
		return said{message: "the answer is " + shape(body)}
	}
	s := said{code: tidy(raw.Code), fields: parseFields(raw.Errors)}
	s.message = tidy(strings.Join(slices.DeleteFunc([]string{text(raw.Error), raw.Description}, isEmpty), ": "))
	return s
}

func isEmpty(s string) bool { return s == "" }

// parseFields accepts a map of lists, a map of texts, a list of texts, a text.
func parseFields(raw json.RawMessage) map[string][]string {
	if len(raw) == 0 {
		return nil
	}
	var byField map[string]json.RawMessage
	if json.Unmarshal(raw, &byField) != nil {
		byField = map[string]json.RawMessage{"": raw}
	}
	fields := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(byField)) {
		if len(fields) == mostFields {
			break
		}
		if all := texts(byField[name]); len(all) > 0 {
			fields[tidy(name)] = all
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

func texts(raw json.RawMessage) []string {
	var many []json.RawMessage
	if json.Unmarshal(raw, &many) != nil {
		many = []json.RawMessage{raw}
	}
	var out []string
	for _, one := range many[:min(len(many), mostFields)] {
		if t := tidy(text(one)); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// text returns a JSON string as it is and everything else as its JSON.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// tidy makes words from outside fit for one line of a log.
func tidy(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if runes := []rune(s); len(runes) > longestMessage {
		return string(runes[:longestMessage]) + "…"
	}
	return s
}
