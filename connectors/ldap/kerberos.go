package ldap

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-ldap/ldap/v3/gssapi"
	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// Kerberos is a login by GSSAPI (RFC 4752) with a keytab, or with login.password. Only the login is Kerberos': the line is protected by TLS,
// as always. Controllers that insist on signing or channel binding for such logins refuse it.
type Kerberos struct {
	Realm  string     `yaml:"realm,omitempty" json:"realm,omitempty" jsonschema:"description=The realm in capitals, CORP.EXAMPLE.COM; the part of login.user behind the @ if that has one"`
	Keytab secret.Ref `yaml:"keytab,omitempty" json:"keytab,omitempty" jsonschema:"description=The file with the account's keys, in place of a password"`
	KDCs   []string   `yaml:"kdcs,omitempty" json:"kdcs,omitempty" jsonschema:"description=Hosts that give tickets, with :port if it is not 88; without them DNS is asked"`
}

// ticketError is a login for which there was no ticket, or which the server refused with one.
type ticketError struct{ err error }

func (e *ticketError) Error() string { return e.err.Error() }
func (e *ticketError) Unwrap() error { return e.err }

// account is the name without its realm, and the realm.
func (l Login) account() (name, realm string) {
	name, realm, _ = strings.Cut(l.User, "@")
	if l.Kerberos != nil && l.Kerberos.Realm != "" {
		realm = l.Kerberos.Realm
	}
	return name, strings.ToUpper(realm)
}

// loginByTicket gets a ticket for the server by the name that its certificate is held against, and shows it.
func (s *source) loginByTicket(ctx context.Context, c *session) error {
	u, err := url.Parse(c.server)
	if err != nil {
		return err
	}
	who, err := s.kerberosClient()
	if err != nil {
		return err
	}
	defer who.Destroy()
	name, realm := s.settings.Login.account()
	if err := who.Login(); err != nil {
		err := fmt.Errorf("log in as %s@%s: %w", name, realm, err)
		if strings.Contains(err.Error(), "KDC_ERR_") {
			return &hinted{&ticketError{err}, ticketHint(err)}
		}
		return &hinted{err, ticketHint(err)}
	}
	target := "ldap/" + or(s.settings.TLS.ServerName, u.Hostname())
	if err := c.GSSAPIBind(&gssapi.Client{Client: who}, target, ""); err != nil {
		err = c.explain(ctx, err)
		return &hinted{&ticketError{fmt.Errorf("log in to %s as %s@%s: %w", target, name, realm, err)}, or(ticketHint(err), signHint(err))}
	}
	return nil
}

// kerberosClient reads password or keytab for this one login. Ciphers are AES alone: others have been broken.
func (s *source) kerberosClient() (*client.Client, error) {
	l := s.settings.Login
	name, realm := l.account()
	text := "[libdefaults]\ndefault_realm = " + realm + "\ndns_lookup_kdc = true\ndns_lookup_realm = false\nudp_preference_limit = 1\n"
	for _, use := range []string{"default_tkt_enctypes", "default_tgs_enctypes", "permitted_enctypes"} {
		text += use + " = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96\n"
	}
	if len(l.Kerberos.KDCs) > 0 {
		text += "[realms]\n" + realm + " = {\n"
		for _, host := range l.Kerberos.KDCs {
			if !strings.Contains(host, ":") {
				host += ":88"
			}
			text += "kdc = " + host + "\n"
		}
		text += "}\n"
	}
	conf, err := config.NewFromString(text)
	if err != nil {
		return nil, fmt.Errorf("login.kerberos: %w", err)
	}
	place := secret.Place{Base: s.env.Dir}
	fast := client.DisablePAFXFAST(true) // Active Directory does not answer it
	if l.Kerberos.Keytab.IsZero() {
		password, err := l.Password.Resolve(place)
		if err != nil {
			return nil, fmt.Errorf("login.password: %w", err)
		}
		return client.NewWithPassword(name, realm, password.Reveal(), conf, fast), nil
	}
	raw, err := l.Kerberos.Keytab.ResolveBinary(place)
	if err != nil {
		return nil, fmt.Errorf("login.kerberos.keytab: %w", err)
	}
	keys := keytab.New()
	if err := keys.Unmarshal([]byte(raw.Reveal())); err != nil {
		return nil, &hinted{fmt.Errorf("login.kerberos.keytab: %w", err), "make it with ktpass, samba-tool domain exportkeytab or ktutil"}
	}
	return client.NewWithKeytab(name, realm, keys, conf, fast), nil
}

// ticketHint says what an error of Kerberos means (RFC 4120 section 7.5.9). The library says the code in the text alone.
func ticketHint(err error) string {
	for code, hint := range map[string]string{
		"KDC_ERR_C_PRINCIPAL_UNKNOWN": "the realm has no such account: write its login name, and the realm in capitals",
		"KDC_ERR_PREAUTH_FAILED":      "the password or the keytab is not the account's current one; a keytab ends with each change of the password",
		"KDC_ERR_S_PRINCIPAL_UNKNOWN": "the realm does not know the server by this name: use the name under which it is registered (setspn -L) as url or tls.server_name",
		"KDC_ERR_CLIENT_REVOKED":      "the account is disabled, expired or locked",
		"KDC_ERR_KEY_EXPIRED":         "the password has expired: set a new one, and let it never expire for a service",
		"KDC_ERR_ETYPE_NOSUPP":        "the account has no AES keys: allow AES for it and set its password anew",
		"KRB_AP_ERR_SKEW":             "the clocks differ by more than five minutes: let both machines ask a time server",
		"matching key not found":      "the keytab has no key of this account with AES: make it anew",
		"no KDC":                      "name the hosts that give tickets under login.kerberos.kdcs",
		"Networking_Error":            "see that login.kerberos.kdcs, or DNS, names hosts that answer on port 88",
	} {
		if strings.Contains(err.Error(), code) {
			return hint
		}
	}
	return ""
}

// refusedLogin says that another server would refuse the login, too: three wrong passwords may lock the account.
func refusedLogin(err error) bool {
	return isSecret(err) || errors.As(err, new(*ticketError))
}
