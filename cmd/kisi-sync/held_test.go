package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
)

func TestARunThatTheDaemonCarriesOutIsNotSaidToHaveBeenKilled(t *testing.T) {
	began := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	for since, want := range map[time.Time]string{began.Add(-time.Minute): "is under way", began.Add(time.Minute): "was killed"} {
		var out bytes.Buffer
		s := &session{ui: &call{Voice: &voice.Voice{Out: &out}}, settings: &config.Settings{Schedule: config.Schedule{Zone: time.UTC}}}
		last := &lastRun{Run: 4, Began: moment(began), began: began}
		last.notKilled(since)
		s.showLastFull(last)
		if !strings.Contains(out.String(), want) {
			t.Errorf("daemon since %s: %q, want %q", since, out.String(), want)
		}
	}
	(*lastRun)(nil).notKilled(began)
}
