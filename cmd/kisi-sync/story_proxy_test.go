package main

import (
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// cmdProxy is the company's proxy, which wants to know who calls:
//
//	start USER PASSWORD   it listens at $PROXY, a host and port
//	take USER PASSWORD    it takes this password and no other
//	used                  connections went through it since the last time this was asked
func cmdProxy(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	switch args[0] {
	case "start":
		s.proxy = simhttp.StartProxy(args[1], args[2])
		ts.Setenv("PROXY", s.proxy.Host)
		ts.Defer(s.proxy.Close)
	case "take":
		s.proxy.Take(args[1], args[2])
	case "used":
		if n := s.proxy.Through(); n <= s.proxied {
			ts.Fatalf("still %s connections", strconv.Itoa(n))
		}
		s.proxied = s.proxy.Through()
	default:
		ts.Fatalf("proxy: no verb %s", args[0])
	}
}
