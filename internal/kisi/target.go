package kisi

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// The keys under which a user's metadata carries our stamp.
const (
	stampAnchor       = "kisi_sync_anchor"
	stampInstallation = "kisi_sync_installation"
)

// Target is Kisi in the words of package access: it carries out calls, and
// tells how things are. It is safe for concurrent use.
type Target struct {
	client *Client
	*sight
}

// sight is what Targets of one Kisi have seen last.
type sight struct {
	mu      sync.Mutex
	follows bool                        // somebody gives roles on places and the organization
	guard   *guard                      // as of the last observation; nil before the first
	self    map[[sha256.Size]byte]int64 // the user of the key with this digest
}

// NewTarget returns a Target that works through c.
func NewTarget(c *Client) *Target { return &Target{client: c, sight: &sight{}} }

// Within returns a Target that knows what t knows, and whose calls are tried for no longer than patience.
func (t *Target) Within(patience time.Duration) *Target {
	return &Target{client: t.client.Within(patience), sight: t.sight}
}

// Do carries out one change and returns the id of what it made. What is gone
// already counts as removed. A right, door or stop that is there already as
// wanted is no error but Result.Existed; a user who is there already is
// access.ErrExists, with the id in the Result, unless the stamp shows that we
// made it ourselves. Every error wraps one of access's sentinels; except with
// access.ErrUnknownOutcome it is certain that the change was not made.
func (t *Target) Do(ctx context.Context, call access.Call) (access.Result, error) {
	result, err := t.do(ctx, call)
	if errors.Is(err, access.ErrRefused) && lostAccess(err) {
		err = t.whose(ctx, err)
	}
	if err != nil {
		return result, fmt.Errorf("%s: %w", call.Change.Kind, err)
	}
	return result, nil
}

// whose finds out whose access a refusal means: when the key may not even look
// any more it is that of the key, and all is over; else this one change is refused.
func (t *Target) whose(ctx context.Context, refused error) error {
	if err := t.Probe(ctx); errors.Is(err, access.ErrStop) {
		return fmt.Errorf("%w (before that: %w)", err, bare(refused))
	}
	return refused
}

func (t *Target) do(ctx context.Context, call access.Call) (access.Result, error) {
	switch k := call.Change.Kind; {
	case k.LedgerOnly():
		return access.Result{}, nil // nothing to be done in Kisi
	case k == access.DeleteMember:
		return access.Result{}, t.deleteMember(ctx, int64(call.Member()), call.Change.Before)
	case k <= access.EnableMember:
		return t.doMember(ctx, call)
	case k.OfMember():
		return t.doAssignment(ctx, call)
	default:
		return t.doGroup(ctx, call)
	}
}

func (t *Target) doMember(ctx context.Context, call access.Call) (access.Result, error) {
	change := call.Change
	if change.Kind == access.CreateMember {
		return t.createMember(ctx, change.After)
	}
	id := int64(call.Member())
	if id == 0 {
		return access.Result{}, missingID("user")
	}
	var patch UserChange
	switch change.Kind {
	case access.UpdateMember:
		patch.Name = &change.After.Name
	case access.EnableMember:
		patch.Enabled = new(true)
	case access.DisableMember:
		if err := t.refuseProtected(ctx, id); err != nil {
			return access.Result{}, err
		}
		patch.Enabled = new(false)
	}
	return access.Result{}, t.client.PatchUser(ctx, id, patch)
}

func missingID(what string) error {
	return fmt.Errorf("%w: the id of the %s is not known", access.ErrRefused, what)
}

func (t *Target) createMember(ctx context.Context, f *access.Fields) (access.Result, error) {
	made, err := t.client.CreateUser(ctx, NewUser{
		Email: f.Email, Name: f.Name, Managed: f.Managed, Enabled: f.Enabled,
		Metadata: map[string]string{stampAnchor: string(f.Stamp.Anchor), stampInstallation: f.Stamp.Installation},
		Notes:    fmt.Sprintf("Created by kisi-sync (%s).", f.Stamp.Installation),
	})
	if err == nil {
		return access.Result{ID: access.RemoteID(made.ID)}, nil
	}
	if !perhapsDuplicate(err) {
		return access.Result{}, err
	}
	return t.existingMember(ctx, f, err)
}

