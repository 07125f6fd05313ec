package config

import "github.com/kisi-sync/kisi-sync/internal/secret"

// The keys by which people and machines are told how kisi-sync is.

// adminBlock is how people of this machine reach a running daemon.
type adminBlock struct {
	// The socket on which the daemon answers the command line; only its account and root can open it. The default is beside the state file.
	Socket string `yaml:"socket,omitempty"`
}

// auditBlock is what becomes of the audit trail outside of the state file.
type auditBlock struct {
	// Where the head of the trail is kept after each run that wrote into it. Held against it later (audit verify --anchor), the trail
	// shows whether anything was changed, also by somebody who can write the state file. It belongs on another machine.
	Anchor anchorBlock `yaml:"anchor,omitempty"`
	// A syslog server that gets every line of the trail, in order, from the first: udp://host, tcp://host or tls://host, with a port where
	// it is not the usual one (514, 601, 6514), or unix:///dev/log for that of this machine. The lines name people.
	Syslog string `yaml:"syslog,omitempty"`
	// For tls://, the file of the authorities that vouch for the server, in PEM. The default is those of the system.
	CA string `yaml:"ca,omitempty"`
}

// anchorBlock is where the head of the audit trail is kept. Both at once are possible.
type anchorBlock struct {
	// A file to which a line is added: on a server that only takes what is appended, or at least on another disk.
	File string `yaml:"file,omitempty"`
	// A syslog server: udp://host, tcp://host or tls://host, with a port where it is not the usual one (514, 601, 6514), or unix:///dev/log
	// for that of this machine.
	Syslog string `yaml:"syslog,omitempty"`
	// For tls://, the file of the authorities that vouch for the server, in PEM. The default is those of the system.
	CA string `yaml:"ca,omitempty"`
}

// metricsBlock is where a monitoring system finds figures, and whether the daemon is alive and ready.
type metricsBlock struct {
	// Address and port of /metrics, /healthz and /readyz, or off. Another address than loopback needs tls and token.
	Listen string `yaml:"listen"`
	// The certificate by which the address proves who it is.
	TLS *certificateBlock `yaml:"tls,omitempty"`
	// Where the token is kept that a caller must send as "Authorization: Bearer TOKEN".
	Token *secret.Ref `yaml:"token,omitempty"`
}

// scimBlock is where identity providers push to sources of type scim.
type scimBlock struct {
	// Address and port on which requests are taken, such as 0.0.0.0:8443. Nothing else is served there. Without tls it must be on
	// loopback, for a proxy of this machine that speaks TLS.
	Listen string `yaml:"listen" jsonschema:"required"`
	// The certificate by which the address proves who it is.
	TLS *certificateBlock `yaml:"tls,omitempty"`
	// How providers reach the address from outside, such as https://scim.example.com, where that is another name or there is a proxy
	// between. Answers name it.
	URL string `yaml:"url,omitempty"`
}

// certificateBlock is a certificate with its key, each in a file in PEM. Both are read again when they change.
type certificateBlock struct {
	// The file of the certificate, with those that lead from it to the authority.
	Certificate string `yaml:"certificate" jsonschema:"required"`
	// Where the private key is kept.
	Key secret.Ref `yaml:"key" jsonschema:"required"`
}

// notifyBlock is who is told what, and how. Without a way, nobody is told.
type notifyBlock struct {
	// What to tell of. The default is everything.
	About []topic `yaml:"about,omitempty"`
	// When the summary of a day is sent, if anything changed: a time of day in the zone of the schedule.
	SummaryAt string `yaml:"summary_at"`
	// How long the same fact is not told again.
	Again span `yaml:"again_after"`
	// By mail.
	Mail *mailBlock `yaml:"mail,omitempty"`
	// Into a chat: the address of an incoming webhook of Slack, Teams or Mattermost.
	Chat *hookBlock `yaml:"chat,omitempty"`
	// To a program of yours, as JSON with a signature.
	Webhook *signedBlock `yaml:"webhook,omitempty"`
	// An address that is asked as long as all is well, for a service that raises the alarm when it is not asked any more.
	Heartbeat *heartbeatBlock `yaml:"heartbeat,omitempty"`
}

// mailBlock is how mail is sent.
type mailBlock struct {
	// The mail server and its port.
	Server string `yaml:"server" jsonschema:"required"`
	// How the connection is secured: starttls, tls from the first byte, or none, which is for a server on loopback only.
	Security mailSecurity `yaml:"security"`
	// As whom to log in; without it, nobody does.
	Login *mailLogin `yaml:"login,omitempty"`
	// The sender's address.
	From string `yaml:"from" jsonschema:"required"`
	// Who gets the mail.
	To []string `yaml:"to" jsonschema:"required"`
	// A file of certificate authorities to trust instead of the system's.
	CA string `yaml:"ca,omitempty"`
}

// mailLogin is an account of a mail server.
type mailLogin struct {
	// The account.
	User string `yaml:"user" jsonschema:"required"`
	// Where its password is kept.
	Password secret.Ref `yaml:"password" jsonschema:"required"`
}

// hookBlock is an address that is a secret, as whoever knows it may write there.
type hookBlock struct {
	// Where the address is kept. It begins with https://.
	URL secret.Ref `yaml:"url" jsonschema:"required"`
	// A file of certificate authorities to trust instead of the system's.
	CA string `yaml:"ca,omitempty"`
}

// signedBlock is an address and what messages to it are signed with.
type signedBlock struct {
	// The address. It begins with https://.
	URL string `yaml:"url" jsonschema:"required"`
	// Where the key of the signature is kept.
	Secret secret.Ref `yaml:"secret" jsonschema:"required"`
	// A file of certificate authorities to trust instead of the system's.
	CA string `yaml:"ca,omitempty"`
}

// heartbeatBlock is who misses us.
type heartbeatBlock struct {
	// Where the address is kept. It begins with https://.
	URL secret.Ref `yaml:"url" jsonschema:"required"`
	// How often it is asked.
	Every span `yaml:"every"`
	// A file of certificate authorities to trust instead of the system's.
	CA string `yaml:"ca,omitempty"`
}

type (
	topic        string
	mailSecurity string
)

func (topic) words() []string {
	return []string{"held", "degraded", "parked", "credentials", "expiry", "summary"}
}

func (mailSecurity) words() []string { return []string{"starttls", "tls", "none"} }

func (m *metricsBlock) setDefaults() { m.Listen = "127.0.0.1:9766" }

func (m *mailBlock) setDefaults() { m.Security = "starttls" }

func (h *heartbeatBlock) setDefaults() { h.Every = defaultHeartbeat }
