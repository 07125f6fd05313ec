package ldap

import (
	"net/url"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Referrals (RFC 4511 section 4.5.3) are counted and never followed: they name servers that nobody chose, to whom the password would be shown.

// mostReferred is how many of them are remembered by name.
const mostReferred = 3

// refer takes note of a referral, unless people and groups cannot be there, or are read there anyway.
func (c *session) refer(proof *directory.Proof, to string) {
	if c.readElsewhere(to) {
		return
	}
	proof.Referrals++
	if len(c.referred) < mostReferred && to != "" && !slices.Contains(c.referred, to) {
		c.referred = append(c.referred, to)
	}
}

// readElsewhere says whether a referral is to what every domain of Active Directory refers to, its configuration and its DNS zones, or to another domain
// of this source.
func (c *session) readElsewhere(to string) bool {
	u, err := url.Parse(to)
	if err != nil || c.dse == nil || c.dse.GetEqualFoldAttributeValue("defaultNamingContext") == "" {
		return false
	}
	name := strings.TrimPrefix(u.Path, "/")
	for _, own := range []string{"CN=Configuration,", "DC=DomainDnsZones,", "DC=ForestDnsZones,"} {
		if len(name) > len(own) && strings.EqualFold(name[:len(own)], own) {
			return true
		}
	}
	return name != "" && slices.ContainsFunc(c.forest, func(base string) bool { return within(base, name) })
}

// referrals is what `check` says of them.
func (c *session) referrals(proof *directory.Proof) connectors.Finding {
	text, hint := "referrals to other servers are not followed: "+strings.Join(c.referred, ", "), "make another source for those servers if people or groups are there"
	if proof.Referrals > len(c.referred) {
		text += " and others"
	}
	if len(c.referred) == 0 {
		text = "referrals to other servers are not followed"
	}
	if c.dse.GetEqualFoldAttributeValue("defaultNamingContext") != "" {
		hint = "name those domains under domains, or make a source of each, if people or groups are there"
	}
	return connectors.Finding{Level: connectors.Warning, Path: "base", Text: text, Hint: hint}
}
