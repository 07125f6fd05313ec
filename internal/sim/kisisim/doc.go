// Package kisisim is a stateful fake of the Kisi REST API: an http.Handler that keeps an organization in memory, answers
// as we believe Kisi answers, and writes down whatever a careful client would never have sent.
//
// It is also the documentation of those beliefs. What Kisi leaves unsaid is a switch in [Assumptions]; its zero value is
// the default, and [Variations] lists every other setting so that a test can run under all of them. Numbers such as §4.4
// point to the project's notes on the Kisi API, which name their sources page by page.
//
// It promises determinism (same calls, same clock, same answers and same numbers), safety for concurrent use, and to
// keep no goroutine of its own once a [Server] is closed. It must never leave loopback and must never import the client:
// the two were written apart so that one can catch the mistakes of the other.
package kisisim
