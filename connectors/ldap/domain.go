package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// Increments of Active Directory. A position is good for one controller's database, which its invocationId names; a controller that was
// restored as Windows wants it has another. What changed is asked for below the whole domain, without a filter, and then read by its id
// through the very searches for people and groups: so who left the base or the filter is noticed like who was deleted. The ways to ask,
// in the order in which they are tried:
//
//	DirSync                      for accounts with the right Ds-Replication-Get-Changes on the domain. Deletions come, whatever the account may see.
//	DirSync of what is visible   for any account, but deletions only come to one that may look into the recycle bin.
//	update sequence numbers      the same, where DirSync is not offered.
//
// The rights are those of [MS-ADTS] section 3.1.1.3.4.1.3 (LDAP_DIRSYNC_OBJECT_SECURITY) and [MS-DRSR] section 5.115.12 (SecurityCheckForChanges).
// By the latter, attributes of the filtered set take one more right, so a position is asked for with all attributes that changes will be.
//
//   - An account that sees nobody in the recycle bin is given no increments by the last two ways, since nothing tells an empty bin from a
//     hidden one. `check` says what to grant.
//   - A container that was renamed or moved may have taken people into the base or out of it without changing one of them, and who is
//     restored from the bin gets memberships back of which no group tells. Then everything is read.
//   - A number below ours means that the database was put back behind our backs (USN rollback): everything is read.

// By [MS-ADTS] sections 3.1.1.3.4.1.14 and .26 the first shows tombstones and deleted objects, the second recycled objects, too: what is left of
// those that nobody can bring back any more, which may be from the moment on in which they are deleted.
const (
	showDeleted  = "1.2.840.113556.1.4.417"
	showRecycled = "1.2.840.113556.1.4.2064"
)

// withDeleted asks for all that was deleted, as far as the server can show it.
func (c *session) withDeleted() ldap.Control {
	if c.offers(showRecycled) {
		return ldap.NewControlString(showRecycled, true, "")
	}
	return ldap.NewControlMicrosoftShowDeleted()
}

// way is how changes are asked for.
type way string

const (
	byReplication way = "dirsync"
	byVisibility  way = "dirsync, what is visible"
	byNumber      way = "usn"
)

// ways are tried in this order.
func ways() []way { return []way{byReplication, byVisibility, byNumber} }

// told is how `check` calls a way.
func (w way) told() string {
	return map[way]string{byReplication: "DirSync, with the right to replicate", byVisibility: "DirSync of what this account sees", byNumber: "uSNChanged"}[w]
}

// position is where one domain controller was.
type position struct {
	Way     way       `json:"way"`
	Server  string    `json:"server"`           // which was asked
	USN     int64     `json:"usn"`              // highestCommittedUSN
	Cookie  []byte    `json:"cookie,omitempty"` // of DirSync
	Known   int       `json:"known"`            // people and groups after the last complete read
	NextEnd time.Time `json:"next_end,omitzero"`
	Told    []told    `json:"told,omitempty"`
}

// windows is a reading of Active Directory.
type windows struct{ *reading }

// unproven is for searches that are no part of what is read.
func (w windows) unproven() *directory.Proof { return &directory.Proof{} }

// domain is the naming context that both bases lie in, "" if it is not the server's own: positions say nothing of others.
func (w windows) domain() string {
	own := w.c.dse.GetEqualFoldAttributeValue("defaultNamingContext")
	if own == "" || !within(w.peopleQ.base, own) || !within(w.groupQ.base, own) {
		return ""
	}
	return own
}

// obstacle is why increments are not to be had here, "" if nothing stands against them.
func (w windows) obstacle() string {
	switch {
	case !w.source.settings.Increments:
		return "increments are switched off"
	case w.c.catalog():
		return "a global catalog does not tell what changed in other domains"
	case w.domain() == "":
		return "the bases are not within the server's own domain (" + w.c.dse.GetEqualFoldAttributeValue("defaultNamingContext") + ")"
	case !w.c.offers(showDeleted) || !w.c.offers(extendedDN):
		return "the server does not offer the controls for it"
	}
	return ""
}

// shape is what a position is good for: a controller's database, these bases, these searches. Without one, why says why.
func (w windows) shape(ctx context.Context) (shape *[32]byte, why string, err error) {
	if why = w.obstacle(); why != "" {
		return nil, why, nil
	}
	var bases []string
	for _, q := range []query{w.peopleQ, w.groupQ} {
		id, err := w.baseID(ctx, q.base)
		if err != nil {
			return nil, "", err
		}
		bases = append(bases, id)
	}
	invocation, err := w.invocation(ctx)
	if err != nil || invocation == "" {
		return nil, "the server does not say which one it is", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "ad 2 %q %q %q\n", invocation, w.domain(), bases)
	for _, q := range []query{w.peopleQ, w.groupQ} {
		fmt.Fprintf(h, "%q %q %d %q\n", q.base, q.filter, q.scope, q.attributes)
	}
	return (*[32]byte)(h.Sum(nil)), "", nil
}

