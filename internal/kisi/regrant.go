package kisi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// grace bounds how long a change that takes several calls goes on after its
// context was cancelled.
const grace = 20 * time.Second

// toTheEnd returns a context for what belongs to a change of which a part is
// done: it outlives ctx by grace. Stopped in between, nobody would know what
// came of the change until it may be asked for, a minute later.
func toTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	rest, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-rest.Done():
		}
	})
	return rest, func() { stop(); cancel() }
}

// ChangeRoleAssignment gives an existing right other dates or another role and
// returns its id, which may be a new one (§4.7):
//
//	PATCH, then GET: as wanted?     yes: done
//	there from an earlier try?      yes: DELETE the old one
//	POST the new one                done: DELETE the old one
//	refused as a duplicate          DELETE the old one, POST the new one
//
// The person is without the right only in the last row, for the length of one
// call; if the new one is refused there, the old one is given back.
func (c *Client) ChangeRoleAssignment(ctx context.Context, id int64, r Right) (int64, error) {
	if err := r.impossible(c.options.Now()); err != nil {
		return 0, fmt.Errorf("PATCH %s: %w", at("/role_assignments", id), err)
	}
	err := c.patchRoleAssignment(ctx, id, r)
	if err != nil && !refusedAsSuch(err) {
		return 0, err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	old, err := c.RoleAssignment(ctx, id)
	switch {
	case err != nil && status(err) == http.StatusNotFound:
		return 0, err
	case err != nil:
		// The PATCH may have done what was wanted, or not.
		return 0, fmt.Errorf("%w: %w", access.ErrUnknownOutcome, bare(err))
	case r.same(old):
		return id, nil
	}
	return c.replace(ctx, old, r)
}

// refusedAsSuch tells "not this body" from "not you" and "not there".
func refusedAsSuch(err error) bool {
	s := status(err)
	return s == http.StatusBadRequest || s == http.StatusConflict || s == http.StatusUnprocessableEntity ||
		s == http.StatusMethodNotAllowed || s == http.StatusNotImplemented
}

func (c *Client) replace(ctx context.Context, old RoleAssignment, r Right) (int64, error) {
	there, err := c.RoleAssignments(ctx, AssignmentFilter{typeUser, old.AssigneeID, typeGroup, old.AppliesToID})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", access.ErrUnknownOutcome, bare(err))
	}
	for _, a := range there {
		if a.ID != old.ID && r.same(a) { // an earlier try got half way
			return a.ID, c.mustRemove(ctx, old, a.ID)
		}
	}
	made, err := c.CreateRoleAssignment(ctx, old.AssigneeID, old.AppliesToID, r)
	if err == nil {
		return made.ID, c.mustRemove(ctx, old, made.ID)
	}
	if !refusedAsSuch(err) {
		return 0, err
	}
	if err := c.DeleteRoleAssignment(ctx, old.ID); err != nil {
		return 0, err
	}
	// From here on the person lacks a right that they should have.
	made, err = c.CreateRoleAssignment(ctx, old.AssigneeID, old.AppliesToID, r)
	if err == nil {
		return made.ID, nil
	}
	return 0, c.giveBack(ctx, old, err)
}

// mustRemove takes away what has been replaced. Left standing it could open
// doors longer than it should, so a failure is no success of the whole, and
// "not found" is believed only of a list that shows the new right and not the
// old one.
func (c *Client) mustRemove(ctx context.Context, old RoleAssignment, made int64) error {
	err := c.change(ctx, request{method: http.MethodDelete, path: at("/role_assignments", old.ID)})
	if status(err) == http.StatusNotFound {
		there, look := c.RoleAssignments(ctx, AssignmentFilter{typeUser, old.AssigneeID, typeGroup, old.AppliesToID})
		has := func(id int64) bool {
			return slices.ContainsFunc(there, func(a RoleAssignment) bool { return a.ID == id })
		}
		if look == nil && has(made) && !has(old.ID) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("%w: the right was given anew, but the old one is still there: %w", access.ErrUnknownOutcome, bare(err))
	}
	return nil
}

// giveBack restores a right after its replacement was refused. Whatever comes
// of it, only looking again tells what is there.
func (c *Client) giveBack(ctx context.Context, old RoleAssignment, refusal error) error {
	was := Right{Role: old.RoleID}
	if old.ValidFrom != nil {
		was.From = *old.ValidFrom
	}
	if old.ValidUntil != nil {
		was.Until = *old.ValidUntil
	}
	_, err := c.CreateRoleAssignment(ctx, old.AssigneeID, old.AppliesToID, was)
	return fmt.Errorf("%w: a right was taken away to be given anew, and that was refused: %w", access.ErrUnknownOutcome, errors.Join(bare(refusal), bare(err)))
}
