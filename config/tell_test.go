package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWhereAndWhomToTellIsReadFromTheFile(t *testing.T) {
	data, err := os.ReadFile("testdata/whole.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := inFolder(t, "config.yaml", data)
	s, err := testLoader().Load(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if got := s.Socket(); got != filepath.Join(dir, "kisi-sync.sock") {
		t.Errorf("socket %s", got)
	}
	if m := s.Metrics(); m.Listen != "0.0.0.0:9766" || m.Certificate != filepath.Join(dir, "metrics.pem") || m.Key.File != "key" || m.Token.Env != "KISI_API_KEY" {
		t.Errorf("metrics %+v", m)
	}
	if a := s.Anchor(); a.File != filepath.Join(dir, "heads.txt") || a.Syslog.String() != "tls://log.example.com:6514" || a.CA != filepath.Join(dir, "ca.pem") {
		t.Errorf("anchor %+v", a)
	}
	if c := s.AuditCollector(); c.Address.String() != "tls://log.example.com:7000" || c.CA != filepath.Join(dir, "ca.pem") {
		t.Errorf("collector %+v", c)
	}
	n := s.Notify()
	if len(n.About) != 2 || n.SummaryAt != 17*time.Hour+30*time.Minute || n.Again != 48*time.Hour || n.Heartbeat.Every != time.Minute {
		t.Errorf("notify %+v", n)
	}
	if m := n.Mail; m.Security != "tls" || m.User != "kisi" || m.Password.File != "password" || m.CA != filepath.Join(dir, "ca.pem") || len(m.To) != 1 {
		t.Errorf("mail %+v", m)
	}
	if n.Chat.URL.File != "key" || n.Chat.CA != filepath.Join(dir, "ca.pem") || n.Heartbeat.CA != n.Chat.CA || n.Webhook.URL != "https://hooks.example.com/kisi" || n.Webhook.Secret.File != "key" {
		t.Errorf("hooks %+v %+v", n.Chat, n.Webhook)
	}
}

// Figures are there for who looks, on this machine; nobody is told anything.
func TestAFileThatSaysNothingTellsNobody(t *testing.T) {
	data, err := os.ReadFile("testdata/least.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := testLoader().Load(inFolder(t, "config.yaml", data))
	if err != nil {
		t.Fatal(err)
	}
	if m := s.Metrics(); m.Listen != "127.0.0.1:9766" || m.Certificate != "" || !m.Token.IsZero() {
		t.Errorf("metrics %+v", m)
	}
	if n := s.Notify(); n.Mail != nil || n.Chat != nil || n.Webhook != nil || n.Heartbeat != nil || len(n.About) != 6 {
		t.Errorf("notify %+v", n)
	}
	if s.Socket() != "" {
		t.Errorf("socket %q", s.Socket())
	}
}
