package ldap

import (
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// The administrator's account reads everything, so it is the one with which a password would show.
func TestAnEntryIsShownAsTheServerHasItButForItsPassword(t *testing.T) {
	server := slapd.Start(t, slapd.Options{})
	dn := "uid=ana," + slapd.PeopleDN
	server.Add(dn, slapd.Attributes{"objectClass": {"inetOrgPerson"}, "uid": {"ana"}, "cn": {"Ána"}, "sn": {"Reis"}, "userPassword": {"hers"}, "telephoneNumber": {"+49 30 1"}})
	o := settingsFor(t, server)
	o.Login = Login{User: slapd.RootDN, Password: passwordFile(t, slapd.RootPassword)}
	source := open(t, o).(connectors.Revealer)
	got, err := source.Reveal(t.Context(), &directory.Record{Kind: directory.PersonIs, Handles: []directory.Ref{{Kind: directory.ByDN, Value: dn}}})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	for _, a := range got {
		values[a.Name] = a.Values
	}
	if !slices.Equal(values["dn"], []string{dn}) || !slices.Equal(values["cn"], []string{"Ána"}) || values["telephoneNumber"] == nil || values["entryUUID"] == nil {
		t.Errorf("got %v", values)
	}
	if shown, is := values["userPassword"]; is {
		t.Errorf("the password is shown: %v", shown)
	}
	server.Delete(dn)
	if got, err := source.Reveal(t.Context(), &directory.Record{Kind: directory.PersonIs, Handles: []directory.Ref{{Kind: directory.ByDN, Value: dn}}}); err == nil {
		t.Errorf("of an entry that is gone: %v", got)
	}
}

func TestNothingThatOpensAnAccountIsShown(t *testing.T) {
	for name, hidden := range map[string]bool{
		"userPassword": true, "unicodePwd": true, "ntPwdHistory": true, "ms-Mcs-AdmPwd": true, "msLAPS-EncryptedPassword": true, "sambaNTPassword": true,
		"krbPrincipalKey": true, "userPassword;x-deferred": true, "pwdLastSet": false, "badPwdCount": false, "krbPasswordExpiration": false, "mail": false,
	} {
		if isPassword(name) != hidden {
			t.Errorf("%s: hidden %v", name, !hidden)
		}
	}
}
