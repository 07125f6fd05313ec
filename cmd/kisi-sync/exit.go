package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/config"
)

// The exit codes, as documented in docs/scripting.md.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitHeld    = 3
	exitChanges = 4
)

// exit is an end of the program that is not success. err may be nil: then everything has been said already.
type exit struct {
	code int
	err  error
	hint string
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// failed is an error with what to do next.
func failed(err error, hint string) error { return &exit{code: exitFailed, err: err, hint: hint} }

// usage is a mistake in the command line or in the configuration.
func usage(err error, hint string) error { return &exit{code: exitUsage, err: err, hint: hint} }

// several are errors that have nothing to do with each other: two directories are down. Each is told by itself, which errors.Join
// cannot say.
type several []error

func (s several) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (s several) Unwrap() []error { return s }

// also puts errors together; nil ones are left out, and nil comes back when all are.
func also(all ...error) error {
	var some several
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

// codeOf returns the exit code of an error. Of several it is the smallest: that something failed matters more than that something
// is held.
func codeOf(err error) int {
	var all several
	var problems *config.Problems
	var e *exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &all):
		code := codeOf(all[0])
		for _, one := range all[1:] {
			code = min(code, codeOf(one))
		}
		return code
	case errors.As(err, &e):
		return e.code
	case errors.As(err, &problems):
		return exitUsage
	}
	return exitFailed
}

// exactly is cobra.ExactArgs with a message that says what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return usage(fmt.Errorf("expected: %s", strings.TrimSuffix(cmd.UseLine(), " [flags]")), seeHelp(cmd))
	}
}
