package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// memory is what kisi-sync remembers, for verbs that need nothing else: they contact nobody, and work while a directory or Kisi is
// down.
type memory struct {
	ui       *call
	settings *config.Settings
	*store.Store
	shared bool // with the daemon, which closes it
}

// loadWithoutSecrets reads the configuration for a verb that contacts nobody.
func loadWithoutSecrets(c *common) (*config.Settings, error) {
	return loaded(config.Loader{Types: all.Types(), SkipSecrets: true}.Load(c.config))
}

// whereabouts reads of a file with mistakes where its daemon answers.
func whereabouts(c *common) (*config.Settings, error) {
	return config.Loader{Types: all.Types()}.Whereabouts(c.config)
}

// remember opens the state file to write into it. One that is not there is not made.
func remember(ctx context.Context, ui *call, c *common) (*memory, error) {
	if h := ui.host(); h != nil {
		return &memory{ui, h.daemon().settings, h.store, true}, nil
	}
	if err := ui.beside(ctx, c); err != nil {
		return nil, err
	}
	settings, err := loadWithoutSecrets(c)
	if err != nil {
		return nil, err
	}
	if err := isThere(settings); err != nil {
		return nil, err
	}
	st, err := store.Open(settings.State, store.Options{Now: now, Who: ui.me()})
	if err != nil {
		return nil, err
	}
	return &memory{ui, settings, st, false}, nil
}

// recollect opens the state file only to read it. What it returns is closed after use.
func recollect(ctx context.Context, ui *call, c *common) (*config.Settings, *store.Preview, error) {
	return recollectFrom(ctx, ui, c, isThere)
}

// recollectAny does the same where there may be no state file yet.
func recollectAny(ctx context.Context, ui *call, c *common) (*config.Settings, *store.Preview, error) {
	return recollectFrom(ctx, ui, c, func(*config.Settings) error { return nil })
}

func recollectFrom(ctx context.Context, ui *call, c *common, fit func(*config.Settings) error) (*config.Settings, *store.Preview, error) {
	if h := ui.host(); h != nil {
		return h.daemon().settings, h.store.Preview(), nil
	}
	if err := ui.beside(ctx, c); err != nil {
		return nil, nil, err
	}
	settings, err := loadWithoutSecrets(c)
	if err != nil {
		return nil, nil, err
	}
	if err := fit(settings); err != nil {
		return nil, nil, err
	}
	st, err := store.OpenPreview(settings.State, store.Options{Now: now})
	return settings, st, err
}

// isThere says of a state file that is not there how it comes to be.
func isThere(settings *config.Settings) error {
	if _, err := os.Stat(settings.State); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	hint := "kisi-sync plan says what would happen; the daemon (kisi-sync run, or its service) begins, or kisi-sync apply once"
	if settings.Policy().Mode == plan.Observe {
		hint = "the daemon (kisi-sync run, or its service) begins, or kisi-sync sync once; in mode: observe neither writes anything into Kisi"
	}
	return exit.Failed(fmt.Errorf("there was no run yet, so there is no state file (%s): nothing is held, and nothing was done", settings.State), hint)
}

// closeInto closes it when a verb ends, and adds the error to the verb's own. A daemon goes by what was decided at once.
func (m *memory) closeInto(ctx context.Context, err *error) {
	if !m.shared {
		*err = exit.Also(*err, m.Close())
	} else if *err == nil {
		*err = m.ui.host().look(ctx)
	}
}

// reasoned refuses a decision without a reason.
func reasoned(why string) error {
	if strings.TrimSpace(why) == "" {
		return exit.Usage(errors.New("say why: --why TEXT"), "it stands in the audit trail, for whoever asks later")
	}
	return nil
}
