package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// hinted is an error with what to do next.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// Hint is what to do next.
func (h *hinted) Hint() string { return h.hint }

// refused is an answer of Graph that is not what was asked for (learn.microsoft.com/graph/errors).
type refused struct {
	status        int
	code, message string
	path          string // what was asked for, without its parameters
}

func (r *refused) Error() string {
	text := fmt.Sprintf("%s: %d %s", r.path, r.status, http.StatusText(r.status))
	if r.code != "" {
		text += " (" + r.code + ")"
	}
	if r.message != "" {
		text += ": " + r.message
	}
	return text
}

// stale says that Graph does not know a position any more, or never did. A position is ours to forget: asked for everything, Graph answers, or says
// what is really wrong. learn.microsoft.com/graph/delta-query-overview names 410 and syncStateNotFound; a token that means nothing is a 400.
func (r *refused) stale() bool {
	switch r.status {
	case http.StatusGone, http.StatusBadRequest, http.StatusNotFound:
		return true
	}
	code := strings.ToLower(r.code)
	return strings.Contains(code, "syncstate") || strings.Contains(code, "resync")
}

// refusalOf reads an error of Graph.
func refusalOf(path string, status int, body []byte) *refused {
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	r := &refused{status: status, path: path}
	if json.Unmarshal(body, &said) == nil {
		r.code, r.message = said.Error.Code, said.Error.Message
	}
	return r
}

// explain adds what to do about it.
func explain(r *refused) error {
	switch {
	case r.status == http.StatusForbidden && strings.HasPrefix(r.path, "/v1.0/users"):
		return &hinted{err: r, hint: grant(usersRole())}
	case r.status == http.StatusForbidden && strings.HasPrefix(r.path, "/v1.0/groups"):
		return &hinted{err: r, hint: grant(groupsRole())}
	case r.status == http.StatusUnauthorized:
		return &hinted{err: r, hint: "compare url and cloud with where the directory is, and see that this machine's clock is right"}
	case r.status == http.StatusBadRequest && strings.Contains(strings.ToLower(r.message), "property"):
		return &hinted{err: r, hint: "an attribute that rules read is no property of users: see learn.microsoft.com/graph/api/resources/user, and write it as it stands there"}
	case r.status == http.StatusNotImplemented:
		return &hinted{err: r, hint: "a property that rules read is kept outside of the directory, and no changes of it are told: use another one"}
	case r.status == http.StatusTooManyRequests || r.status >= 500:
		return &hinted{err: r, hint: "nothing of this read is used; it is tried again at the next run"}
	}
	return r
}

// useless is a delta that cannot be gone by: everything is read instead.
type useless struct{ err error }

func (u *useless) Error() string { return u.err.Error() }
func (u *useless) Unwrap() error { return u.err }
