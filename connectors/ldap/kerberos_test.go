package ldap

import (
	"errors"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
)

// tickets are logins by Kerberos. The first controller wants them signed, as Samba does unless told otherwise.
func tickets(t *testing.T, strict, lenient *sambadc.Server) {
	withTicket := func(s *sambadc.Server) *Settings {
		o := windowsSettings(t, s, sambadc.StaffDN)
		o.Login = Login{User: "reader", Password: passwordFile(t, sambadc.ReaderPassword), Kerberos: &Kerberos{Realm: sambadc.Realm, KDCs: []string{s.Address()}}}
		return o
	}
	for name, change := range map[string]func(*Settings){
		"with a password":        func(*Settings) {},
		"of a user with a realm": func(o *Settings) { o.Login.User, o.Login.Kerberos.Realm = "reader@ad.lab.test", "" },
		"with a keytab": func(o *Settings) {
			o.Login.Password, o.Login.Kerberos.Keytab = secret.Ref{}, secret.Ref{File: lenient.Keytab("reader")}
		},
		"over StartTLS":                 func(o *Settings) { o.URL = lenient.URL() },
		"of the second who can give it": func(o *Settings) { o.Login.Kerberos.KDCs = []string{"127.0.0.1:1", lenient.Address() + ":88"} },
	} {
		t.Run(name, func(t *testing.T) {
			o := withTicket(lenient)
			change(o)
			r := connectortest.Follow(t, open(t, o))
			r.Full()
		})
	}
	for name, c := range map[string]struct {
		settings *Settings
		change   func(*Settings)
		want     []string
	}{
		"a wrong password":     {withTicket(lenient), func(o *Settings) { o.Login.Password = passwordFile(t, "wrong") }, []string{"KDC_ERR_PREAUTH_FAILED", "not the account's current one"}},
		"nobody":               {withTicket(lenient), func(o *Settings) { o.Login.User = "nobody.here" }, []string{"has no such account"}},
		"another realm":        {withTicket(lenient), func(o *Settings) { o.Login.Kerberos.Realm = "OTHER.TEST" }, []string{"OTHER.TEST"}},
		"nobody gives tickets": {withTicket(lenient), func(o *Settings) { o.Login.Kerberos.KDCs = []string{"127.0.0.1:1"} }, []string{"login.kerberos.kdcs"}},
		"no keys of this one": {withTicket(lenient), func(o *Settings) {
			o.Login.Password, o.Login.Kerberos.Keytab = secret.Ref{}, secret.Ref{File: lenient.Keytab("krbtgt")}
		}, []string{"has no key of this account"}},
		"a keytab that is none": {withTicket(lenient), func(o *Settings) {
			o.Login.Password, o.Login.Kerberos.Keytab = secret.Ref{}, secret.Ref{File: writeFile(t, "k", "x")}
		}, []string{"login.kerberos.keytab", "ktpass"}},
		"a server that wants all messages signed": {withTicket(strict), func(*Settings) {}, []string{"cannot; TLS protects the line"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.change(c.settings)
			wantError(t, fetch(t, c.settings), c.want...)
		})
	}
}

// Refusals for want of protection are no wrong passwords. The texts are Windows Server's, which cannot be had here, and Samba's.
func TestAServerThatWantsSigningOrBindingIsToldFromAWrongPassword(t *testing.T) {
	for text, c := range map[string]struct {
		code uint16
		want string
	}{
		"80090346: LdapErr: DSID-0C090565, comment: AcceptSecurityContext error, data 80090346, v4563":                                                         {ldap.LDAPResultInvalidCredentials, "channel binding"},
		"00002028: LdapErr: DSID-0C090252, comment: The server requires binds to turn on integrity checking if SSL\\TLS are not already active, data 0, v4563": {ldap.LDAPResultStrongAuthRequired, "signed or protected"},
		"BindSimple: Transport encryption required.": {ldap.LDAPResultStrongAuthRequired, "use ldaps"},
		"SASL:[GSSAPI]: Sign or Seal are required.":  {ldap.LDAPResultStrongAuthRequired, "signed, which kisi-sync cannot"},
	} {
		wantError(t, errors.New(loginHint(&ldap.Error{ResultCode: c.code, Err: errors.New(text)})), c.want)
	}
}