// invocation names the controller's database; "" if it is hidden from us.
func (w windows) invocation(ctx context.Context) (string, error) {
	service := w.c.dse.GetEqualFoldAttributeValue("dsServiceName")
	if service == "" {
		return "", nil
	}
	id, err := w.attribute(ctx, "the server's own object", service, "invocationId")
	if _, ok := answered(err); ok {
		return "", nil
	}
	return id, err
}

// baseID is the id of a base, which must be there.
func (w windows) baseID(ctx context.Context, base string) (string, error) {
	return w.attribute(ctx, "the base", base, "objectGUID")
}

func (w windows) attribute(ctx context.Context, what, name, attribute string) (value string, err error) {
	q := query{what: what, base: name, filter: "(objectClass=*)", scope: ldap.ScopeBaseObject, attributes: []string{attribute}}
	_, err = w.c.page(ctx, q, nil, w.unproven(), func(e *ldapwire.Entry) error {
		value = first(e, attribute)
		return nil
	})
	return value, err
}

// seesDeletions says whether this account sees at least one deleted object.
func (w windows) seesDeletions(ctx context.Context) (bool, error) {
	enough, seen := errors.New("enough"), false
	q := query{what: "deleted objects", base: "CN=Deleted Objects," + w.domain(), filter: "(isDeleted=TRUE)", scope: ldap.ScopeSingleLevel,
		attributes: []string{"1.1"}, controls: []ldap.Control{w.c.withDeleted()}}
	_, err := w.c.page(ctx, q, ldap.NewControlPaging(1), w.unproven(), func(*ldapwire.Entry) error {
		seen = true
		return enough
	})
	if _, ok := answered(err); ok || errors.Is(err, enough) {
		err = nil
	}
	return seen, err
}

var errBlind = errors.New("sees no deleted objects, or nothing was ever deleted")

// blind is what is said of an account that is told of no deletion.
func (w windows) blind() error {
	if w.samba() {
		return &useless{fmt.Errorf("this account %w", errBlind)}
	}
	return &useless{fmt.Errorf("this account may not replicate what is read, and %w", errBlind)}
}

// grant is what a domain administrator does about that.
func (w windows) grant() string {
	user, bin := w.source.settings.Login.User, `"CN=Deleted Objects,`+w.domain()+`"`
	if w.samba() {
		return "as root on a controller: ldbedit -H /var/lib/samba/private/sam.ldb --show-deleted -s base -b " + bin +
			" nTSecurityDescriptor, and add (A;;RPLC;;;SID) with the account's objectSid behind the last (A;…)"
	}
	return `as a domain administrator: dsacls "` + w.domain() + `" /G "` + user + `:CA;Replicating Directory Changes"; or, where that right is not given, dsacls ` + bin +
		` /takeownership and then dsacls ` + bin + ` /G "` + user + `:LCRP"`
}

// begin takes a position by the best way that this account has. It is useless when it has none.
func (w windows) begin(ctx context.Context) (position, error) {
	n, err := w.highest()
	if err == nil {
		err = w.traceable(ctx)
	}
	if err != nil {
		return position{}, err
	}
	for _, way := range w.source.ways {
		p := position{Way: way, Server: w.c.server, USN: n}
		ok, err := w.may(ctx, way)
		if ok && err == nil && way != byNumber {
			p.Cookie, err = w.dirSyncNow(ctx, way)
			_, refused := answered(err)
			if refused {
				continue
			}
		}
		if err != nil || ok {
			return p, err
		}
	}
	return position{}, w.blind()
}

// highest is the number of the server's last change.
func (w windows) highest() (int64, error) {
	n, err := strconv.ParseInt(w.c.dse.GetEqualFoldAttributeValue("highestCommittedUSN"), 10, 64)
	if err != nil {
		return 0, &useless{errors.New("the server does not say its highestCommittedUSN")}
	}
	return n, nil
}

// may says whether a way brings deletions to this account.
func (w windows) may(ctx context.Context, by way) (bool, error) {
	if by != byNumber && !w.c.offers(ldap.ControlTypeDirSync) {
		return false, nil
	}
	if by == byReplication && !w.samba() {
		return true, nil // begin asks, and takes a refusal for an answer
	}
	return w.seesDeletions(ctx)
}

// samba says whether the server is Samba's, which tells nobody of deletions who does not see the recycle bin, whatever they may replicate. By
// [MS-ADTS] section 3.1.1.3.4.1.3 whoever may replicate is told.
func (w windows) samba() bool {
	return strings.Contains(w.c.dse.GetEqualFoldAttributeValue("vendorName"), "Samba")
}

// check says whether this account gets increments and how, and what is missing if not.
func (w windows) check(ctx context.Context) connectors.Finding {
	const everything = "everything is read each time: "
	_, why, err := w.shape(ctx)
	if err == nil && why != "" {
		return good(everything + why)
	}
	var p position
	if err == nil {
		p, err = w.begin(ctx)
	}
	switch {
	case errors.Is(err, errBlind):
		return connectors.Finding{Level: connectors.Warning, Text: everything + err.Error(), Hint: w.grant()}
	case errors.As(err, new(traceless)):
		return connectors.Finding{Level: connectors.Warning, Text: everything + err.Error(), Hint: "ask for something else; in place of memberOf name the group in a rule"}
	case err != nil:
		return connectors.Finding{Level: connectors.Warning, Text: everything + err.Error()}
	}
	return good("only what changed is read (" + p.Way.told() + ")")
}

