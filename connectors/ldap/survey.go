package ldap

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// Survey is what a directory says about itself in its root DSE (RFC 4512 section 5.1), for whoever writes the first file.
type Survey struct {
	Preset string   // "" when it is of no kind that we know
	Base   string   // the naming context where people most likely are; "" when it names none
	Bases  []string // all naming contexts, as the server lists them
}

// Look connects as the settings say, logs in, and asks the directory what it is. Of the settings it needs the servers, the login
// and TLS; preset and base may be missing. It reads the root DSE only.
func Look(ctx context.Context, s *Settings, env connectors.Env) (Survey, error) {
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	c, err := newSource(s, env, &layout{}).connect(ctx)
	if err != nil {
		return Survey{}, err
	}
	defer c.Close()
	found, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"*", "+"}, nil))
	if err != nil {
		return Survey{}, fmt.Errorf("%s: read the root DSE: %w", c.server, c.explain(ctx, err))
	}
	if len(found.Entries) != 1 {
		return Survey{}, nil
	}
	dse := found.Entries[0]
	return Survey{Preset: kindOf(dse), Base: likelyBase(dse), Bases: dse.GetEqualFoldAttributeValues("namingContexts")}, nil
}

// activeDirectory is the capability that every domain controller announces ([MS-ADTS] section 3.1.1.3.4.3.1,
// LDAP_CAP_ACTIVE_DIRECTORY_OID).
const activeDirectory = "1.2.840.113556.1.4.800"

// kindOf tells the kind of a directory by its root DSE. FreeIPA is a 389 Directory Server with attributes of its own; OpenLDAP has an
// object class of its own (servers/slapd/root_dse.c: OpenLDAProotDSE).
func kindOf(dse *ldap.Entry) string {
	if slices.Contains(dse.GetEqualFoldAttributeValues("supportedCapabilities"), activeDirectory) {
		return "active_directory"
	}
	for _, a := range dse.Attributes {
		if strings.HasPrefix(strings.ToLower(a.Name), "ipa") {
			return "freeipa"
		}
	}
	if strings.Contains(strings.ToLower(dse.GetEqualFoldAttributeValue("vendorName")), "389 project") {
		return "389ds"
	}
	for _, attribute := range []string{"objectClass", "structuralObjectClass"} {
		for _, class := range dse.GetEqualFoldAttributeValues(attribute) {
			if strings.EqualFold(class, "OpenLDAProotDSE") {
				return "openldap"
			}
		}
	}
	return ""
}

// likelyBase is the context that the server itself calls the default, else the first that is not the server's own.
func likelyBase(dse *ldap.Entry) string {
	if base := dse.GetEqualFoldAttributeValue("defaultNamingContext"); base != "" {
		return base
	}
	for _, base := range dse.GetEqualFoldAttributeValues("namingContexts") {
		folded := strings.ToLower(base)
		if !strings.HasPrefix(folded, "cn=") && !strings.HasPrefix(folded, "o=netscaperoot") && !strings.HasPrefix(folded, "o=ipaca") {
			return base
		}
	}
	return ""
}
