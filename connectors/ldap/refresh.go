package ldap

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
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
func (c *session) refresh(ctx context.Context, q query, cookie []byte, proof *directory.Proof, each func(*ldap.Entry) error) (*refresh, error) {
	within, stop := context.WithCancel(ctx)
	defer stop()
	r := &refresh{cookie: cookie}
	finished := false
	answer := c.Syncrepl(within, q.request(), 64, ldap.SyncRequestModeRefreshOnly, cookie, false)
	for answer.Next() {
		switch {
		case answer.Entry() != nil:
			if err := r.entry(answer, each); err != nil {
				return nil, err
			}
		case answer.Referral() != "":
			proof.Referrals++
		default:
			finished = r.control(answer.Controls()) || finished
		}
	}
	if err := c.ended(ctx, answer.Err(), finished); err != nil {
		return nil, fmt.Errorf("synchronize %s below %s: %w", q.what, q.base, err)
	}
	proof.Pages++
	proof.Entries += r.entries
	return r, nil
}

// entry takes one entry with its state. OpenLDAP says "add" of changed ones too; "delete" and "present" carry no attributes.
func (r *refresh) entry(answer ldap.Response, each func(*ldap.Entry) error) error {
	state, ok := ldap.FindControl(answer.Controls(), ldap.ControlTypeSyncState).(*ldap.ControlSyncState)
	if !ok {
		return fmt.Errorf("%s came without the state that RFC 4533 demands", answer.Entry().DN)
	}
	switch state.State {
	case ldap.SyncStateDelete:
		r.gone = append(r.gone, state.EntryUUID.String())
		return nil
	case ldap.SyncStatePresent:
		r.present++
		return nil
	}
	r.entries++
	return each(answer.Entry())
}

// control takes what came beside entries; true if it is the end.
func (r *refresh) control(controls []ldap.Control) bool {
	for _, control := range controls {
		switch x := control.(type) {
		case *ldap.ControlSyncDone:
			if len(x.Cookie) > 0 {
				r.cookie = x.Cookie
			}
			r.deletes = x.RefreshDeletes
			return true
		case *ldap.ControlSyncInfo:
			r.set(x.SyncIdSet)
		}
	}
	return false
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
