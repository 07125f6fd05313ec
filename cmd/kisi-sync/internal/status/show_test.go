package status

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func TestASourceThatIsDownIsToldOfOnce(t *testing.T) {
	age := int64(120)
	for _, d := range []Source{
		{Source: shape.Source{Name: "corp", Error: "connection refused"}, Age: &age, NotWatched: "connection refused"},
		{Source: shape.Source{Name: "corp"}, Age: &age, NotWatched: "connection refused"},
	} {
		var out bytes.Buffer
		(&Teller{UI: &voice.Voice{Out: &out}, Zone: time.UTC}).showSourceStatus(d)
		if n := strings.Count(out.String(), "connection refused"); n != 1 {
			t.Errorf("told %d times: %s", n, out.String())
		}
	}
}

func TestTheLineForTheServiceManagerSaysWhatMattersAndNamesNobody(t *testing.T) {
	good := &shape.Run{}
	for want, d := range map[string]Document{
		"mode full: nothing to do":    {Mode: "full", Daemon: &record.Status{}, lastGood: good},
		"mode observe: at work":       {Mode: "observe", Daemon: &record.Status{UnderWay: &record.UnderWay{}}, lastGood: good},
		"mode full: at work, 3 steps": {Mode: "full", Daemon: &record.Status{UnderWay: &record.UnderWay{Todo: 3}}, lastGood: good},
		"mode full: nothing to do; 2 steps wait for somebody to decide; source corp is not read": {Mode: "full", Daemon: &record.Status{}, lastGood: good, Held: 2,
			Sources: []Source{{Source: shape.Source{Name: "corp", Error: "connection refused"}}}},
		"mode full: not as it should be: it is paused":                                                          {Mode: "full", Daemon: &record.Status{}, Paused: &record.Pause{Since: time.Now()}},
		"mode full: not as it should be: no run has ended well yet: Kisi is still looked at for the first time": {Mode: "full", Daemon: &record.Status{}},
	} {
		if got := d.Line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
