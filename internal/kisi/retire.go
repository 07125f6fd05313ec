package kisi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// deleteMember deletes a user (§3.4), which cannot be undone: so the user is read once more first, and must be as the plan saw it,
// bearing our stamp, suspended, and nobody who is protected. A user who is not shown is access.ErrUnknownOutcome, for a key that
// lost rights is told the same of everybody.
func (t *Target) deleteMember(ctx context.Context, id int64, before *access.Fields) error {
	if id == 0 {
		return missingID("user")
	}
	if err := t.refuseProtected(ctx, id); err != nil {
		return err
	}
	u, err := t.client.User(ctx, id)
	switch {
	case status(err) == http.StatusNotFound:
		return fmt.Errorf("%w: %w", access.ErrUnknownOutcome, bare(err))
	case err != nil:
		return err
	case u.Enabled():
		return fmt.Errorf("%w: user %d was let in again and is not deleted", access.ErrRefused, id)
	case before == nil || before.Stamp.Installation == "" || stampOf(u.Metadata) != before.Stamp:
		return fmt.Errorf("%w: user %d does not bear the stamp that it bore, and is not deleted", access.ErrRefused, id)
	}
	return withoutGone(t.client.change(ctx, request{method: http.MethodDelete, path: at("/users", id)}))
}
