package exit

import (
	"errors"
	"fmt"
	"testing"
)

func TestTheSmallestExitCodeWins(t *testing.T) {
	held, changes, wrong := &Error{Code: CodeHeld}, &Error{Code: CodeChanges}, Usage(errors.New("wrong"), "")
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {held, 3}, {changes, 4}, {Also(changes, held), 3}, {Also(held, wrong), 2}, {Also(held, errors.New("failed")), 1},
		{fmt.Errorf("around: %w", held), 3}, {Also(nil, nil), 0},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}
