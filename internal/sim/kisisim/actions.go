package kisisim

import (
	"net/http"
	"strconv"
	"time"
)

// Call runs f before the request is served, without touching the request: rows that come or go between two pages, people
// who work in the dashboard meanwhile. f may call every method of the Sim.
func Call(f func(*Sim)) Action {
	return Action{name: "call", pre: func(x *exchange) { f(x.sim) }}
}

// Status answers with a status and Kisi's usual error body, before anything is changed.
func Status(status int) Action {
	return Action{name: "status " + strconv.Itoa(status), pre: func(x *exchange) {
		x.answerWith(problem(status, http.StatusText(status), ""))
	}}
}

// Forbidden answers 403 with words and a code of Kisi's (§1.7), before anything is changed.
func Forbidden(message, code string) Action {
	return Action{name: "403 " + message, pre: func(x *exchange) { x.answerWith(problem(http.StatusForbidden, message, code)) }}
}

// Answer answers with exactly this, before anything is changed. contentType may be empty.
func Answer(status int, contentType, body string) Action {
	return Action{name: "answer " + strconv.Itoa(status), pre: func(x *exchange) {
		x.answerWith(raw(status, contentType, body))
	}}
}

func raw(status int, contentType, body string) response {
	r := response{status: status, header: http.Header{}, body: []byte(body)}
	if contentType != "" {
		r.header.Set("Content-Type", contentType)
	}
	return r
}

// TooMany answers 429 as the assumptions say; where they have Retry-After, it names wait (at least a second).
func TooMany(wait time.Duration) Action {
	return Action{name: "429", pre: func(x *exchange) {
		defer x.sim.lock()()
		x.answerWith(x.tooMany(wait, x.st.assume.RetryAfter))
	}}
}

// TooManyUntil answers 429 with Retry-After in seconds, whatever the assumptions.
func TooManyUntil(wait time.Duration) Action {
	return Action{name: "429 with Retry-After", pre: func(x *exchange) {
		defer x.sim.lock()()
		x.answerWith(x.tooMany(wait, RetrySeconds))
	}}
}

// Unavailable answers 503.
func Unavailable() Action { return Status(http.StatusServiceUnavailable) }

// BadGateway answers 502 with the HTML page of a proxy.
func BadGateway() Action {
	return Answer(http.StatusBadGateway, "text/html", "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")
}

// LoginPage answers 200 with HTML, as a proxy that wants somebody to sign in.
func LoginPage() Action {
	return Answer(http.StatusOK, "text/html; charset=utf-8", "<!DOCTYPE html><html><body><form>Sign in</form></body></html>")
}

// Unprocessable answers 422 with no message that anybody could use.
func Unprocessable() Action {
	return Answer(http.StatusUnprocessableEntity, jsonType, `{"errors":{}}`)
}

// Gone answers 404, also for what a list has just shown.
func Gone() Action {
	return Action{name: "gone", pre: func(x *exchange) { x.answerWith(notFound()) }}
}

// EmptyList answers 200 with no rows and a total of 0, whatever there is.
func EmptyList() Action {
	return Action{name: "empty list", pre: func(x *exchange) {
		r := ok([]any{})
		r.header.Set(rangeHeader, "*/0")
		x.answerWith(r)
	}}
}

// Revoke revokes the key of the request, which is then the first to be answered 401.
func Revoke() Action {
	return Action{name: "revoke", pre: func(x *exchange) { x.sim.RevokeKey(x.secret) }}
}

// CutBefore kills the connection before Kisi has seen the request: nothing is changed.
func CutBefore() Action {
	return Action{name: "cut before", pre: func(x *exchange) { x.answered, x.cut = true, cutAll }}
}

// CutAfter kills the connection after the change is made and before a byte of the answer has left.
func CutAfter() Action {
	return Action{name: "cut after", post: func(x *exchange) { x.cut = cutAll }}
}

// CutMiddle kills the connection in the middle of the answer's body.
func CutMiddle() Action {
	return Action{name: "cut in the middle", post: func(x *exchange) { x.cut = cutMiddle }}
}

// Hang makes the change and then never answers: the client must lose patience. It ends when the client goes away or the
// server is closed.
func Hang() Action {
	return Action{name: "hang", post: func(x *exchange) {
		x.sim.part(x) // the client is right to go on without an answer
		<-x.ctx.Done()
		x.cut = cutAll
	}}
}

// Slow makes the change and answers d later.
func Slow(d time.Duration) Action {
	return Action{name: "slow", post: func(x *exchange) { x.wait(d) }}
}

// Truncate drops the second half of the answer and pretends that this was all: no JSON, but valid HTTP.
func Truncate() Action {
	return Action{name: "truncate", post: func(x *exchange) { x.res.body = x.res.body[:len(x.res.body)/2] }}
}

// Header adds a header to the answer.
func Header(name, value string) Action {
	return Action{name: "header " + name, post: func(x *exchange) { x.res.header.Set(name, value) }}
}

// Deprecated adds the headers with which Kisi announces the end of an endpoint (§1.1, RFC 9745 and RFC 8594).
func Deprecated(sunset time.Time) Action {
	return All(
		Header("Deprecation", "@"+strconv.FormatInt(sunset.AddDate(0, -6, 0).Unix(), 10)),
		Header("Sunset", sunset.UTC().Format(http.TimeFormat)),
	)
}
