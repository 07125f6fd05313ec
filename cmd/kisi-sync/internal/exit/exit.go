// Package exit says how the program ends: with which exit code, and what people read of an error, in which order: what is so, and
// what to do next. An error is given its words once, here, so that a terminal, a JSON document, the log and the trail say the same.
//
// Whatever fails below carries the facts; this package finds the words for those that bring none of their own. It writes nothing
// itself, and never ends the process: only main does.
package exit

import (
	"errors"
	"strings"

	"github.com/kisi-sync/kisi-sync/config"
)

// The exit codes, as documented in docs/scripting.md.
const (
	CodeFailed  = 1
	CodeUsage   = 2 // the command line or the configuration is wrong
	CodeHeld    = 3 // something waits for a person
	CodeChanges = 4 // of plan and compare: there is something to do
)

// Error is an end of the program that is not success.
type Error struct {
	Code int    // one of the codes above
	Err  error  // nil: everything has been said already
	Hint string // what to do next; "" where Err says it itself, or nobody knows
}

func (e *Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Failed is an error with what to do next; the hint may be "", the error not nil.
func Failed(err error, hint string) error { return &Error{Code: CodeFailed, Err: err, Hint: hint} }

// Usage is a mistake in the command line or in the configuration, with what to write instead. The hint may be "".
func Usage(err error, hint string) error { return &Error{Code: CodeUsage, Err: err, Hint: hint} }

// Several are errors that have nothing to do with each other: two directories are down. Each is told by itself, which errors.Join
// cannot say. It is never empty.
type Several []error

func (s Several) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (s Several) Unwrap() []error { return s }

// Also puts errors together, in their order; nil ones are left out, and nil comes back when all are.
func Also(all ...error) error {
	var some Several
	for _, err := range all {
		if err != nil {
			some = append(some, err)
		}
	}
	switch len(some) {
	case 0:
		return nil
	case 1:
		return some[0]
	}
	return some
}

// CodeOf returns the exit code of an error. Of several it is the smallest: that something failed matters more than that something
// is held. It is 0 of nil, and CodeFailed of an error that says nothing of it.
func CodeOf(err error) int {
	var all Several
	var problems *config.Problems
	var e *Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &all):
		code := CodeOf(all[0])
		for _, one := range all[1:] {
			code = min(code, CodeOf(one))
		}
		return code
	case errors.As(err, &e):
		return e.Code
	case errors.As(err, &problems):
		return CodeUsage
	}
	return CodeFailed
}
