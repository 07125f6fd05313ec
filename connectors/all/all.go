// Package all is the one list of source types that are built into kisi-sync.
//
// It promises that every type of the list can be made and decoded. It must not do anything else: a connector registers itself
// nowhere, it is added here.
package all

import (
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/csv"
	"github.com/kisi-sync/kisi-sync/connectors/entra"
	"github.com/kisi-sync/kisi-sync/connectors/google"
	"github.com/kisi-sync/kisi-sync/connectors/ldap"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/connectors/okta"
	"github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/connectors/scimpull"
)

// Types returns the built-in types by the word that follows `type:` in the file. Each call returns a table of its own.
func Types() connectors.Types {
	return connectors.Types{
		"csv":       csv.New,
		"entra":     entra.New,
		"google":    google.New,
		"ldap":      ldap.New,
		"list":      list.New,
		"okta":      okta.New,
		"scim":      scim.New,
		"scim_pull": scimpull.New,
	}
}
