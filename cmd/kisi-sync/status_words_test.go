package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
)

func TestASourceThatIsDownIsToldOfOnce(t *testing.T) {
	age := int64(120)
	for _, d := range []statusSource{
		{Source: shape.Source{Name: "corp", Error: "connection refused"}, Age: &age, NotWatched: "connection refused"},
		{Source: shape.Source{Name: "corp"}, Age: &age, NotWatched: "connection refused"},
	} {
		var out bytes.Buffer
		(&session{ui: newCall(world{out: &out, err: &out, in: &out})}).showSourceStatus(d)
		if n := strings.Count(out.String(), "connection refused"); n != 1 {
			t.Errorf("told %d times: %s", n, out.String())
		}
	}
}
