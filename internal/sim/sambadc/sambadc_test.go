package sambadc_test

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
	"go.uber.org/goleak"

	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestADomainControllerAnswersAndRemembers(t *testing.T) {
	s := sambadc.Start(t, sambadc.Options{})
	s.AddUser("CN=Ana,"+sambadc.StaffDN, sambadc.Attributes{"sAMAccountName": {"ana"}, "mail": {"ana@example.com"}}, "Geheim0!lab")
	s.Restart()
	c := s.Connect()
	defer c.Close()
	found, err := c.Search(ldap.NewSearchRequest(sambadc.StaffDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(mail=ana@example.com)", []string{"objectGUID"}, nil))
	if err != nil || len(found.Entries) != 1 || len(found.Entries[0].GetRawAttributeValue("objectGUID")) != 16 {
		t.Fatal(found, err)
	}
}
