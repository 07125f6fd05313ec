package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
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

// anchoring returns the store as the file wants its trail to be made fast: itself, if it wants nothing.
func anchoring(st engine.Store, settings *config.Settings, log *slog.Logger) engine.Store {
	places := anchorPlaces(settings)
	trail, ok := st.(anchor.Trail)
	if len(places) == 0 || !ok {
		return st
	}
	return &anchored{Store: st, log: log, keeper: &anchor.Keeper{
		Installation: settings.Policy().Installation, Places: places, Trail: trail, Now: now}}
}

func anchorPlaces(settings *config.Settings) (places []anchor.Place) {
	a := settings.Anchor()
	if a.File != "" {
		places = append(places, anchor.File{Path: a.File})
	}
	if a.Syslog != (syslog.Address{}) {
		places = append(places, anchor.Syslog{Address: a.Syslog, CA: a.CA})
	}
	return places
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

// anchorsDocument is the part of audit verify --json about heads that were kept elsewhere.
type anchorsDocument struct {
	Met    int `json:"met"`    // are still those of their lines
	Gone   int `json:"gone"`   // of lines that were cut off since
	Others int `json:"others"` // of other installations
}

// readAnchors reads the heads of this installation from a file.
func (t *trail) readAnchors(path string) (heads []record.Head, others int, err error) {
	f, err := os.Open(t.ui.path(path))
	if err != nil {
		return nil, 0, exit.Usage(err, "name the file that audit.anchor.file names, or the log of the syslog server")
	}
	all, err := record.ReadAnchors(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	installation := t.settings.Policy().Installation
	for _, a := range all {
		if a.Installation != installation {
			others++
			continue
		}
		heads = append(heads, a.Head)
	}
	if len(heads) == 0 {
		return nil, others, exit.Failed(fmt.Errorf("%s has no head of the audit trail of %s in it", path, installation),
			"audit.anchor in the file says where heads are kept after each run")
	}
	return heads, others, nil
}

// sayAnchors says how the trail was held against heads.
func (t *trail) sayAnchors(a *anchorsDocument) {
	if a == nil {
		return
	}
	t.ui.Say("%s kept elsewhere still fit the trail.", voice.Count(a.Met, "head", "heads"))
	if a.Gone > 0 {
		t.ui.Say("%s of lines that were cut off since; a line of the trail says by whom.", voice.Count(a.Gone, "head is", "heads are"))
	}
	if a.Others > 0 {
		t.ui.Say("%s of other installations and not looked at.", voice.Count(a.Others, "head is", "heads are"))
	}
}

// sayAnchored says what the places of the file have.
func (t *trail) sayAnchored(ctx context.Context, head record.Head) error {
	for _, place := range anchorPlaces(t.settings) {
		last, err := t.Anchored(ctx, place.String())
		switch {
		case err != nil:
			return err
		case last.Head.Number == 0:
			t.ui.Say("%s %s was given no head yet.", t.ui.Yellow("!"), place)
		case last.Head.Number < head.Number:
			t.ui.Say("%s was given the head of line %d at %s; later lines follow after the next run.", place, last.Head.Number, t.moment(last.At))
		default:
			t.ui.Say("%s was given this head at %s.", place, t.moment(last.At))
		}
	}
	return t.sayCopied(ctx, head)
}

// sayCopied says how far the copy of the trail is.
func (t *trail) sayCopied(ctx context.Context, head record.Head) error {
	c := copyOf(t.Preview, t.settings)
	if c == nil {
		return nil
	}
	last, err := t.Anchored(ctx, c.Place())
	switch {
	case err != nil:
		return err
	case last.Head.Number == 0:
		t.ui.Say("%s %s was sent no line yet.", t.ui.Yellow("!"), c.To)
	case last.Head.Number < head.Number:
		t.ui.Say("%s was sent the lines up to %d at %s; %s waiting.", c.To, last.Head.Number, t.moment(last.At),
			voice.Count(int(head.Number-last.Head.Number), "line is", "lines are"))
	default:
		t.ui.Say("%s was sent all lines, the last at %s.", c.To, t.moment(last.At))
	}
	return nil
}
