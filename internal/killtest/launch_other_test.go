//go:build unix && !linux

package killtest

import (
	"errors"
	"os/exec"
)

// launchVariable is set where processes can be prepared before they begin.
const launchVariable = "KILLTEST_LAUNCH"

type launching struct {
	Gated    bool
	FileSize uint64
}

func launch([]string) error { return errors.ErrUnsupported }

func openGate(*exec.Cmd) (func(func(write) verdict) error, error) { return nil, errors.ErrUnsupported }
