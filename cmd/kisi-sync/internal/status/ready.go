package status

import (
	"errors"
	"fmt"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
)

// Ready says that the daemon knows all that it decides by, and can do it: every source was read, a run has gone well, the last one was
// not a failure, and Kisi answers. The error, in words for people, says what is lacking.
func (d *Document) Ready() error {
	for _, s := range d.Sources {
		if s.Age == nil {
			return fmt.Errorf("source %s was never read", s.Name)
		}
	}
	return d.Unready()
}

// unready says what keeps the daemon from its work, whatever it knows; nil: nothing.
func (d *Document) Unready() error {
	switch {
	case d.Paused != nil:
		return errors.New("it is paused")
	case d.Trial.Stuck():
		return errors.New(d.Trial.Words())
	case d.Daemon != nil && d.Daemon.Failures > 0:
		return errors.New("the last run failed; kisi-sync status says why")
	case d.Kisi != nil:
		return fmt.Errorf("left alone until %s: Kisi has not worked since %s; kisi-sync status says why", d.Kisi.Next, d.Kisi.Since)
	case d.lastGood == nil:
		return errors.New("no run has ended well yet: Kisi is still looked at for the first time")
	}
	return nil
}

// Line says in a few words how it is. It names nobody, and has no ages in it, so that it is the same as long as all is.
func (d *Document) Line() string {
	text := "mode " + d.Mode + ": nothing to do"
	switch u := d.Daemon.UnderWay; {
	case u != nil && u.Todo > 0:
		text = fmt.Sprintf("mode %s: at work, %s", d.Mode, voice.Count(u.Todo, "step", "steps"))
	case u != nil:
		text = "mode " + d.Mode + ": at work"
	}
	if err := d.Unready(); err != nil {
		text = "mode " + d.Mode + ": not as it should be: " + err.Error()
	}
	if d.Held > 0 {
		text += "; " + voice.Count(d.Held, "step waits", "steps wait") + " for somebody to decide"
	}
	for _, s := range d.Sources {
		if s.Error != "" {
			text += "; source " + s.Name + " is not read"
		}
	}
	return text
}
