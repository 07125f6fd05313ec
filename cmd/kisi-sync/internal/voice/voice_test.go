package voice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

// spoken runs one end of the program and returns what it said on both streams, with the exit code.
func spoken(asJSON bool, printed any, err error) (out, said string, code int) {
	var o, e bytes.Buffer
	u := New(Streams{In: strings.NewReader(""), Out: &o, Err: &e})
	u.JSON = asJSON
	if asJSON && printed != nil {
		_ = u.Print(printed)
	}
	code = u.End(err)
	return o.String(), e.String(), code
}

func TestEachErrorIsALineWithItsHintsBelow(t *testing.T) {
	err := exit.Also(exit.Failed(errors.New("first:\n  broken"), "mend it"), nil, &exit.Unread{Err: errors.New("source corp: down")}, context.Canceled)
	out, said, code := spoken(false, nil, err)
	want := "error: first: broken\nhint: mend it\nerror: source corp: down\nhint: " + exit.Stays + "\nerror: interrupted\n"
	if out != "" || code != exit.CodeFailed {
		t.Errorf("out %q, code %d", out, code)
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

func TestJSONIsOneDocumentAlsoWhenSomethingFails(t *testing.T) {
	row := map[string]any{"done": 1, "steps": []string{"a"}}
	for _, c := range []struct {
		name    string
		printed any
		err     error
		want    string
	}{
		{"fine", row, nil, `{"done": 1, "steps": ["a"]}`},
		{"failed", row, exit.Failed(errors.New("x <y>"), "h"), `{"done": 1, "steps": ["a"], "error": "x <y>", "hint": "h"}`},
		{"only failed", nil, exit.Also(errors.New("a"), exit.Failed(errors.New("b"), "c")), `{"error": "a; b", "hint": "c"}`},
		{"a list, and failed", []string{"a"}, errors.New("b"), `{"error": "b"}`},
		{"an empty object, and failed", map[string]any{}, errors.New("b"), `{"error": "b"}`},
		{"said by the code alone", row, &exit.Error{Code: exit.CodeHeld}, `{"done": 1, "steps": ["a"]}`},
	} {
		out, said, _ := spoken(true, c.printed, c.err)
		var got, want any
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Errorf("%s: %v in %s", c.name, err, out)
		}
		_ = json.Unmarshal([]byte(c.want), &want)
		if diff := cmp.Diff(want, got); diff != "" || said != "" {
			t.Errorf("%s: %s; standard error %q", c.name, diff, said)
		}
	}
}

// Long work is told in whole lines where there is no terminal, and short work not at all.
func TestLongWorkIsNeverSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e bytes.Buffer
		u := New(Streams{In: strings.NewReader(""), Out: &e, Err: &e})
		stop := u.During(func() string { return "reading" })
		time.Sleep(seldom - time.Second)
		stop()
		if e.Len() != 0 {
			t.Errorf("short work said %q", e.String())
		}
		stop = u.During(func() string { return "reading" })
		time.Sleep(2*seldom + time.Second)
		stop()
		if got := e.String(); got != "… reading\n… reading\n" {
			t.Errorf("got %q", got)
		}
		u.JSON = true
		stop = u.During(func() string { return "reading" })
		time.Sleep(time.Hour)
		stop()
		if got := strings.Count(e.String(), "\n"); got != 2 {
			t.Errorf("with --json: %q", e.String())
		}
	})
}

func TestDurationsAreSaidAsPeopleDo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "a second", 1400 * time.Millisecond: "a second", 1600 * time.Millisecond: "2 seconds", 90 * time.Second: "90 seconds",
		150 * time.Second: "3 minutes", 3 * time.Hour: "3.0 hours",
	} {
		if got := Roughly(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestTextsAreCutByCharactersAndNotByBytes(t *testing.T) {
	if got := cut("Büro München\nTor", 8); got != "Büro Mü…" {
		t.Errorf("got %q", got)
	}
	if got := cut("kurz\n", 8); got != "kurz " {
		t.Errorf("got %q", got)
	}
}
