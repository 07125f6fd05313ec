package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/anchor"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// anchored is a store that has the head of its audit trail kept elsewhere after each run.
type anchored struct {
	engine.Store
	log *slog.Logger

	keeping sync.Mutex
	keeper  *anchor.Keeper
}

// Anchoring returns the store as the file wants its trail to be made fast: itself, if it wants nothing. What cannot be kept elsewhere is
// logged, and tried again after the next run.
func Anchoring(st engine.Store, settings *config.Settings, log *slog.Logger, now func() time.Time) engine.Store {
	kept := places(settings)
	trail, ok := st.(anchor.Trail)
	if len(kept) == 0 || !ok {
		return st
	}
	return &anchored{Store: st, log: log, keeper: &anchor.Keeper{
		Installation: settings.Policy().Installation, Places: kept, Trail: trail, Now: now}}
}

func places(settings *config.Settings) (all []anchor.Place) {
	a := settings.Anchor()
	if a.File != "" {
		all = append(all, anchor.File{Path: a.File})
	}
	if a.Syslog != (syslog.Address{}) {
		all = append(all, anchor.Syslog{Address: a.Syslog, CA: a.CA})
	}
	return all
}

// SaveRun keeps the head once a run has ended. That it could not be kept is told, and changes nothing about the run.
func (a *anchored) SaveRun(ctx context.Context, r *record.Run) error {
	if err := a.Store.SaveRun(ctx, r); err != nil || r.Ended.IsZero() {
		return err
	}
	a.keeping.Lock()
	defer a.keeping.Unlock()
	if err := a.keeper.Keep(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, context.Canceled) {
		a.log.Error("the head of the audit trail could not be kept elsewhere; it is tried again after the next run", "err", err)
	}
	return nil
}