// perhapsDuplicate: 409 says so, 422 may mean it (§12.1, §12.3).
func perhapsDuplicate(err error) bool {
	s := status(err)
	return s == http.StatusConflict || s == http.StatusUnprocessableEntity
}

// existingMember looks for the user because of whom a create was refused.
func (t *Target) existingMember(ctx context.Context, f *access.Fields, refusal error) (access.Result, error) {
	same, err := t.client.UsersByEmail(ctx, f.Email)
	switch {
	case err != nil:
		return access.Result{}, err
	case len(same) == 0:
		// Not there, or not for this key to see: either way, not for us to solve.
		return access.Result{}, fmt.Errorf("%w: %w", access.ErrRefused, bare(refusal))
	}
	id := access.RemoteID(same[0].ID)
	if f.Stamp != (access.Stamp{}) && stampOf(same[0].Metadata) == access.NewStamp(f.Stamp.Installation, f.Stamp.Anchor) {
		return access.Result{ID: id}, nil // ours, by a call whose answer was lost
	}
	return access.Result{ID: id, Existed: true}, fmt.Errorf("%w: user %d: %w", access.ErrExists, id, bare(refusal))
}

// stampOf reads our stamp; the zero Stamp if there is none.
func stampOf(m Metadata) access.Stamp {
	return access.Stamp{Installation: m.text(stampInstallation), Anchor: access.Anchor(m.text(stampAnchor))}
}

func (t *Target) doAssignment(ctx context.Context, call access.Call) (access.Result, error) {
	change, id := call.Change, int64(call.Change.Object.Assignment)
	if change.Kind == access.CreateAssignment {
		return t.createAssignment(ctx, call)
	}
	if id == 0 {
		return access.Result{}, missingID("role assignment")
	}
	if change.Kind == access.RemoveAssignment {
		return access.Result{}, t.removeAssignment(ctx, id, call)
	}
	now, err := t.client.ChangeRoleAssignment(ctx, id, rightOf(change.After))
	return access.Result{ID: access.RemoteID(now)}, err
}

// removeAssignment takes a right away. A key that lost rights is told that what
// it may not see is not there. So that a right is gone is believed only where
// its owner can be seen, without it; else the next observation must tell.
func (t *Target) removeAssignment(ctx context.Context, id int64, call access.Call) error {
	if call.Group().IsRole() {
		if err := t.mayDemote(ctx, int64(call.Member())); err != nil {
			return err
		}
		defer t.forgetGuard() // who was protected by it may not be any more
	}
	err := t.client.change(ctx, request{method: http.MethodDelete, path: at("/role_assignments", id)})
	if status(err) != http.StatusNotFound || t.isWithout(ctx, int64(call.Member()), id) {
		return withoutGone(err)
	}
	return fmt.Errorf("%w: %w", access.ErrUnknownOutcome, bare(err))
}

// isWithout says that a user can be seen, and that a right is not among those of
// the user.
func (t *Target) isWithout(ctx context.Context, user, assignment int64) bool {
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	if _, err := t.client.User(ctx, user); err != nil {
		return false
	}
	rows, err := t.client.RoleAssignments(ctx, AssignmentFilter{AssigneeType: typeUser, AssigneeID: user})
	return err == nil && !slices.ContainsFunc(rows, func(a RoleAssignment) bool { return a.ID == assignment })
}

