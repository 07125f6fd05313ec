package kisi

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sunset is an endpoint that Kisi has announced to change or switch off, by
// the headers Deprecation and Sunset (RFC 8594; §1.1).
type Sunset struct {
	Call        string    // "GET /users/{id}"
	Deprecation string    // the header as it came; may be empty
	Sunset      string    // the header as it came; may be empty
	Date        time.Time // Sunset's date; zero if there is none to be read
}

// Sunsets returns what has been announced since the Client was made, sorted by
// call.
func (c *Client) Sunsets() []Sunset {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.sunsets), func(a, b Sunset) int { return strings.Compare(a.Call, b.Call) })
}

// noteSunset remembers an announcement and logs it the first time.
func (c *Client) noteSunset(r request, h http.Header) {
	s := Sunset{Call: r.method + " " + template(r.path), Deprecation: tidy(h.Get("Deprecation")), Sunset: tidy(h.Get("Sunset"))}
	if s.Deprecation == "" && s.Sunset == "" {
		return
	}
	s.Date, _ = http.ParseTime(s.Sunset) // zero if it is no date
	c.mu.Lock()
	_, known := c.sunsets[s.Call]
	c.sunsets[s.Call] = s
	c.mu.Unlock()
	if !known {
		c.options.Log.Warn("Kisi announces the end of a call that kisi-sync makes", "call", s.Call, "deprecation", s.Deprecation, "sunset", s.Sunset)
	}
}

// template puts {id} for the number in a path.
func template(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
