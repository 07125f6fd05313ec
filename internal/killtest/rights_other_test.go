//go:build unix && !linux

package killtest

import "errors"

func mountSmall(*world, string, int) error { return errors.ErrUnsupported }