// withoutGone drops a 404.
func withoutGone(err error) error {
	if status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

func rightOf(f *access.Fields) Right {
	return Right{Role: f.Role.ID(), From: f.From.Time(), Until: f.Until.Time(), Notify: f.Notify}
}

func (t *Target) createAssignment(ctx context.Context, call access.Call) (access.Result, error) {
	if call.Group().IsRole() {
		return t.createRole(ctx, call)
	}
	user, group, right := int64(call.Member()), int64(call.Group()), rightOf(call.Change.After)
	switch {
	case user == 0:
		return access.Result{}, missingID("user")
	case group == 0:
		return access.Result{}, missingID("group")
	}
	made, err := t.client.CreateRoleAssignment(ctx, user, group, right)
	if err == nil {
		return access.Result{ID: access.RemoteID(made.ID)}, nil
	}
	if !perhapsDuplicate(err) {
		return access.Result{}, err
	}
	return t.existingAssignment(ctx, AssignmentFilter{typeUser, user, typeGroup, group}, call.Change.After, err)
}

// existingAssignment looks for the right because of which a create was
// refused. One that gives at least what is wanted will do.
func (t *Target) existingAssignment(ctx context.Context, f AssignmentFilter, want *access.Fields, refusal error) (access.Result, error) {
	rows, err := t.client.RoleAssignments(ctx, f)
	if err != nil {
		return access.Result{}, err
	}
	for _, row := range rows {
		if g := grantOf(row); g.Role.Covers(want.Role) && g.From <= want.From && (g.Until == 0 || want.Until != 0 && g.Until >= want.Until) {
			return access.Result{ID: g.Assignment, Existed: true}, nil
		}
	}
	if len(rows) > 0 {
		return access.Result{}, fmt.Errorf("%w: with another role or other dates: %w", access.ErrExists, bare(refusal))
	}
	// Something is in the way that this key is not shown, such as a right whose end has passed (§12.16).
	return access.Result{}, fmt.Errorf("%w: %w", access.ErrRefused, bare(refusal))
}

func (t *Target) doGroup(ctx context.Context, call access.Call) (access.Result, error) {
	change, group := call.Change, int64(call.Group())
	if change.Kind == access.CreateGroup {
		made, err := t.client.CreateGroup(ctx, NewGroup{Name: change.Object.GroupName, Description: change.After.Description,
			Place: int64(change.After.Place), Settings: change.After.Settings})
		return access.Result{ID: access.RemoteID(made.ID)}, err
	}
	if group == 0 {
		return access.Result{}, missingID("group")
	}
	row := int64(change.Object.Assignment)
	switch change.Kind {
	case access.UpdateGroup:
		return access.Result{}, t.client.PatchGroup(ctx, group, groupChange(change.Before, change.After))
	case access.DeleteGroup:
		return access.Result{}, t.client.DeleteGroup(ctx, group)
	case access.AddDoor:
		return t.addDoor(ctx, group, int64(change.Object.Thing))
	case access.AddStop:
		return t.addStop(ctx, group, int64(change.Object.Thing))
	}
	if row == 0 {
		return access.Result{}, missingID("connection between group and " + map[bool]string{true: "door", false: "elevator stop"}[change.Kind == access.RemoveDoor])
	}
	if change.Kind == access.RemoveDoor {
		return access.Result{}, t.client.DeleteGroupLock(ctx, row)
	}
	return access.Result{}, t.client.DeleteGroupElevatorStop(ctx, row)
}

// groupChange is what a change says otherwise than before.
func groupChange(before, after *access.Fields) GroupChange {
	to := GroupChange{Settings: after.Settings}
	if before == nil || before.Description != after.Description {
		to.Description = &after.Description
	}
	if after.Name != "" && before != nil && before.Name != after.Name {
		to.Name = &after.Name
	}
	return to
}

func (t *Target) addDoor(ctx context.Context, group, door int64) (access.Result, error) {
	made, err := t.client.CreateGroupLock(ctx, group, door)
	if err == nil || !perhapsDuplicate(err) {
		return access.Result{ID: access.RemoteID(made.ID)}, err
	}
	rows, lookErr := t.client.GroupLocks(ctx, group)
	if lookErr != nil {
		return access.Result{}, lookErr
	}
	for _, row := range rows {
		if row.LockID == door {
			return access.Result{ID: access.RemoteID(row.ID), Existed: true}, nil
		}
	}
	return access.Result{}, err
}

func (t *Target) addStop(ctx context.Context, group, stop int64) (access.Result, error) {
	made, err := t.client.CreateGroupElevatorStop(ctx, group, stop)
	if err == nil || !perhapsDuplicate(err) {
		return access.Result{ID: access.RemoteID(made.ID)}, err
	}
	rows, lookErr := t.client.GroupElevatorStops(ctx, group)
	if lookErr != nil {
		return access.Result{}, lookErr
	}
	for _, row := range rows {
		if row.ElevatorStopID == stop {
			return access.Result{ID: access.RemoteID(row.ID), Existed: true}, nil
		}
	}
	return access.Result{}, err
}
