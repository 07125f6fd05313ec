package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// unknownInARow is after how many calls in a row without an outcome Kisi counts as not working.
const unknownInARow = 5

// Resting is the error of a run that asked nothing of Kisi, because Kisi did not work lately and is to be left alone.
type Resting struct {
	record.Circuit
	Now time.Time
}

// Error says since when, why, and for how long.
func (r *Resting) Error() string {
	ended := "1 run ended with it: "
	if r.Failures > 1 {
		ended = fmt.Sprintf("%d runs in a row ended with it, the last: ", r.Failures)
	}
	return fmt.Sprintf("Kisi has not worked since %s and is left alone for another %s, until %s (%s%s)",
		clock(r.Since), max(r.Until.Sub(r.Now).Round(time.Second), time.Second), clock(r.Until), ended, r.Why)
}

// Hint says what a person can do.
func (r *Resting) Hint() string {
	return "nothing is lost and the next run after that asks again; kisi-sync check and kisi-sync plan ask now"
}

// Unwrap says that nothing more can be done in this run.
func (r *Resting) Unwrap() error { return access.ErrStop }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// careful is a Target that leaves Kisi alone when it does not work: each run after one that ended by it begins with a single call, and
// when that fails, too, asks nothing else. What failed is told by the store, so that another process knows it as well.
//
//	closed ── a read fails, or five changes in a row have no outcome ──► open ── the rest is over, or somebody leaves ──► a probe
//	   ▲                                                                  ▲                                                │
//	   └────────────────── a run ends well ──────────────────────────────┼────────────────── it works ◄───────────────────┤
//	                                                                      └────────────────── it fails: twice as long ◄────┘
//
// Whether a call was limited, repeated or timed out is not known here: whoever makes calls has patience of its own, and what comes
// back from there is final.
type careful struct {
	Target
	e       *Engine
	insists bool // asks although Kisi should be left alone
	aloof   bool // the store is left alone
	asked   bool // Kisi worked in this run, as far as is known
	unknown int  // calls in a row without an outcome
}

// careful returns the Target for one run.
func (e *Engine) careful() *careful { return &careful{Target: e.o.Target, e: e, insists: e.o.Insist} }

// Observe implements Target.
func (c *careful) Observe(ctx context.Context, s access.Scope) (*access.State, error) {
	if err := c.first(ctx); err != nil {
		return nil, err
	}
	state, err := c.Target.Observe(ctx, s)
	return state, c.read(ctx, err)
}

// Catalog implements Target.
func (c *careful) Catalog(ctx context.Context) (*access.Catalog, error) {
	if err := c.first(ctx); err != nil {
		return nil, err
	}
	catalog, err := c.Target.Catalog(ctx)
	return catalog, c.read(ctx, err)
}

// Do implements Target.
func (c *careful) Do(ctx context.Context, call access.Call) (access.Result, error) {
	if err := c.first(ctx); err != nil {
		return access.Result{}, err
	}
	result, err := c.Target.Do(ctx, call)
	if !errors.Is(err, access.ErrUnknownOutcome) {
		c.unknown = 0
	} else if c.unknown++; c.unknown >= unknownInARow && !errors.Is(err, access.ErrStop) {
		err = fmt.Errorf("%w: Kisi left %d calls in a row without an outcome, the last: %w", access.ErrStop, c.unknown, err)
	}
	if errors.Is(err, access.ErrStop) {
		err = c.failed(ctx, err)
	}
	return result, err
}

// first lets the first call of a run through, or says that there shall be none.
func (c *careful) first(ctx context.Context) error {
	if c.asked {
		return nil
	}
	circuit, err := c.e.o.Store.Circuit(ctx)
	if err != nil {
		return err
	}
	if now := c.e.o.Now(); circuit.Rests(now) && !c.insists && !c.e.renewed() {
		return &Resting{circuit, now}
	}
	if circuit.Open() {
		if err := c.Probe(ctx); err != nil {
			return c.failed(ctx, err)
		}
	}
	c.asked = true
	return nil
}

// renewed says that somebody has put another credential in place, which is what a rest may have been waiting for.
func (e *Engine) renewed() bool { return e.o.Renewed != nil && e.o.Renewed() }

// read notes that Kisi could not be looked at.
func (c *careful) read(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return c.failed(ctx, err)
}

// failed notes that a run ends by Kisi, and returns err. A run that was stopped from outside says nothing about Kisi.
func (c *careful) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil || c.aloof {
		return err
	}
	circuit, readErr := c.e.o.Store.Circuit(ctx)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	now := c.e.o.Now()
	next := circuit.Failed(now, err.Error())
	if saveErr := c.e.o.Store.SaveCircuit(ctx, next); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	c.e.o.Log.Warn("Kisi does not work and is left alone", "failures", next.Failures, "until", next.Until.UTC().Format(time.RFC3339))
	return err
}

// worked notes that a run which asked Kisi ended well.
func (c *careful) worked(ctx context.Context) error {
	if !c.asked {
		return nil
	}
	circuit, err := c.e.o.Store.Circuit(ctx)
	if err != nil || !circuit.Open() {
		return err
	}
	c.e.o.Log.Info("Kisi works again", "since", circuit.Since.UTC().Format(time.RFC3339), "failures", circuit.Failures)
	return c.e.o.Store.SaveCircuit(ctx, record.Circuit{})
}
