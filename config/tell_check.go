package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// tell examines how people and machines are told how kisi-sync is.
func (c checker) tell() {
	c.metrics()
	c.scim()
	c.collector("audit.anchor", c.Audit.Anchor.Syslog, c.Audit.Anchor.CA)
	c.collector("audit", c.Audit.Syslog, c.Audit.CA)
	c.collector("log", c.Log.Syslog, c.Log.CA)
	n := &c.Notify
	c.repeats("notify.about", words(n.About))
	if _, err := time.Parse(timeOfDay, n.SummaryAt); err != nil {
		c.add("notify.summary_at", fmt.Sprintf("%q is not a time of day", shorten(n.SummaryAt)), "write it as 08:00")
	}
	c.spanBetween("notify.again_after", n.Again, time.Hour, 31*24*time.Hour)
	if n.Mail != nil {
		c.mail(n.Mail)
	}
	if n.Webhook != nil {
		c.secureURL("notify.webhook.url", n.Webhook.URL)
		if n.Webhook.CA != "" && strings.HasPrefix(n.Webhook.URL, "http://") {
			c.add("notify.webhook.ca", "only an address that begins with https:// shows a certificate", "")
		}
	}
	if n.Heartbeat != nil {
		c.spanBetween("notify.heartbeat.every", n.Heartbeat.Every, 10*time.Second, 24*time.Hour)
	}
	if n.Mail == nil && n.Chat == nil && n.Webhook == nil && len(n.About) > 0 {
		c.add("notify.about", "says what to tell, and nothing says how", "add notify.mail, notify.chat or notify.webhook")
	}
}

// collector examines the keys syslog and ca of a block.
func (c checker) collector(path, address, ca string) {
	if address != "" {
		if _, err := syslog.ParseAddress(address); err != nil {
			c.add(path+".syslog", fmt.Sprintf("%q is not the address of a syslog server", shorten(address)),
				"write it as udp://log.example.com, tcp://log.example.com:601, tls://log.example.com:6514 or unix:///dev/log")
		}
	}
	if ca != "" && !strings.HasPrefix(address, "tls://") {
		c.add(path+".ca", "only a server that is reached by tls:// shows a certificate", "")
	}
}

// timeOfDay is how a time of day is written.
const timeOfDay = "15:04"

func words(topics []topic) []string {
	all := make([]string, len(topics))
	for i, t := range topics {
		all[i] = string(t)
	}
	return all
}

func (c checker) spanBetween(path string, s span, least, most time.Duration) {
	if d := time.Duration(s); d < least || d > most {
		c.add(path, fmt.Sprintf("%s is not between %s and %s", d, least, most), "")
	}
}

// off is the word for no address at all.
const off = "off"

// metrics fails closed: what anybody on the network can reach must be private and ask who is there.
func (c checker) metrics() {
	m := c.Metrics
	if m.Listen == off {
		if m.TLS != nil || m.Token != nil {
			c.add("metrics.listen", "is off, and tls or token are there for it", "remove them, or name an address")
		}
		return
	}
	host, port, err := net.SplitHostPort(m.Listen)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		c.add("metrics.listen", fmt.Sprintf("%q is not an address with a port", shorten(m.Listen)), "write 127.0.0.1:9766, or off")
		return
	}
	if !loopback(host) && (m.TLS == nil || m.Token == nil) {
		c.add("metrics.listen", fmt.Sprintf("%s can be reached from other machines, and without tls and token anybody there could read the figures", shorten(m.Listen)),
			"add metrics.tls and metrics.token, or listen on 127.0.0.1 only")
	}
}

// scim fails closed, too: whoever reads a token on the way could let people in.
func (c checker) scim() {
	var pushed []string
	for _, b := range c.Sources {
		if b.Value.common.Type == "scim" {
			pushed = append(pushed, b.Name)
		}
	}
	s := c.SCIM
	switch {
	case s == nil && len(pushed) > 0:
		c.add(join("sources", pushed[0])+".type", "scim is pushed to, and nothing says where", `add scim: {listen: "127.0.0.1:8443"} for a proxy of this machine, or an address with tls`)
		return
	case s == nil:
		return
	case len(pushed) == 0:
		c.add("scim", "is there, and no source is of type scim", "remove it, or add a source")
	}
	host, port, err := net.SplitHostPort(s.Listen)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		c.add("scim.listen", fmt.Sprintf("%q is not an address with a port", shorten(s.Listen)), "write 0.0.0.0:8443, or 127.0.0.1:8443 behind a proxy")
	} else if !loopback(host) && s.TLS == nil {
		c.add("scim.listen", fmt.Sprintf("%s can be reached from other machines, and without tls anybody on the way reads the tokens", shorten(s.Listen)),
			"add scim.tls, or listen on 127.0.0.1 behind a proxy that speaks TLS")
	}
	if s.URL != "" {
		c.secureURL("scim.url", s.URL)
	}
}

func (c checker) mail(m *mailBlock) {
	const path = "notify.mail"
	host, port, err := net.SplitHostPort(m.Server)
	if n, portErr := strconv.Atoi(port); err != nil || host == "" || portErr != nil || n < 1 || n > 65535 {
		c.add(path+".server", fmt.Sprintf("%q is not a server with a port", shorten(m.Server)), "write smtp.example.com:587")
	} else if m.Security == "none" && !loopback(host) {
		c.add(path+".security", "none would send the mail, and the password with it, in clear", "write starttls or tls; none is for a server on loopback only")
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		c.add(path+".from", fmt.Sprintf("%q is not an e-mail address", shorten(m.From)), "")
	}
	if len(m.To) == 0 {
		c.add(path+".to", "names nobody", "write [it@example.com]")
	}
	for i, to := range m.To {
		if email.Problem(to) != "" {
			c.add(index(path+".to", i), fmt.Sprintf("%q is not an e-mail address", shorten(to)), "")
		}
	}
	c.repeats(path+".to", m.To)
}

// secureURL wants https; http is for this machine.
func (c checker) secureURL(path, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		c.add(path, fmt.Sprintf("%q is not the address of a server", shorten(text)), "write https://...")
	case u.User != nil:
		c.add(path, "has a password in it, which would be in this file", "the signature proves who sends; remove it")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		c.add(path, "http would tell everybody on the way", "write https://...; http is for this machine only")
	}
}
