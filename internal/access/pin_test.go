package access

import "testing"

func TestAPinHoldsToItsLastInstantAndWithoutOneForEver(t *testing.T) {
	for _, c := range []struct {
		until, at Instant
		ended     bool
	}{{0, 0, false}, {0, ^Instant(0), false}, {5, 4, false}, {5, 5, false}, {5, 6, true}} {
		if p := (Pin{Until: c.until}); p.Ended(c.at) != c.ended {
			t.Errorf("until %d at %d: %v", c.until, c.at, !c.ended)
		}
	}
}

func TestKindsOfPinsReadWhatTheyWrite(t *testing.T) {
	for _, k := range []PinKind{Block, Exempt} {
		text, err := k.MarshalText()
		var again PinKind
		if err != nil || again.UnmarshalText(text) != nil || again != k {
			t.Errorf("%v: %q, %v", k, text, err)
		}
	}
	var k PinKind
	if k.UnmarshalText(nil) == nil || k.UnmarshalText([]byte("pardon")) == nil {
		t.Error("nothing, and a word that is none, were taken for kinds")
	}
}
