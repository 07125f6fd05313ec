package config

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// Anchor is where the head of the audit trail is kept: in neither place, in one, or in both.
type Anchor struct {
	File   string         // an absolute path; "": in none
	Syslog syslog.Address // zero: with none
	CA     string         // the absolute path of a file of authorities; "": the system's
}

// Collector is a syslog server.
type Collector struct {
	Address syslog.Address // zero: there is none
	CA      string         // the absolute path of a file of authorities; "": the system's
}

// Metrics is where a monitoring system finds figures. An empty Listen is nowhere.
type Metrics struct {
	Listen string // address and port; on loopback, or with both of what follows
	// Certificate is the absolute path of a file in PEM, "" without TLS; Key is where its key is kept.
	Certificate string
	Key         secret.Ref
	Token       secret.Ref // what callers must send; zero: nothing
}

// Notify is who is told what, and how.
type Notify struct {
	About     []string      // held, degraded, parked, credentials, expiry, summary
	SummaryAt time.Duration // after midnight in the schedule's zone
	Again     time.Duration // how long the same is not told again
	Mail      *Mail         // nil: no mail
	Chat      *Chat         // nil: none
	Webhook   *Webhook      // nil: none
	Heartbeat *Heartbeat    // nil: none
}

// Mail is how mail is sent.
type Mail struct {
	Server   string // host and port
	Security string // starttls, tls, none (on loopback only)
	User     string // "": nobody logs in
	Password secret.Ref
	From     string
	To       []string
	CA       string // the absolute path of a file of authorities; "": the system's
}

// Chat is the address of an incoming webhook, which is a secret.
type Chat struct {
	URL secret.Ref
	CA  string // the absolute path of a file of authorities; "": the system's
}

// Webhook is an address and the key of the signature.
type Webhook struct {
	URL    string
	Secret secret.Ref
	CA     string // the absolute path of a file of authorities; "": the system's
}

// Heartbeat is an address that is asked as long as all is well.
type Heartbeat struct {
	URL   secret.Ref
	Every time.Duration
	CA    string // the absolute path of a file of authorities; "": the system's
}

// defaultHeartbeat is short enough for a service that gives its alarm after ten minutes.
const defaultHeartbeat = span(5 * time.Minute)

// Socket is the path on which the daemon answers the command line; "" is the place beside the state file.
func (s *Settings) Socket() string { return s.absolute(s.file.Admin.Socket) }

// Anchor says where the head of the audit trail is kept.
func (s *Settings) Anchor() Anchor {
	f := s.file.Audit.Anchor
	c := s.collector(f.Syslog, f.CA)
	return Anchor{File: s.absolute(f.File), Syslog: c.Address, CA: c.CA}
}

// AuditCollector is the syslog server that gets every line of the audit trail.
func (s *Settings) AuditCollector() Collector {
	return s.collector(s.file.Audit.Syslog, s.file.Audit.CA)
}

// collector makes what two keys say; an address that is none was reported by check.
func (s *Settings) collector(address, ca string) Collector {
	c := Collector{CA: s.absolute(ca)}
	if address != "" {
		c.Address, _ = syslog.ParseAddress(address)
	}
	return c
}

// Metrics says where a monitoring system finds figures.
func (s *Settings) Metrics() Metrics {
	f := s.file.Metrics
	if f.Listen == off {
		return Metrics{}
	}
	m := Metrics{Listen: f.Listen}
	if f.TLS != nil {
		m.Certificate, m.Key = s.absolute(f.TLS.Certificate), f.TLS.Key
	}
	if f.Token != nil {
		m.Token = *f.Token
	}
	return m
}

// SCIM is where identity providers push; Listen "" is nowhere.
type SCIM struct {
	Listen      string
	Certificate string     // the absolute path of the file; "": plain, on loopback
	Key         secret.Ref // of the certificate
	URL         string     // scheme, host and port as providers know them, without a slash at the end; "": as they ask
}

// SCIM says where identity providers push.
func (s *Settings) SCIM() SCIM {
	f := s.file.SCIM
	if f == nil {
		return SCIM{}
	}
	out := SCIM{Listen: f.Listen, URL: strings.TrimRight(f.URL, "/")}
	if f.TLS != nil {
		out.Certificate, out.Key = s.absolute(f.TLS.Certificate), f.TLS.Key
	}
	return out
}

// Notify says who is told what.
func (s *Settings) Notify() Notify {
	f := s.file.Notify
	n := Notify{About: words(f.About), Again: time.Duration(f.Again)}
	if len(n.About) == 0 {
		n.About = topic("").words()
	}
	if at, err := time.Parse(timeOfDay, f.SummaryAt); err == nil {
		n.SummaryAt = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if m := f.Mail; m != nil {
		n.Mail = &Mail{Server: m.Server, Security: string(m.Security), From: m.From, To: slices.Clone(m.To), CA: s.absolute(m.CA)}
		if m.Login != nil {
			n.Mail.User, n.Mail.Password = m.Login.User, m.Login.Password
		}
	}
	if f.Chat != nil {
		n.Chat = &Chat{URL: f.Chat.URL, CA: s.absolute(f.Chat.CA)}
	}
	if f.Webhook != nil {
		n.Webhook = &Webhook{URL: f.Webhook.URL, Secret: f.Webhook.Secret, CA: s.absolute(f.Webhook.CA)}
	}
	if f.Heartbeat != nil {
		n.Heartbeat = &Heartbeat{URL: f.Heartbeat.URL, Every: time.Duration(f.Heartbeat.Every), CA: s.absolute(f.Heartbeat.CA)}
	}
	return n
}

// absolute makes a path of the file absolute; "" stays.
func (s *Settings) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.Dir, path)
}

// Certificates returns the files of certificates that the file names, by the key that names each: "sources.corp.tls.ca".
func (s *Settings) Certificates() map[string]string {
	all := map[string]string{}
	note := func(key, path string) {
		if path != "" {
			all[key] = s.absolute(path)
		}
	}
	note("metrics.tls.certificate", s.Metrics().Certificate)
	note("scim.tls.certificate", s.SCIM().Certificate)
	if m := s.Notify().Mail; m != nil {
		note("notify.mail.ca", m.CA)
	}
	if c := s.Notify().Chat; c != nil {
		note("notify.chat.ca", c.CA)
	}
	if w := s.Notify().Webhook; w != nil {
		note("notify.webhook.ca", w.CA)
	}
	if b := s.Notify().Heartbeat; b != nil {
		note("notify.heartbeat.ca", b.CA)
	}
	for _, source := range s.Sources {
		if c, ok := source.Config.(connectors.Certified); ok {
			for key, path := range c.Certificates() {
				note("sources."+source.Name+"."+key, path)
			}
		}
	}
	return all
}
