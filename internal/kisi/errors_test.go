package kisi

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestErrorBodiesOfEveryShapeAreUnderstood(t *testing.T) {
	cases := []struct {
		body string
		want said
	}{
		{`{"error":"The record already exists","code":"000409"}`, said{code: "000409", message: "The record already exists"}},
		{`{"errors":{"email":["can't be blank or invalid","is too long"]}}`, said{fields: map[string][]string{"email": {"can't be blank or invalid", "is too long"}}}},
		{`{"errors":{"base":"no"}}`, said{fields: map[string][]string{"base": {"no"}}}},
		{`{"errors":["no","never"]}`, said{fields: map[string][]string{"": {"no", "never"}}}},
		{`{"errors":"no"}`, said{fields: map[string][]string{"": {"no"}}}},
		{`{"errors":{"limit":[{"error":"range","max":250}]}}`, said{fields: map[string][]string{"limit": {`{"error":"range","max":250}`}}}},
		{`{"errors":{}}`, said{}},
		{`{"errors":null,"error":null}`, said{}},
		{`{"error":"invalid_grant","error_description":"The key is gone"}`, said{message: "invalid_grant: The key is gone"}},
		{`{"error":{"message":"x"}}`, said{message: `{"message":"x"}`}},
		{`{"error":"two\nlines\u0000 and\ttabs"}`, said{message: "two lines and tabs"}},
		{`{}`, said{}},
		{``, said{}},
		{`  `, said{}},
		{`Too many requests`, said{message: "the answer is no JSON"}},
		{`<html><title>502</title></html>`, said{message: "the answer is a web page (is there a proxy on the way?)"}},
		{`[]`, said{message: "the answer is a list"}},
		{`{"error":`, said{message: "the answer is one object"}},
		{`{"code":409}`, said{message: "the answer is one object"}},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, parseErrorBody([]byte(c.body)), cmp.AllowUnexported(said{})); diff != "" {
			t.Errorf("%s:\n%s", c.body, diff)
		}
	}
}

func TestLongWordsFromOutsideAreCut(t *testing.T) {
	got := parseErrorBody([]byte(`{"error":"` + strings.Repeat("ä", 5000) + `"}`))
	if n := utf8.RuneCountInString(got.message); n != longestMessage+1 {
		t.Errorf("%d characters", n)
	}
}

func TestAStatusMeansWhatToDoNext(t *testing.T) {
	cases := []struct {
		method string
		status int
		want   error
	}{
		{"GET", 401, access.ErrStop}, {"POST", 401, access.ErrStop},
		{"GET", 403, access.ErrStop}, {"POST", 403, access.ErrRefused}, {"PATCH", 403, access.ErrRefused},
		{"GET", 404, access.ErrGone}, {"POST", 404, access.ErrGone}, {"PATCH", 404, access.ErrGone},
		{"POST", 409, access.ErrExists}, {"PATCH", 409, access.ErrRefused},
		{"GET", 400, access.ErrStop}, {"POST", 400, access.ErrRefused},
		{"GET", 422, access.ErrStop}, {"POST", 422, access.ErrRefused}, {"DELETE", 422, access.ErrRefused},
		{"GET", 429, access.ErrStop}, {"POST", 429, access.ErrStop}, {"DELETE", 429, access.ErrStop},
		{"GET", 500, access.ErrStop}, {"POST", 500, access.ErrUnknownOutcome}, {"PATCH", 503, access.ErrUnknownOutcome},
		{"POST", 402, access.ErrRefused}, {"DELETE", 504, access.ErrUnknownOutcome},
	}
	for _, c := range cases {
		err := error(answered(request{method: c.method, path: "/users"}, c.status, nil))
		for _, sentinel := range []error{access.ErrStop, access.ErrRefused, access.ErrGone, access.ErrExists, access.ErrUnknownOutcome} {
			if errors.Is(err, sentinel) != (sentinel == c.want) {
				t.Errorf("%s answered %d: is %q %t", c.method, c.status, sentinel, errors.Is(err, sentinel))
			}
		}
	}
}

