package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/audit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/all"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/daemon"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// session is everything that a verb works with, introduced to each other. It is closed when the verb ends.
type session struct {
	ui       *call
	settings *config.Settings
	rules    *mapping.Rules
	client   *kisi.Client
	target   *kisi.Target
	key      *apiKey         // that the client uses
	sources  []engine.Source // as they are; the engine reads them through counted
	counted  []*counted
	engine   *engine.Engine
	store    engine.Store
	book     *metrics.Book // counts what is sent to Kisi; nil: nobody counts
	closers  []io.Closer
	turn     *daemon.Turn // in which nothing else reconciles; nil: there is none, or nobody else could
	gaveWay  int          // looks that were broken off for leavers
	clocks   clocks       // of what is remembered of Kisi, where texts are told that were kept
	leavers  bool         // what was read says that somebody was disabled or deleted
}

// opening says how a verb wants to work.
type opening struct {
	asked  string   // who asked, for the record
	accept []string // sources to be believed whatever they say
	keep   bool     // write into the store; otherwise what is read stays in memory and nothing can be carried out
	roles  bool     // the roles on places and the organization are to be listed
	alone  bool     // only Kisi is looked at: no store and no engine, so that a run under way disturbs nobody
	quiet  bool     // the verb tells the warnings about the file itself
	writes bool     // to write is all that the verb is for, so in mode: observe it refuses
	asks   bool     // the verb asks before it writes, so without anybody to ask it refuses
	// lent is the state file that the daemon has open for as long as it lives; nil: it is opened, and closed with the session.
	lent *store.Store
	// like is a session of this process whose client is used on if the file says the same of Kisi: two would be too fast together.
	like *session
	// beyond is a session that only looks, by another file: what it has read of the sources is known to this one from the beginning.
	beyond *session
	// book counts what is sent to Kisi; nil: nobody counts.
	book *metrics.Book
	// patience is how long one call to Kisi is tried; 0 is long, for runs that nobody watches.
	patience time.Duration
}

// watched is how long one call is tried while somebody waits for the answer.
const watched = 30 * time.Second

// reachable is how long somebody who waits is kept from hearing that a directory is not there.
const reachable = 5 * time.Second

// load reads the configuration, and sees that its secrets can be had.
func load(c *common) (*config.Settings, error) { return loaded(config.Load(c.config, all.Types())) }

// loaded makes whatever is wrong with the configuration a mistake of usage.
func loaded(settings *config.Settings, err error) (*config.Settings, error) {
	var problems *config.Problems
	if err == nil || errors.As(err, &problems) {
		return settings, err
	}
	return nil, exit.Usage(err, "")
}

// open loads the configuration and introduces everybody. It contacts nobody.
func open(ctx context.Context, ui *call, c *common, o opening) (*session, error) {
	if !o.alone {
		if err := ui.beside(ctx, c); err != nil {
			return nil, err
		}
	}
	settings, err := ui.settingsFor(c, o.keep)
	if err != nil {
		return nil, err
	}
	if !o.quiet {
		ui.Warn(exit.Problems(settings.Warnings))
	}
	s := &session{ui: ui, settings: settings, book: o.book}
	if h := ui.host(); h != nil {
		s.book = h.book
	}
	if o.writes && settings.Policy().Mode == plan.Observe {
		return nil, exit.Usage(fmt.Errorf("%s says mode: observe, so nothing is ever written", settings.File),
			"kisi-sync plan says what would happen; when you like it, write mode: full")
	}
	if err := ui.canAsk(); o.asks && err != nil {
		return nil, err
	}
	if o.keep && ui.host() == nil {
		s.logToSyslog()
	}
	if err := s.introduce(ctx, o); err != nil {
		return nil, exit.Also(err, s.Close())
	}
	return s, nil
}

func (s *session) introduce(ctx context.Context, o opening) error {
	rules, problems := mapping.Compile(s.settings.MappingSpec())
	if len(problems) > 0 { // config has reported them already
		return fmt.Errorf("%s: %s", problems[0].Path, problems[0].Text)
	}
	s.rules = rules
	if err := s.openKisi(o); err != nil {
		return err
	}
	if rules.GivesRoles() || o.roles {
		s.target.FollowRoles()
	}
	if o.alone {
		return nil
	}
	if err := s.openSources(o); err != nil {
		return err
	}
	if err := s.checkAccept(o); err != nil {
		return err
	}
	if err := s.openStore(o); err != nil {
		return err
	}
	accept := map[string]bool{}
	for _, name := range o.accept {
		accept[name] = true
	}
	sources := make([]engine.Source, len(s.sources))
	for i, source := range s.sources {
		s.counted = append(s.counted, &counted{Source: source.Source, name: source.Name})
		sources[i] = source
		sources[i].Source = s.counted[i]
	}
	alive, err := s.alive(ctx, o)
	if err != nil {
		return err
	}
	s.engine = s.newEngine(o, engine.Options{
		Sources: sources, Rules: rules, Policy: s.settings.Policy(), Limits: s.settings.Limits(),
		Organization: s.settings.Kisi.Domain, Target: s.metered(s.target), Store: audit.Anchoring(s.store, s.settings, s.ui.Log, now), Now: now, Log: s.ui.Log,
		Asked: o.asked, Alive: alive, Accept: accept, Insist: o.asks || o.patience > 0, Renewed: s.key.renewed, Skew: s.skew, Calls: func() int { return int(s.client.Stats().Calls) },
	})
	return ctx.Err()
}

