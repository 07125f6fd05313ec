package status

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"os"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
)

// End is a certificate or a secret that ends soon, or has ended.
type End struct {
	What string `json:"what"` // the key in the file
	At   string `json:"at"`
	Days int    `json:"days"` // that are left, whole ones; negative afterwards

	at   time.Time
	left time.Duration
}

// soon is how long before the end people are told.
const soon = 30 * 24 * time.Hour

// EndsSoon returns what of the file ends soon after a moment, or has ended by then, the next first. It reads the certificates.
func EndsSoon(settings *config.Settings, now time.Time) (all []End) {
	for what, at := range expiries(settings) {
		if left := at.Sub(now); left < soon {
			all = append(all, End{What: what, At: at.UTC().Format(time.RFC3339), Days: int(left.Hours() / 24), at: at, left: left})
		}
	}
	slices.SortFunc(all, func(a, b End) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.What, b.What)) })
	return all
}

// EndHint says what to do about what ends: a certificate says its end itself, of a secret the file does.
func EndHint(settings *config.Settings, what string) string {
	if _, secret := settings.SecretEnds()[what]; secret {
		return "put a new one in its place, and write its day after expires: in the file"
	}
	return "put a new one in its place"
}

// Ended says that it is over.
func (e *End) Ended() bool { return e.left < 0 }

// Words say when it ends.
func (e *End) Words(zone *time.Location) string {
	day := e.at.In(zone).Format(time.DateOnly)
	switch {
	case e.Ended():
		return e.What + " has ended on " + day
	case e.left < 24*time.Hour:
		return e.What + " ends on " + day + ", within a day"
	}
	return e.What + " ends on " + day + ", in " + voice.Count(e.Days, "day", "days")
}

// expiries returns when each certificate ends that the file names, and each secret of which it says so. A certificate that cannot be read is
// left out; whatever needs it says why.
func expiries(settings *config.Settings) map[string]time.Time {
	all := settings.SecretEnds()
	if all == nil {
		all = map[string]time.Time{}
	}
	for what, path := range settings.Certificates() {
		if end, ok := firstEnd(path); ok {
			all[what] = end
		}
	}
	return all
}

// firstEnd returns when the first of the certificates in a file ends.
func firstEnd(path string) (first time.Time, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return first, false
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (!ok || c.NotAfter.Before(first)) {
			first, ok = c.NotAfter, true
		}
	}
	return first, ok
}
