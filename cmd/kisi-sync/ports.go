package main

import (
	"context"
	"sync"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

// openPorts opens the ports that machines talk to, as the file says that the daemon began with, and serves them until ctx ends. That is the first
// thing to be done: a port that is taken is told at once and not after the directories were read, and who pushes meanwhile is answered when it is
// on the disk. closed waits until nobody is served any more. After an error nothing listens.
func (s *service) openPorts(ctx context.Context) (closed func() error, err error) {
	if s.pushes, err = s.listenSCIM(s.log); err != nil {
		return nil, err
	}
	if s.web, err = s.listenWeb(s.log); err != nil {
		if s.pushes != nil {
			err = exit.Also(err, s.pushes.Close())
		}
		return nil, err
	}
	var serving sync.WaitGroup
	var pushed, asked error
	if s.pushes != nil {
		s.pushesAt = s.inUse().settings.SCIM().Listen
		s.takeEarlyPushes()
		serving.Go(func() { pushed = s.pushes.Serve(ctx) })
	}
	if s.web != nil {
		serving.Go(func() { asked = s.web.serve(ctx) })
	}
	return func() error { serving.Wait(); return exit.Also(pushed, asked) }, nil
}
