package daemon

import "context"

// reloading is the way from one Work to the next:
//
//	asked ─► loading ─► (whoever works beside ends) ─► (jobs of the old one end) ─► checking ─► the new one is in use
//	            └───────────────────────────────────────────────────────────────────────┴────► refused: the old one goes on
//
// A file that cannot be used disturbs nobody. One that can is checked while nothing else talks to Kisi: both have one quota. As long as somebody
// works beside, which may take an hour, the old one reads on, and leavers wait for nobody.
type reloading struct {
	asked   []reloadAsk
	waiting []reloadAsk // for the load under way
	loading bool
	next    *Work // loaded
	retires bool  // the old one is coming to its end
	checks  bool
	seen    sight  // the file, just before it was loaded last
	refused string // why the file that was loaded last is not in use
}

type reloadAsk struct {
	by   string
	done func(error)
}

// reloads takes the next step of a reload, and says whether nothing else may be begun.
func (d *Daemon) reloads() bool {
	l := &d.reload
	switch {
	case l.next != nil && !l.retires && d.beside == nil:
		d.retire()
		return d.reloads()
	case l.retires && !l.checks && d.shift.crew.jobs == 0:
		l.checks = true
		d.house.start(d, func(ctx context.Context) func() {
			err := check(ctx, l.next)
			return func() { d.checked(ctx, err) }
		})
	case l.next == nil && !l.loading && len(l.asked) > 0:
		l.loading, l.waiting, l.asked, l.seen = true, l.asked, nil, d.look()
		d.o.Log.Info("configuration is read again", "by", l.waiting[0].by)
		d.reloading(true)
		d.house.start(d, func(ctx context.Context) func() {
			work, err := d.o.Load(ctx)
			return func() { d.loaded(work, err) }
		})
	}
	return l.retires
}

// retire has all jobs of the Work in use come to their end.
func (d *Daemon) retire() {
	d.reload.retires = true
	if d.running != nil {
		d.running.stop()
	}
	d.shift.crew.cancel()
}

func check(ctx context.Context, w *Work) error {
	if w.Check == nil {
		return nil
	}
	return w.Check(ctx)
}

// loaded begins the end of the Work in use, or keeps it.
func (d *Daemon) loaded(w *Work, err error) {
	d.reload.loading, d.reload.seen = false, d.reload.seen.with(d.look())
	if err != nil {
		d.keep(err)
		return
	}
	d.reload.next = w
}

func (d *Daemon) checked(ctx context.Context, err error) {
	w := d.reload.next
	if ctx.Err() != nil {
		return // stop lets go of both
	}
	d.reload.next, d.reload.retires, d.reload.checks = nil, false, false
	if err != nil {
		if closeErr := w.close(); closeErr != nil {
			d.o.Log.Warn("refused configuration", "err", closeErr)
		}
		d.begin(d.shift.Work, onReload, d.shift.owesFull())
		d.keep(err)
		return
	}
	d.replace(w)
}

// replace puts another Work to use and has everything looked at by it.
func (d *Daemon) replace(w *Work) {
	if err := d.shift.close(); err != nil {
		d.o.Log.Warn("configuration before", "err", err)
	}
	d.begin(w, onReload, true)
	d.reload.refused = ""
	d.o.Log.Info("configuration in use", "mode", w.Mode, "sources", len(w.Sources))
	d.answer(nil)
}

// keep goes on with the Work in use.
func (d *Daemon) keep(err error) {
	d.reload.refused = d.explain(err)
	d.o.Log.Error("configuration refused; the one before stays in use", "err", d.reload.refused)
	d.answer(err)
}

// reloading tells whoever wants to know.
func (d *Daemon) reloading(begun bool) {
	if d.o.Reloading != nil {
		d.o.Reloading(begun)
	}
}

func (d *Daemon) answer(err error) {
	d.reloading(false)
	for _, a := range d.reload.waiting {
		if a.done != nil {
			a.done(err)
		}
	}
	d.reload.waiting = nil
}