func TestErrorsReadWell(t *testing.T) {
	cases := []struct {
		status int
		body   string
		want   string
	}{
		{409, `{"error":"The record already exists","code":"000409"}`, "POST /users: already exists (409): The record already exists [000409]"},
		{422, `{"errors":{"name":["is too long"],"email":["is taken","is odd"]}}`, "POST /users: refused by Kisi (422): email is taken, is odd; name is too long"},
		{422, `{"errors":{}}`, "POST /users: refused by Kisi (422): unprocessable entity"},
		{401, ``, "POST /users: stopped (401): unauthorized"},
	}
	for _, c := range cases {
		if got := answered(request{method: "POST", path: "/users"}, c.status, []byte(c.body)).Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestRangesAreParsedStrictly(t *testing.T) {
	good := map[string]span{
		"0-9/200":  {first: 0, last: 9, total: 200},
		"10-19/15": {first: 10, last: 19, total: 15},
		"*/0":      {all: true},
		"0-49/0":   {last: 49},
	}
	for header, want := range good {
		if got, err := parseSpan(header); err != nil || got != want {
			t.Errorf("%q: %+v, %v", header, got, err)
		}
	}
	for _, bad := range []string{"", "0-9", "0-9/*", "a-b/c", "9-0/10", "-1-9/10", "0-9/10 ", "items 0-9/10", "0-9/-1", "*", "99999999999-9/1", "0-9/99999999999"} {
		if got, err := parseSpan(bad); err == nil {
			t.Errorf("%q was taken for %+v", bad, got)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, seed := range []string{"0-9/200", "*/0", "", "9-0/1", "1-2/3/4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		s, err := parseSpan(header)
		if err == nil && (s.first < 0 || s.last < s.first || s.total < 0) {
			t.Errorf("%q gave %+v", header, s)
		}
	})
}

func FuzzParseErrorBody(f *testing.F) {
	for _, seed := range []string{`{"error":"x","code":"y"}`, `{"errors":{"a":["b"]}}`, `{"errors":[[]]}`, `<html>`, "\xff", `{"errors":{"a":{"b":[1]}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := answered(request{method: "POST", path: "/users"}, 422, body)
		text := e.Error()
		if strings.ContainsAny(text, "\n\r\x00\x1b") || !utf8.ValidString(text) {
			t.Errorf("%q is not one line of text", text)
		}
		if len(e.Fields) > mostFields {
			t.Errorf("%d fields", len(e.Fields))
		}
	})
}

func TestMetadataOfOthersIsKept(t *testing.T) {
	full := Metadata{}
	for i := range maxKeys - 1 {
		full[string(rune('A'+i))+"x"] = []byte(`1`)
	}
	ours := []Pair{{stampAnchor, "corp:1"}, {stampInstallation, "berlin-1"}}
	cases := []struct {
		name string
		have Metadata
		want map[string]string // of ours
		keys int
	}{
		{"nothing there", nil, map[string]string{stampAnchor: `"corp:1"`, stampInstallation: `"berlin-1"`}, 2},
		{"room for one", full, map[string]string{stampAnchor: `"corp:1"`, stampInstallation: ``}, 50},
		{"others stay to the digit", Metadata{"badge": []byte(`12345678901234567890`)}, map[string]string{"badge": "12345678901234567890"}, 3},
		{"ours is renewed", Metadata{stampAnchor: []byte(`"old"`)}, map[string]string{stampAnchor: `"corp:1"`}, 2},
	}
	for _, c := range cases {
		before := len(c.have)
		got := c.have.merge(ours)
		if len(got) != c.keys || len(c.have) != before {
			t.Errorf("%s: %d keys, want %d", c.name, len(got), c.keys)
		}
		for key, want := range c.want {
			if string(got[key]) != want {
				t.Errorf("%s: %s is %s, want %s", c.name, key, got[key], want)
			}
		}
	}
}

func TestARefusalThatShutsTheKeyOutStopsAndOneOfAPersonDoesNot(t *testing.T) {
	for message, want := range map[string]error{
		"Organization is suspended":                access.ErrStop,
		"The organisation has been locked":         access.ErrStop,
		"Your account was deactivated":             access.ErrStop,
		"This API key is disabled":                 access.ErrStop,
		"subscription expired":                     access.ErrStop,
		"Access denied":                            access.ErrRefused,
		"Access disabled":                          access.ErrRefused,
		"The user account is suspended":            access.ErrRefused,
		"organization owners cannot be changed":    access.ErrRefused,
		"You may not change this locked group":     access.ErrRefused,
		"not allowed in this organization; unlock": access.ErrRefused,
		"": access.ErrRefused,
	} {
		err := answered(request{method: "PATCH", path: "/users/1"}, 403, []byte(`{"error":"`+message+`","code":"000403"}`))
		if !errors.Is(err, want) {
			t.Errorf("%q: %v", message, err)
		}
	}
}
