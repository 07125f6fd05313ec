package access

import "errors"

// What a call to the target can end in, beside success. The target wraps one of these with what was being done; whoever carries
// out a plan decides by them.
var (
	// ErrUnknownOutcome: the call may or may not have been carried out. It is never repeated blindly.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrExists: what should be created is there already, and not as we want it. The next observation will tell.
	ErrExists = errors.New("already exists")
	// ErrGone: the object of the call is not there any more.
	ErrGone = errors.New("no longer there")
	// ErrRefused: Kisi will not do this one thing; others may go on.
	ErrRefused = errors.New("refused by Kisi")
	// ErrStop: nothing more can be done in this run (credentials, the wrong organization, Kisi down).
	ErrStop = errors.New("stopped")
	// ErrNotDone closes an intent that, seen afterwards, was never carried out.
	ErrNotDone = errors.New("not carried out")
)

var (
	errDigest = errors.New("not a step id: 32 hexadecimal digits expected")
	errCause  = errors.New("not a cause")
)
