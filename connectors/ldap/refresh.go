package ldap

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// refresh is what one refreshOnly search of RFC 4533 brought besides entries.
type refresh struct {
	cookie  []byte   // the position after it; the old one if the server gave none, as OpenLDAP does when nothing changed
	present int      // entries that are said to be there unchanged
	gone    []string // ids of entries that the server calls deleted: they left the base or the filter, or match neither
	deletes bool     // the server told what is gone; otherwise what it did not name is gone (section 3.3.2)
	entries int
}

// quiet says that nothing happened since the cookie.
func (r *refresh) quiet() bool { return r.entries == 0 && r.present == 0 && len(r.gone) == 0 }

// refresh asks for what changed since a cookie, or for everything.
func (c *session) refresh(ctx context.Context, q query, cookie []byte, proof *directory.Proof, each func(*ldapwire.Entry) error) (*refresh, error) {
	r := &refresh{cookie: cookie}
	var refused error // by each
	end, err := c.search(ctx, q.request(ldap.NewControlSyncRequest(ldap.SyncRequestModeRefreshOnly, cookie, false)), func(a *ldapwire.Answer) error {
		switch {
		case a.Referral:
			c.refer(proof, a.To)
		case a.Entry != nil:
			refused = r.entry(a, each)
		default:
			r.note(a.Info)
		}
		return refused
	})
	if refused != nil {
		return nil, refused
	}
	if err == nil && !r.end(end) {
		err = ldapwire.ErrUnfinished
	}
	if err != nil {
		return nil, fmt.Errorf("synchronize %s below %s: %w", q.what, q.base, c.explain(ctx, err))
	}
	proof.Pages++
	proof.Entries += r.entries
	return r, nil
}

// entry takes one entry with its state. OpenLDAP says "add" of changed ones too; "delete" and "present" carry no attributes.
func (r *refresh) entry(a *ldapwire.Answer, each func(*ldapwire.Entry) error) error {
	if a.Sync == nil {
		return fmt.Errorf("%s came without the state that RFC 4533 demands", a.Entry.DN)
	}
	switch a.Sync.State {
	case ldap.SyncStateDelete:
		r.gone = append(r.gone, a.Sync.ID.String())
		return nil
	case ldap.SyncStatePresent:
		r.present++
		return nil
	}
	r.entries++
	return each(a.Entry)
}

// note takes what came beside entries.
func (r *refresh) note(control ldap.Control) {
	if x, ok := control.(*ldap.ControlSyncInfo); ok {
		r.set(x.SyncIdSet)
	}
}

// end takes the controls at the end of the answer; false if there is none that closes a synchronization.
func (r *refresh) end(controls []ldap.Control) bool {
	x, ok := ldap.FindControl(controls, ldap.ControlTypeSyncDone).(*ldap.ControlSyncDone)
	if !ok {
		return false
	}
	if len(x.Cookie) > 0 {
		r.cookie = x.Cookie
	}
	r.deletes = x.RefreshDeletes
	return true
}

func (r *refresh) set(s *ldap.ControlSyncInfoSyncIdSet) {
	if s == nil {
		return
	}
	for _, id := range s.SyncUUIDs {
		if s.RefreshDeletes {
			r.gone = append(r.gone, id.String())
		} else {
			r.present++
		}
	}
}
