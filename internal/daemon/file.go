package daemon

import (
	"context"
	"os"
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
		now := look(d.o.File)
		if now.same(last) && !now.same(told) {
			told = now
			d.events <- func() { d.saw(now) }
		}
		last = now
	}
}

// saw asks for a reload unless the file still looks as when it was last loaded.
func (d *Daemon) saw(now sight) {
	if now.info != nil && !now.same(d.reload.seen) {
		d.reload.asked = append(d.reload.asked, reloadAsk{by: "changed file"})
	}
}

// sight is what a file looked like; info is nil when it was not there.
type sight struct{ info os.FileInfo }

func look(path string) sight {
	info, err := os.Stat(path)
	if err != nil {
		return sight{}
	}
	return sight{info}
}

func (s sight) same(other sight) bool {
	if s.info == nil || other.info == nil {
		return s.info == nil && other.info == nil
	}
	return os.SameFile(s.info, other.info) && s.info.ModTime().Equal(other.info.ModTime()) && s.info.Size() == other.info.Size()
}
