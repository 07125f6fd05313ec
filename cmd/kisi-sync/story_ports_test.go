package main

import (
	"net"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdOccupy has another program listen where the daemon wants to.
func cmdOccupy(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv("METRICS"))
	ts.Check(err)
	stageOf(ts).occupant = l
	ts.Defer(func() { _ = l.Close() })
}

func cmdVacate(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(stageOf(ts).occupant.Close())
}