// seeing returns the engine of a session that keeps, but for one source, which is another one there. Without keep it keeps nothing of what
// it reads.
func (s *session) seeing(name string, source connectors.Source, keep bool) *engine.Engine {
	return s.engine.Beside(keep, func(o *engine.Options) {
		o.Sources = slices.Clone(o.Sources)
		o.Sources[s.indexOf(name)].Source = source
		if !keep {
			o.Store = s.store.(*store.Store).Preview()
		}
	})
}

// env is what a source is opened with.
func (s *session) env(source string) connectors.Env {
	return connectors.Env{Name: source, Dir: s.settings.Dir, Attributes: s.rules.Attributes(source), Log: s.ui.Log.With("source", source), Now: now,
		Docs: lateDocs{s, source}}
}

// alive is since when calls without an outcome are those of the daemon's run, for a verb that only looks: it waits for no turn.
func (s *session) alive(ctx context.Context, o opening) (access.Instant, error) {
	h := s.ui.host()
	if h == nil || o.keep {
		return 0, nil
	}
	status, err := h.ops.Status(ctx)
	if err == nil && status.UnderWay != nil {
		s.ui.Tell("the daemon is at work (%s); what it has not done yet is in what follows", status.UnderWay.Doing)
	}
	return access.At(status.Started), err
}

// skew is Kisi's clock minus the program's. The pacer measures with the machine's clock, which is the program's, too, unless a test has
// given it another one.
func (s *session) skew() (time.Duration, bool) {
	st := s.client.Stats()
	return st.Skew - time.Until(now()), !st.SkewSeen.IsZero()
}

// newEngine returns an engine of the session's own, beside that of the daemon if the session is within it.
func (s *session) newEngine(o opening, options engine.Options) *engine.Engine {
	this := func(all *engine.Options) { *all = options }
	switch h := s.ui.host(); {
	case o.beyond != nil:
		return o.beyond.engine.Beside(false, this)
	case h != nil:
		return h.daemon().engine.Beside(o.keep, this)
	}
	return engine.New(options)
}

func (s *session) openKisi(o opening) error {
	if h := s.ui.host(); h != nil { // one pace for all calls of the process
		s.client, s.target, s.key = h.daemon().client, h.daemon().target, h.daemon().key
		if o.patience > 0 {
			s.client, s.target = s.client.Within(o.patience), s.target.Within(o.patience)
		}
		return nil
	}
	k := s.settings.Kisi
	if o.like != nil && o.like.settings.Kisi == k {
		s.client, s.target, s.key = o.like.client, o.like.target, o.like.key
		return nil
	}
	pace := pace(k.Rate)
	pace.Patience = o.patience
	s.key = &apiKey{read: func() (secret.String, error) { return k.APIKey.Resolve(s.settings.Secrets()) }}
	client, err := kisi.New(kisi.Options{
		URL:         k.URL,
		Key:         s.key.use,
		Integration: k.Program.Identifier, Contact: k.Program.Contact, UserAgent: "kisi-sync/" + version(),
		Pace: pace, Log: s.ui.Log, Now: now,
	})
	if err != nil {
		return err
	}
	s.client, s.target = client, kisi.NewTarget(client)
	s.closers = append(s.closers, client)
	return nil
}

func (s *session) openSources(o opening) error {
	for _, source := range s.settings.Sources {
		env := s.env(source.Name)
		if o.patience > 0 {
			env.Reach = reachable
		}
		opened, err := source.Config.Open(env)
		if err != nil {
			return fmt.Errorf("source %s: %w", source.Name, err)
		}
		if closer, ok := opened.(io.Closer); ok {
			s.closers = append(s.closers, closer)
		}
		s.sources = append(s.sources, engine.Source{Name: source.Name, ID: source.ID, Was: source.Was, StaleAfter: source.StaleAfter, Stated: source.Stated, Source: opened})
	}
	return nil
}

func (s *session) openStore(o opening) error {
	if h := s.ui.host(); h != nil {
		s.store = h.store
		if !o.keep {
			s.store = h.store.Preview()
		}
		return nil
	}
	if o.lent != nil {
		s.store = o.lent
		return nil
	}
	if !o.keep {
		preview, err := store.OpenPreview(s.settings.State, store.Options{Now: now})
		if err != nil {
			return err
		}
		s.store, s.closers = preview, append(s.closers, preview)
		return nil
	}
	st, err := store.Open(s.settings.State, store.Options{Now: now, Who: o.asked})
	if err != nil {
		return err
	}
	s.store = st
	s.closers = append(s.closers, st, closing(func() error {
		copyAtEnd(st, s.settings, s.ui.Log)
		return nil
	}))
	return nil
}

// Close closes everything that was opened, last things first.
func (s *session) Close() error {
	var all []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		all = append(all, s.closers[i].Close())
	}
	s.closers = nil
	return exit.Also(all...)
}
