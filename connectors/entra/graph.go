package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// get asks Graph and decodes its answer. A token that is refused is asked for anew once.
func (s *source) get(ctx context.Context, link string, into any) error {
	token, err := s.login.get(ctx, "")
	if err != nil {
		return err
	}
	status, body, err := s.send(ctx, link, token)
	if err == nil && status == http.StatusUnauthorized {
		if token, err = s.login.get(ctx, token); err != nil {
			return err
		}
		status, body, err = s.send(ctx, link, token)
	}
	if err != nil {
		return err
	}
	path := pathOf(link)
	if status != http.StatusOK {
		return explain(refusalOf(path, status, body))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: the answer is not whole JSON: %w", path, err)
	}
	return nil
}

func (s *source) send(ctx context.Context, link, token string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	response, err := s.line.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return 0, nil, context.Cause(ctx)
		}
		return 0, nil, bare(err)
	}
	defer func() { _ = response.Body.Close() }() // in memory already
	body, err := io.ReadAll(response.Body)
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); err == nil && response.StatusCode == http.StatusOK && kind != "application/json" {
		return 0, nil, &hinted{err: fmt.Errorf("%s answers with %q instead of JSON", request.URL.Host, kind), hint: "something on the way answers in its place: a proxy's login page, perhaps"}
	}
	return response.StatusCode, body, err
}

// bare takes the URL off an error of the http package: its token is a position.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// pathOf is what may be told of a link.
func pathOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return "a link that is none"
	}
	return u.Path
}

// page is one answer of a delta. It ends with one of two links: to the next page, or to what changes from now on.
type page struct {
	Next  string   `json:"@odata.nextLink"`
	Delta string   `json:"@odata.deltaLink"`
	Value []object `json:"value"`
}

// stream is a delta that is being read ahead, in the background, while others are used.
type stream struct {
	pages chan page
	err   error // once pages is closed
	link  string
}

// ahead is how many pages may wait to be used.
const ahead = 2

// follow reads a delta page by page until the link that ends it. Whoever gets the stream reads pages until they are closed; a cancelled ctx closes them.
func (s *source) follow(ctx context.Context, link string) *stream {
	t := &stream{pages: make(chan page, ahead)}
	go func() {
		defer close(t.pages)
		t.link, t.err = s.walk(ctx, link, t.pages)
	}()
	return t
}

// walk returns the link for the next time. A page without any link would end the read early, and one that was there before would never end it.
func (s *source) walk(ctx context.Context, link string, pages chan<- page) (string, error) {
	seen := map[string]bool{}
	for {
		seen[link] = true
		var p page
		if err := s.get(ctx, link, &p); err != nil {
			return "", err
		}
		switch {
		case p.Value == nil:
			return "", fmt.Errorf("%s: the answer has no list", pathOf(link))
		case p.Next != "" && p.Delta != "":
			return "", fmt.Errorf("%s: a page says that it is the last one and that it is not", pathOf(link))
		case p.Next == "" && p.Delta == "":
			return "", fmt.Errorf("%s: a page does not say how to go on, so the answer is not whole", pathOf(link))
		case seen[p.Next]:
			return "", fmt.Errorf("%s: a page leads back to one before it, so the answer has no end", pathOf(link))
		}
		select {
		case pages <- p:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		if p.Delta != "" {
			return p.Delta, nil
		}
		link = p.Next
	}
}
