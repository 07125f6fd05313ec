package main

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// What stories wait for.

func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[len(args)-1])
	ts.Check(err)
	served := &stageOf(ts).served
	reached := served.after
	if args[0] == "total" {
		reached = served.total
	}
	select {
	case <-reached(n):
	case <-time.After(time.Minute):
		ts.Fatalf("not within a minute")
	}
}

func cmdAppears(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(eventually(func() bool {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && bytes.HasSuffix(data, []byte("\n"))
	}))
}

// eventually waits until something is so, for some seconds.
func eventually(so func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if so() {
			return nil
		}
		<-tick.C
	}
	return errors.New("it does not come to that")
}
