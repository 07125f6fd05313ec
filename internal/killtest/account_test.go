//go:build unix

package killtest

import (
	"os"
	"path/filepath"
	"syscall"
)

// account is who runs the program.
type account struct{ id int }

const nobody = 65534

// handOver gives the files of a world to an account without rights: nobody when we are root, and ourselves otherwise. back takes them.
func (w *world) handOver() (who account, back func()) {
	w.t.Helper()
	me := os.Geteuid()
	if me != 0 {
		return account{me}, func() { w.must(os.Chmod(w.dir, 0o700)); _ = os.Chmod(w.state(), 0o600) }
	}
	w.must(os.Chmod(filepath.Dir(w.dir), 0o755))
	w.own(nobody)
	return account{nobody}, func() { w.own(me); w.must(os.Chmod(w.dir, 0o700)); _ = os.Chmod(w.state(), 0o600) }
}

func (w *world) own(id int) {
	w.t.Helper()
	w.must(filepath.Walk(w.dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, id, id)
	}))
}

// runsAs is runs for an account.
func (w *world) runsAs(who account, want int, args ...string) *process {
	w.t.Helper()
	if who.id == os.Geteuid() {
		return w.runs(want, args...)
	}
	p := w.prepared(args...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(who.id), Gid: uint32(who.id)}}
	p.cmd.Dir = w.dir
	w.must(w.launched(p, func() error { return nil }))
	if code := p.wait(); code != want {
		w.t.Fatalf("%v ends with %d, want %d:\n%s", args, code, want, &p.out)
	}
	return p
}
