package logs

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// NewJournal returns a handler for a stream that systemd reads: before each line stands its level as sd-daemon(3) wants it ("<4>"), which
// the journal takes off and keeps, and there is no time, since the journal has its own. w gets whole lines. It is safe for concurrent use.
func NewJournal(w io.Writer, level slog.Leveler) slog.Handler {
	return newFramed(level, []string{slog.TimeKey}, func(r *slog.Record, line []byte) error {
		_, err := fmt.Fprintf(w, "<%d>%s", severity(r.Level), line)
		return err
	})
}

// severity is a level in the words of syslog, which are those of the journal, too.
func severity(l slog.Level) syslog.Severity {
	switch {
	case l >= slog.LevelError:
		return syslog.Error
	case l >= slog.LevelWarn:
		return syslog.Warning
	case l >= slog.LevelInfo:
		return syslog.Informational
	}
	return syslog.Debug
}

// IntoJournal says whether the journal reads a stream: systemd writes into JOURNAL_STREAM which file that would be (systemd.exec(5)).
// The variable alone proves nothing, as it is handed down to whatever a service starts and pipes elsewhere.
func IntoJournal(stream *os.File, getenv func(string) string) bool {
	device, inode, found := strings.Cut(getenv("JOURNAL_STREAM"), ":")
	wantDevice, deviceErr := strconv.ParseUint(device, 10, 64)
	wantInode, inodeErr := strconv.ParseUint(inode, 10, 64)
	if !found || deviceErr != nil || inodeErr != nil {
		return false
	}
	is, ok := identity(stream)
	return ok && is == fileID{wantDevice, wantInode}
}

// fileID tells one open file from another.
type fileID struct{ device, inode uint64 }
