package scim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// handler answers requests of one provider.
type handler struct {
	*source
	address, prefix string
	users, groups   *kind
	pace            *pace
	scans           chan struct{} // bounds how many lists are searched from end to end at a time
}

// mostScans is how many lists are searched at a time: each reads every user there is.
const mostScans = 2

func newHandler(s *source, address, prefix string) http.Handler {
	return &handler{source: s, address: address, prefix: prefix, users: userKind(), groups: groupKind(),
		pace: newPace(s.settings.Rate, s.env.Now), scans: make(chan struct{}, mostScans)}
}

// answer is what is sent back.
type answer struct {
	status   int
	body     scim.Resource // nil: none
	location string
}

// request is one that was let in.
type request struct {
	*http.Request
	rest string // the path below the prefix
	base string // scheme, host and prefix
}

// ServeHTTP lets in whoever has a token, and answers. No body is read before that.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, err := h.admit(r.Context(), r.Header.Get("Authorization"))
	if err == nil && token == nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="kisi-sync"`)
		w.Header().Set("Connection", "close")
		h.send(w, r, answer{}, &scim.Error{Status: http.StatusUnauthorized, Detail: "the token is missing, wrong or revoked"})
		return
	}
	if err == nil {
		if wait, ok := h.pace.take(); !ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			err = &scim.Error{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf("more than %d requests a second came", h.settings.Rate)}
		}
	}
	var a answer
	if err == nil {
		q := &request{Request: r, base: h.baseOf(r)}
		q.rest = strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, h.prefix), "/")
		a, err = h.answer(w, q)
	}
	h.send(w, r, a, err)
}

// baseOf is what stands before the paths of resources.
func (h *handler) baseOf(r *http.Request) string {
	if h.address != "" {
		return h.address + h.prefix
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + h.prefix
}

// send writes an answer.
func (h *handler) send(w http.ResponseWriter, r *http.Request, a answer, err error) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	data := a.body.AppendJSON(nil)
	if err != nil {
		refusal := h.refusal(r, err)
		a.status = refusal.Status
		if data, err = refusal.MarshalJSON(); err != nil {
			data = nil // of texts and a number, which can always be written
		}
	} else if a.location != "" {
		head.Set("Location", a.location)
		if a.body != nil {
			head.Set("Content-Location", a.location)
		}
	}
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return
	}
	head.Set("Content-Type", "application/scim+json; charset=utf-8")
	head.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(a.status)
	if _, err := w.Write(data); err != nil {
		h.env.Log.Debug("an answer could not be sent", "err", err)
	}
}

// refusal is what the caller is told of an error. What went wrong on our side is told to the log only.
func (h *handler) refusal(r *http.Request, err error) *scim.Error {
	refusal := (*scim.Error)(nil)
	switch {
	case errors.As(err, &refusal):
	case r.Context().Err() != nil:
		refusal = &scim.Error{Status: http.StatusServiceUnavailable, Detail: "the request was given up"}
	default:
		h.env.Log.Error("a push cannot be answered", "method", r.Method, "err", err)
		refusal = &scim.Error{Status: http.StatusInternalServerError, Detail: "kisi-sync cannot do this now; its log says why"}
	}
	h.env.Log.Log(r.Context(), levelOf(refusal.Status), "push refused", "method", r.Method, "status", refusal.Status, "type", string(refusal.Type))
	return refusal
}

// levelOf keeps what everybody on the network can cause out of the log.
func levelOf(status int) slog.Level {
	if status == http.StatusUnauthorized || status == http.StatusNotFound {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// answer finds out what is asked for.
func (h *handler) answer(w http.ResponseWriter, q *request) (answer, error) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(q.rest, "/"), "/")
	switch first {
	case "Users":
		return h.resources(w, q, h.users, rest)
	case "Groups":
		return h.resources(w, q, h.groups, rest)
	case "ServiceProviderConfig", "ResourceTypes", "Schemas":
		return h.describe(q, first, rest)
	case "Bulk", "Me", ".search", "":
		return answer{}, &scim.Error{Status: http.StatusNotImplemented, Detail: "this is not offered; ServiceProviderConfig says what is"}
	}
	return answer{}, &scim.Error{Status: http.StatusNotFound, Detail: "there is nothing of this name"}
}

// resources answers what is asked of users or of groups.
func (h *handler) resources(w http.ResponseWriter, q *request, k *kind, id string) (answer, error) {
	only, err := selection(q)
	if err != nil {
		return answer{}, err
	}
	o := &operation{handler: h, request: q, kind: k, id: id, only: only}
	switch {
	case strings.Contains(id, "/"):
		return answer{}, &scim.Error{Status: http.StatusNotFound, Detail: "there is nothing of this name"}
	case id == ".search" && q.Method == http.MethodPost:
		return o.search(w)
	case id == "" && isGet(q.Method):
		return o.list()
	case id == "" && q.Method == http.MethodPost:
		return o.create(w)
	case id == "":
		return answer{}, notAllowed(w, "GET, POST")
	case isGet(q.Method):
		return o.read()
	case q.Method == http.MethodPut:
		return o.replace(w)
	case q.Method == http.MethodPatch:
		return o.patch(w)
	case q.Method == http.MethodDelete:
		return o.drop()
	}
	return answer{}, notAllowed(w, "GET, PUT, PATCH, DELETE")
}

func isGet(method string) bool { return method == http.MethodGet || method == http.MethodHead }

func notAllowed(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return &scim.Error{Status: http.StatusMethodNotAllowed, Detail: "only " + allowed + " are understood here"}
}

func selection(q *request) (scim.Selection, error) {
	query := q.URL.Query()
	return scim.Select(query["attributes"], query["excludedAttributes"])
}

// body reads a body of JSON (RFC 7644 section 3.1), which nobody may make too long.
func (q *request) body(w http.ResponseWriter, most int) ([]byte, error) {
	if coding := q.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, &scim.Error{Status: http.StatusUnsupportedMediaType, Detail: "the body is compressed, which is not understood"}
	}
	if said := q.Header.Get("Content-Type"); said != "" {
		media, _, err := mime.ParseMediaType(said)
		if err != nil || media != "application/scim+json" && media != "application/json" {
			return nil, &scim.Error{Status: http.StatusUnsupportedMediaType, Detail: "the body is to be application/scim+json"}
		}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, q.Body, int64(most)))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &scim.Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body has more than %d bytes", most)}
	case err != nil:
		return nil, &scim.Error{Status: http.StatusBadRequest, Detail: "the body did not come whole"}
	}
	return data, nil
}

// view looks at what there is at one moment.
func (h *handler) view(ctx context.Context, look func(*book) error) error {
	return h.env.Docs.View(ctx, func(shelf connectors.Shelf) error {
		b, err := openBook(shelf, h.env.Now())
		if err != nil {
			return err
		}
		return look(b)
	})
}

// update changes what there is, and tells of it once it is on the disk.
func (h *handler) update(ctx context.Context, change func(*book) (changed bool, err error)) error {
	told := false
	err := h.env.Docs.Update(ctx, func(shelf connectors.Shelf) error {
		b, err := openBook(shelf, h.env.Now())
		if err != nil {
			return err
		}
		told, err = change(b)
		return err
	})
	if err == nil && told {
		h.tell()
	}
	return err
}

// shorten keeps what a stranger wrote from filling an answer.
func shorten(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
