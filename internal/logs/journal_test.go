package logs

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

func TestALineForTheJournalBeginsWithItsLevelAndHasNoTime(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(NewJournal(&b, slog.LevelDebug)).With("run", 3)
	log.Debug("a")
	log.Info("two\nlines", "name", "x\n<0>y")
	log.Warn("c")
	log.WithGroup("kisi").Error("d", "time", "now")
	want := "<7>level=DEBUG msg=a run=3\n" +
		`<6>level=INFO msg="two\nlines" run=3 name="x\n<0>y"` + "\n" +
		"<4>level=WARN msg=c run=3\n" +
		"<3>level=ERROR msg=d run=3 kisi.time=now\n"
	if b.String() != want {
		t.Errorf("%s\n%s", b.String(), want)
	}
	b.Reset()
	if slog.New(NewJournal(&b, slog.LevelWarn)).Info("a"); b.Len() > 0 {
		t.Error("a line below the level is written")
	}
}

func TestOnlyTheStreamThatSystemdNamesIsReadByTheJournal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("systemd is elsewhere")
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	id, ok := identity(f)
	if !ok {
		t.Fatal("a file without identity")
	}
	device, inode := strconv.FormatUint(id.device, 10), strconv.FormatUint(id.inode, 10)
	for value, want := range map[string]bool{
		device + ":" + inode: true, device + ":" + inode + "0": false, "1" + device + ":" + inode: false, "": false, ":": false, inode: false, "x:" + inode: false,
	} {
		if IntoJournal(f, func(string) string { return value }) != want {
			t.Errorf("JOURNAL_STREAM=%q: want %v", value, want)
		}
	}
}
