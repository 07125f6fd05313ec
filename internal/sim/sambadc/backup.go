package sambadc

import (
	"os"
	"path/filepath"
)

// Backup stops the controller, copies its database as a copier of disks would, and starts it again. Restore brings that copy back.
func (s *Server) Backup() {
	s.t.Helper()
	s.Stop()
	s.copy("dc", "backup")
	if err := s.start(); err != nil {
		s.t.Fatalf("samba: start after a backup: %v", err)
	}
}

// Restore puts the database back to where Backup copied it, behind the controller's back: update sequence numbers are given a second time, by
// the same invocationId ("USN rollback", [MS-ADTS] section 3.1.1.1.9). It starts the controller again.
func (s *Server) Restore() {
	s.t.Helper()
	s.Stop()
	s.copy("backup", "dc")
	if err := s.start(); err != nil {
		s.t.Fatalf("samba: start after a restore: %v", err)
	}
}

// copy replaces a folder by a copy of another.
func (s *Server) copy(from, to string) {
	s.t.Helper()
	if err := os.RemoveAll(filepath.Join(s.dir, to)); err != nil {
		s.t.Fatalf("samba: %v", err)
	}
	if err := s.copyTree(filepath.Join(s.dir, from), filepath.Join(s.dir, to)); err != nil {
		s.t.Fatalf("samba: %v", err)
	}
}