// fetch reads what changed since a position that is ours, or everything.
func (w windows) fetch(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	shape, why, err := w.shape(ctx)
	if err != nil {
		return directory.Receipt{}, err
	}
	if shape != nil && since.Shape == *shape {
		return w.delta(ctx, since)
	}
	if w.onlyChanges {
		return directory.Receipt{}, &useless{errors.New(or(why, "the position is of another controller, or of other searches"))}
	}
	var now position
	if shape != nil {
		now, err = w.begin(ctx)
		if err != nil && !errors.As(err, new(*useless)) {
			return directory.Receipt{}, err
		}
	}
	if err != nil {
		why, shape = err.Error(), nil
	}
	before := w.proof.Entries
	if err := w.everything(ctx); err != nil {
		return directory.Receipt{}, err
	}
	now.Known, now.NextEnd = w.proof.Entries-before, w.nextEnd
	if now.Told, err = w.tell(ctx, position{}, true); err != nil {
		return directory.Receipt{}, err
	}
	if shape != nil {
		return now.receipt(directory.Complete, *shape)
	}
	w.proof.Note = "no increments: " + why
	if len(now.Told) == 0 {
		return directory.Receipt{Coverage: directory.Complete}, nil
	}
	now.Server = w.c.server
	receipt, err := now.receipt(directory.Complete, [32]byte{})
	return receipt, err
}

func (p position) receipt(c directory.Coverage, shape [32]byte) (directory.Receipt, error) {
	raw, err := json.Marshal(p)
	return directory.Receipt{Coverage: c, Next: directory.Cursor{Shape: shape, Token: raw}}, err
}

// delta reads what changed since a position. It is useless when that cannot be told for certain.
func (w windows) delta(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	var old position
	if err := json.Unmarshal(since.Token, &old); err != nil || old.USN <= 0 {
		return directory.Receipt{}, &useless{errors.New("the position is not one of ours")}
	}
	next, t, err := w.changed(ctx, old)
	if err != nil {
		return directory.Receipt{}, refused(err)
	}
	if err := w.readAgain(ctx, t); err != nil {
		return directory.Receipt{}, err
	}
	next.Known, next.NextEnd = old.Known, earlier(old.NextEnd, w.nextEnd)
	if next.Told, err = w.tell(ctx, old, len(t.ids) > 0); err != nil {
		return directory.Receipt{}, err
	}
	return next.receipt(directory.Delta, since.Shape)
}

// changed asks for what changed since a position, by the way in which that was taken.
func (w windows) changed(ctx context.Context, old position) (position, *touched, error) {
	n, err := w.highest()
	next := position{Way: old.Way, Server: w.c.server, USN: n}
	switch {
	case err != nil:
		return next, nil, err
	case w.c.rewritten:
		return next, nil, &useless{errors.New("objects that were there are neither there nor deleted: the server was put back, or hides them")}
	case n < old.USN:
		return next, nil, &useless{fmt.Errorf("the server is at change %d and was at %d: it was put back", n, old.USN)}
	case !old.NextEnd.IsZero() && !old.NextEnd.After(w.began):
		return next, nil, &useless{errors.New("an account expired")}
	}
	t, err := w.touched(ctx, old, &next)
	return next, t, err
}

func (w windows) touched(ctx context.Context, old position, next *position) (*touched, error) {
	if old.Way == byReplication && !w.samba() {
		return w.changedByDirSync(ctx, old, next) // it would be refused if the right was taken away
	}
	ok, err := w.seesDeletions(ctx)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, w.blind()
	case old.Way == byVisibility, old.Way == byReplication:
		return w.changedByDirSync(ctx, old, next)
	case old.Way == byNumber:
		return w.changedByNumber(ctx, old)
	}
	return nil, &useless{errors.New("the position was taken in a way that is not known")}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// others counts entries below the base that look like people to some, and are nobody: computers, and contacts.
func (w windows) others(ctx context.Context) connectors.Finding {
	counts := map[string]int{}
	for _, class := range []string{"computer", "contact"} {
		q := query{what: class + "s", base: w.peopleQ.base, scope: w.peopleQ.scope, filter: "(objectClass=" + class + ")", attributes: []string{"1.1"}}
		err := w.c.pages(ctx, q, w.source.settings.PageSize, w.unproven(), func(*ldapwire.Entry) error {
			counts[class]++
			return nil
		})
		if err != nil {
			text, hint := split(err)
			return connectors.Finding{Level: connectors.Warning, Text: text, Hint: hint}
		}
	}
	return good(several(counts["computer"], "computer", "computers") + " and " + several(counts["contact"], "contact", "contacts") + " are nobody")
}
