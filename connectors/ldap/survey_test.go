package ldap

import (
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

func TestARealOpenLDAPSaysWhatItIs(t *testing.T) {
	o := settingsFor(t, slapd.Start(t, slapd.Options{}))
	o.Preset, o.Base = "", ""
	got, err := Look(t.Context(), o, connectors.Env{})
	if err != nil || got.Preset != "openldap" || got.Base != slapd.Suffix {
		t.Errorf("%+v, %v", got, err)
	}
	o.Login.User = "cn=nobody," + slapd.Suffix
	if _, err := Look(t.Context(), o, connectors.Env{}); err == nil {
		t.Error("a wrong login was taken")
	}
}

func TestTheKindOfADirectoryIsToldByItsRootDSE(t *testing.T) {
	for want, attributes := range map[string]map[string][]string{
		"active_directory": {"supportedCapabilities": {"1.2.840.113556.1.4.1670", activeDirectory}, "defaultNamingContext": {"DC=corp,DC=example,DC=com"},
			"namingContexts": {"CN=Configuration,DC=corp,DC=example,DC=com", "DC=corp,DC=example,DC=com"}},
		"freeipa":  {"vendorName": {"389 Project"}, "ipaDomainLevel": {"1"}, "namingContexts": {"o=ipaca", "dc=corp,dc=example,dc=com"}},
		"389ds":    {"vendorname": {"389 Project"}, "namingContexts": {"dc=corp,dc=example,dc=com"}},
		"openldap": {"structuralObjectClass": {"OpenLDAProotDSE"}, "namingContexts": {"cn=accesslog", "dc=corp,dc=example,dc=com"}},
		"":         {"objectClass": {"top"}, "namingContexts": {"dc=corp,dc=example,dc=com"}},
	} {
		dse := ldap.NewEntry("", attributes)
		if got := kindOf(dse); got != want {
			t.Errorf("%v: %q, want %q", attributes, got, want)
		}
		if base := likelyBase(dse); base != "dc=corp,dc=example,dc=com" && base != "DC=corp,DC=example,DC=com" {
			t.Errorf("%v: base %q", attributes, base)
		}
	}
}
