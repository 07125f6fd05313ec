package ds389

import (
	"slices"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

func TestARealServerKeepsWhatItWasTold(t *testing.T) {
	s := Start(t)
	s.Add("uid=ana,"+PeopleDN, Attributes{"objectClass": {"inetOrgPerson"}, "uid": {"ana"}, "cn": {"Ana"}, "sn": {"Reis"}})
	s.Restart()
	c := s.Connect(ReaderDN, ReaderPassword)
	defer c.Close()
	found, err := c.Search(ldap.NewSearchRequest("uid=ana,"+PeopleDN, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"nsUniqueId", "entryUUID", "userPassword"}, nil))
	if err != nil || len(found.Entries) != 1 || found.Entries[0].GetAttributeValue("nsUniqueId") == "" {
		t.Fatalf("%v, %v", found, err)
	}
	dse, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"*", "+"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	controls := dse.Entries[0].GetAttributeValues("supportedControl")
	for _, c := range []string{ldap.ControlTypeSyncRequest, "2.16.840.1.113730.3.4.3"} {
		if !slices.Contains(controls, c) {
			t.Errorf("control %s is not offered: %v", c, controls)
		}
	}
}
