package record

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func FuzzAnAnchorIsFoundInWhateverALogServerPutsAroundIt(f *testing.F) {
	f.Add("Mar 31 14:00:00 log kisi-sync[42]: audit trail: ", "")
	f.Add("", " \r")
	f.Add("1204:9f86 2026-03-31T16:00:00Z ", "0")
	want := Anchor{At: time.Unix(1774972800, 0).UTC(), Installation: "berlin-1", Head: Head{Number: 1204, Digest: bytes.Repeat([]byte{0x9f}, 32)}}
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.ContainsAny(before+after, "\n\r") || len(before) > 1<<10 {
			return
		}
		all, err := ReadAnchors(strings.NewReader("x\n" + before + " " + want.String() + after + "\nnothing\n"))
		if err != nil || len(all) != 1 || all[0].Head.Number == want.Head.Number && cmp.Diff(want, all[0]) != "" {
			t.Errorf("%+v %v", all, err)
		}
	})
}
