package ldap

import (
	"slices"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
)

// Every domain of Active Directory refers to its own zones. Only what may hold people is worth a word.
func TestReferralsToWhereNobodyIsOrEverybodyIsReadAreNotCounted(t *testing.T) {
	c := &session{forest: []string{"OU=Staff,DC=de,DC=corp,DC=test"}, dse: ldap.NewEntry("", map[string][]string{"defaultNamingContext": {"DC=corp,DC=test"}})}
	proof := &directory.Proof{}
	for _, to := range []string{"ldap://corp.test/CN=Configuration,DC=corp,DC=test", "ldap://DomainDnsZones.corp.test/DC=DomainDnsZones,DC=corp,DC=test",
		"ldap://ForestDnsZones.corp.test/dc=forestdnszones,DC=corp,DC=test", "ldap://de.corp.test/DC=de,DC=corp,DC=test"} {
		c.refer(proof, to)
	}
	if proof.Referrals != 0 || c.referred != nil {
		t.Errorf("%d: %v", proof.Referrals, c.referred)
	}
	fr := "ldap://fr.corp.test/DC=fr,DC=corp,DC=test"
	for _, to := range []string{fr, fr, ""} {
		c.refer(proof, to)
	}
	if proof.Referrals != 3 || !slices.Equal(c.referred, []string{fr}) {
		t.Errorf("%d: %v", proof.Referrals, c.referred)
	}
	other := &session{dse: ldap.NewEntry("", nil)}
	if other.refer(proof, "ldap://x/CN=Configuration,DC=corp"); proof.Referrals != 4 {
		t.Error("a referral of another kind of directory is not counted")
	}
}

// wholeDomain is read from its top, where the controller refers to its own zones.
func wholeDomain(t *testing.T, s *sambadc.Server) {
	r := connectortest.Follow(t, open(t, windowsSettings(t, s, sambadc.Suffix)))
	if r.Full(); r.Receipt.Proof.Referrals != 0 || len(r.People()) < 2000 {
		t.Errorf("%d people, %d referrals", len(r.People()), r.Receipt.Proof.Referrals)
	}
}
