package ldap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// Each domain controller numbers its changes ([MS-ADTS] section 3.1.1.1.9), and each object bears the number of its last one.

// containerClasses are entries that people and groups hang below. A user may have entries below, too, which are none of ours.
const containerClasses = "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=domainDNS)(objectClass=builtinDomain)(objectClass=locality)(objectClass=organization))"

var errContainer = errors.New("a container was changed, so people may have come or gone with it")

// changedByNumber is what changed after a position.
func (w windows) changedByNumber(ctx context.Context, old position) (*touched, error) {
	q := query{what: "changes", base: w.domain(), filter: fmt.Sprintf("(uSNChanged>=%d)", old.USN+1), scope: ldap.ScopeWholeSubtree,
		attributes: []string{"objectGUID", "objectClass", "uSNCreated", "isDeleted", "lastKnownParent"}, controls: []ldap.Control{w.c.withDeleted()}}
	t := newTouched(old)
	err := w.c.pages(ctx, q, w.source.settings.PageSize, w.proof, func(e *ldapwire.Entry) error {
		id, err := w.layout.people.id.of(e)
		if err != nil {
			return err
		}
		created, err := strconv.ParseInt(first(e, "uSNCreated"), 10, 64)
		isNew := err == nil && created > old.USN
		c := t.about(id)
		c.whole, c.erased = true, strings.EqualFold(first(e, "isDeleted"), "TRUE")
		switch {
		case isContainer(e) && !isNew:
			return &useless{errContainer}
		case !c.erased && first(e, "lastKnownParent") != "":
			// Maybe long ago; it cannot be told from today.
			return &useless{errors.New("somebody who was restored from the recycle bin changed, and no group tells of memberships that come back")}
		}
		return t.tooMany()
	})
	return t, err
}

func isContainer(e *ldapwire.Entry) bool {
	for _, v := range e.Values("objectClass") {
		if strings.Contains(strings.ToLower(containerClasses), "(objectclass="+strings.ToLower(string(v))+")") {
			return true
		}
	}
	return false
}
