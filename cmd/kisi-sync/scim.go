package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/inbound"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// scimPath is where a source is pushed to.
func scimPath(source string) string { return "/scim/" + source + "/v2" }

// listenSCIM opens the port that providers push to, as the file says that the daemon began with; nil when it says none.
func (s *service) listenSCIM(log *slog.Logger) (*inbound.Server, error) {
	where := s.inUse().settings.SCIM()
	if where.Listen == "" {
		return nil, nil
	}
	o := inbound.Options{Listen: where.Listen, Log: log, Now: now}
	if where.Certificate != "" {
		o.Certificate = func() (*tls.Certificate, error) { return readPair(s.inUse().settings) }
	}
	server, err := inbound.Listen(o)
	if err != nil {
		return nil, exit.Failed(fmt.Errorf("scim.listen: %w", err), "name another address; each daemon of a machine needs one of its own")
	}
	log.Info("providers can push", "address", server.Address(), "tls", where.Certificate != "")
	return server, nil
}

// readPair reads the certificate for providers and its key.
func readPair(settings *config.Settings) (*tls.Certificate, error) {
	where := settings.SCIM()
	key, err := where.Key.Resolve(settings.Secrets())
	if err != nil {
		return nil, err
	}
	chain, err := os.ReadFile(where.Certificate)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(chain, []byte(key.Reveal()))
	return &pair, err
}

// takePushes has the sources of a session answer those who push.
func (s *service) takePushes(made *session) {
	where := made.settings.SCIM()
	if s.pushes == nil {
		if where.Listen != "" {
			s.log.Error("scim.listen is new, and providers cannot push before the daemon is restarted")
		}
		return
	}
	if where.Listen != s.pushesAt {
		s.log.Error("scim.listen was changed; restart the daemon for that", "listens", s.pushesAt)
	}
	for _, source := range made.sources {
		if _, ok := source.Source.(connectors.Listener); ok {
			if err := takeName(context.Background(), s.store, source.ID, source.Was); err != nil {
				s.log.Error("what was pushed to a source that was renamed stays under its old name until it is read", "source", source.Name, "err", err)
			}
		}
	}
	s.pushes.Swap(routesOf(made))
}

// routesOf are the paths of the sources that are pushed to.
func routesOf(made *session) map[string]http.Handler {
	routes := map[string]http.Handler{}
	for _, source := range made.sources {
		if l, ok := source.Source.(connectors.Listener); ok {
			routes[scimPath(source.Name)] = l.Handle(made.settings.SCIM().URL, scimPath(source.Name))
		}
	}
	return routes
}

// takeEarlyPushes has the sources of the first session answer while its file is tried. Those that were renamed ask for patience: they get what
// was pushed under the old name when the file is in use, which it may never be.
func (s *service) takeEarlyPushes() {
	routes := routesOf(s.first)
	for _, source := range s.first.sources {
		if path := scimPath(source.Name); routes[path] != nil && len(source.Was) > 0 {
			routes[path] = http.HandlerFunc(refuseForNow)
		}
	}
	s.pushes.Swap(routes)
}

func refuseForNow(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "10")
	w.WriteHeader(http.StatusServiceUnavailable)
}

// renamer is what takeName needs of a store.
type renamer interface {
	Snapshot(ctx context.Context, source string) (*directory.Snapshot, error)
	RenameSource(ctx context.Context, from, to string) (bool, error)
}

// takeName gives a source that was renamed in the file its tokens, and what was pushed to it. A run does so too, but nobody waits for one
// with a push, or with a question about tokens.
func takeName(ctx context.Context, st renamer, id string, was []string) error {
	if len(was) == 0 {
		return nil
	}
	if known, err := st.Snapshot(ctx, id); known != nil || err != nil {
		return err
	}
	for _, old := range was {
		if moved, err := st.RenameSource(ctx, old, id); moved || err != nil {
			return err
		}
	}
	return nil
}

// lateDocs is what is pushed to a source, in the store that its session opens after its sources.
type lateDocs struct {
	session *session
	source  string // its name
}

func (d lateDocs) docs() connectors.Docs {
	id := d.session.sources[d.session.indexOf(d.source)].ID
	switch st := d.session.store.(type) {
	case *store.Store:
		return st.Shelves(id)
	case *store.Preview:
		return st.Shelves(id)
	}
	panic("a session without a store reads no sources")
}

// View reads rows of one moment.
func (d lateDocs) View(ctx context.Context, read func(connectors.Shelf) error) error {
	return d.docs().View(ctx, read)
}

// Update changes rows.
func (d lateDocs) Update(ctx context.Context, change func(connectors.Shelf) error) error {
	return d.docs().Update(ctx, change)
}
