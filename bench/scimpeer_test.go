package bench

import (
	"net/http"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/sim/scimpeer"
)

// BenchmarkPushPeer makes users over HTTP, 32 at a time, in a source of ours, where each is on the disk before it is acknowledged, and in scimmy, which
// keeps them in memory: in turns, in one run. Reported: pushes a second and the time within which 99 of 100 are acknowledged, of both, and
// how many times scimmy's ours are. Clients and servers share the cores; scimmy is a process of its own.
func BenchmarkPushPeer(b *testing.B) {
	const pushes, turns, clients = 1000, 3, 32
	for b.Loop() {
		var rate, p99, peerRate, peerP99 float64
		for range turns {
			ours, peer := newPushed(b), newPeer(b)
			r, p := ours.pace(pushes, clients, func(i int) { ours.create(b, i) })
			rate, p99 = rate+r/turns, p99+p/turns
			r, p = peer.pace(pushes, clients, func(i int) { peer.create(b, i) })
			peerRate, peerP99 = peerRate+r/turns, peerP99+p/turns
		}
		b.ReportMetric(rate, "pushes/s")
		b.ReportMetric(peerRate, "scimmy-pushes/s")
		b.ReportMetric(rate/peerRate, "times-scimmy")
		b.ReportMetric(p99, "ms-p99")
		b.ReportMetric(peerP99, "scimmy-ms-p99")
	}
	b.ReportMetric(0, "ns/op")
}

// newPeer is a scimmy with nobody in it.
func newPeer(b *testing.B) *pushed {
	return &pushed{url: scimpeer.Start(b).URL, token: scimpeer.Token, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}
