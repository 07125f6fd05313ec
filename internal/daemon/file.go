package daemon

import (
	"context"
	"os"
	"slices"
	"time"
)

// lookEvery is how often a watched file is looked at. Looking is cheaper than it sounds and sees what events miss: a link that points
// to another file now (as credentials and mounted configuration are replaced), and files on the network.
const lookEvery = 2 * time.Second

// watchFile asks for a reload when the file has changed and then stayed the same for one more look, so that nothing half-written is read.
func (d *Daemon) watchFile(ctx context.Context) {
	var last, told sight
	for {
		pause(ctx, lookEvery)
		if ctx.Err() != nil {
			return
		}
		now := d.look()
		if now.same(last) && !now.same(told) {
			told = now
			d.events <- func() { d.saw(now) }
		}
		last = now
	}
}

// saw asks for a reload unless the file still looks as when it was last loaded.
func (d *Daemon) saw(now sight) {
	if now.there() && !now.same(d.reload.seen) {
		d.reload.asked = append(d.reload.asked, reloadAsk{by: "changed file"})
	}
}

// sight is what the files of a configuration looked like, the main one first. One that was not there has no info.
type sight struct{ files []seenFile }

type seenFile struct {
	path string
	info os.FileInfo
}

// look looks at the file and at those that it includes.
func (d *Daemon) look() sight {
	if d.o.File == "" {
		return sight{}
	}
	paths := []string{d.o.File}
	if d.o.Included != nil {
		paths = append(paths, d.o.Included()...)
	}
	var s sight
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			info = nil
		}
		s.files = append(s.files, seenFile{path, info})
	}
	return s
}

// there says that the main file is there.
func (s sight) there() bool { return len(s.files) > 0 && s.files[0].info != nil }

// with is what was seen of the files of a later sight: those that nobody had looked at before look as they do now.
func (s sight) with(later sight) sight {
	var out sight
	for _, f := range later.files {
		if i := slices.IndexFunc(s.files, func(old seenFile) bool { return old.path == f.path }); i >= 0 {
			f = s.files[i]
		}
		out.files = append(out.files, f)
	}
	return out
}

func (s sight) same(other sight) bool { return slices.EqualFunc(s.files, other.files, seenFile.same) }

func (f seenFile) same(other seenFile) bool {
	if f.path != other.path || f.info == nil || other.info == nil {
		return f.path == other.path && f.info == nil && other.info == nil
	}
	return os.SameFile(f.info, other.info) && f.info.ModTime().Equal(other.info.ModTime()) && f.info.Size() == other.info.Size()
}
