package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// Watching by RFC 4533 section 3.4. A persistent search goes on from the server's own position of this moment, which is taken from a
// refresh of the containers alone: so connecting costs the same for ten people and a million. It brings names only, and none of them is
// used: whatever happens below the bases to what we read is a reason to read what changed, which proves its own completeness.

// watched is a source that its server tells of changes.
type watched struct{ *source }

var _ connectors.Watcher = (*watched)(nil)

// mostQuiet is the longest time in which nothing is asked of a server that is watched: firewalls forget lines on which nothing is said.
const mostQuiet = time.Minute

// Watch implements connectors.Watcher. A server that is not heard of for longer than the settings' timeout counts as lost.
func (w *watched) Watch(ctx context.Context, ping func()) error {
	c, err := w.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	err = w.listen(ctx, c, ping)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%s: %w", c.server, err)
}

// listen hears all persistent searches until one of them ends, and asks the server now and then whether it is there.
func (w *watched) listen(ctx context.Context, c *session, ping func()) error {
	switch {
	case w.layout.windows:
		return w.listenWindows(ctx, c, ping)
	case w.layout.persistent:
		return w.listenPersistent(ctx, c, ping)
	}
	r := w.reading(c, nil)
	if !c.offers(ldap.ControlTypeSyncRequest) {
		return connectors.ErrUnwatchable
	}
	searches, cookies := r.watches(), [][]byte{}
	for _, q := range searches {
		cookie, err := r.now(ctx, q.base)
		if ldap.IsErrorWithCode(err, ldap.LDAPResultUnavailableCriticalExtension) {
			return connectors.ErrUnwatchable
		}
		if err != nil {
			return err
		}
		cookies = append(cookies, cookie)
	}
	var ears []func(context.Context, chan<- heard)
	for i, q := range searches {
		ears = append(ears, func(ctx context.Context, tell chan<- heard) { c.hear(ctx, q, cookies[i], tell) })
	}
	return w.attend(ctx, c, ears, len(ears), ping)
}

// attend runs ears until one of them ends, and asks the server now and then whether it is there.
func (w *watched) attend(ctx context.Context, c *session, ears []func(context.Context, chan<- heard), deaf int, ping func()) error {
	within, stop := context.WithCancel(ctx)
	heard := make(chan heard)
	var crew sync.WaitGroup
	defer func() {
		stop()
		_ = c.wire.Close() // whoever waits for an answer is let go
		crew.Wait()
	}()
	for _, ear := range ears {
		crew.Go(func() { ear(within, heard) })
	}
	crew.Go(func() { c.probe(within, min(w.settings.Timeout/3, mostQuiet), heard) })
	return obey(within, deaf, heard, ping)
}

// listenWindows hears Active Directory's change notifications ([MS-ADTS] section 3.1.1.3.4.1.9): a search of the whole domain that never
// ends and brings every object that changes. Nothing says that it has begun; the answer to a question that was asked after it does.
func (w *watched) listenWindows(ctx context.Context, c *session, ping func()) error {
	u := windows{w.reading(c, nil)}
	if !c.offers(ldap.ControlTypeMicrosoftNotification) || u.domain() == "" {
		return connectors.ErrUnwatchable
	}
	q := query{what: "changes", base: u.domain(), filter: "(objectClass=*)", scope: ldap.ScopeWholeSubtree, attributes: []string{"objectGUID"},
		controls: []ldap.Control{ldap.NewControlMicrosoftNotification(), ldap.NewControlMicrosoftShowDeleted()}}
	sent, err := c.wire.Begin(q.request())
	if err != nil {
		return err
	}
	hear := c.follow(sent, q, func(*ldapwire.Entry) bool { return true })
	return w.attend(ctx, c, []func(context.Context, chan<- heard){hear, c.begun}, 1, ping)
}

// heard is one thing that happened to a watch: it is refreshed, it ended, or (neither) something changed.
type heard struct {
	refreshed bool
	ended     error
}

// obey pings once when all searches listen, and then for every change.
func obey(ctx context.Context, deaf int, all <-chan heard, ping func()) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case h := <-all:
			if h.ended != nil {
				return h.ended
			}
			if h.refreshed {
				deaf--
			}
			if deaf == 0 {
				ping()
			}
		}
	}
}

// watches are the searches to listen to: one for each base that does not lie below another. Whatever is true of one entry of people, of
// groups or of the containers above them is in them.
func (r *reading) watches() []query {
	people, groups := r.peopleQ, r.groupQ
	search := func(base string, filters ...string) query {
		return query{what: "changes", base: base, filter: "(|" + containers + strings.Join(filters, "") + ")", scope: ldap.ScopeWholeSubtree, attributes: []string{"1.1"}}
	}
	switch {
	case within(groups.base, people.base):
		return []query{search(people.base, people.filter, groups.filter)}
	case within(people.base, groups.base):
		return []query{search(groups.base, people.filter, groups.filter)}
	}
	return []query{search(people.base, people.filter), search(groups.base, groups.filter)}
}

// now is the server's position below a base. A position is about a whole database, but two bases may lie in two.
func (r *reading) now(ctx context.Context, base string) ([]byte, error) {
	got, err := r.c.refresh(ctx, query{what: "containers", base: base, filter: containers, scope: ldap.ScopeWholeSubtree, attributes: []string{"1.1"}}, nil, &directory.Proof{},
		func(*ldapwire.Entry) error { return nil })
	if err != nil {
		return nil, err
	}
	if len(got.cookie) == 0 {
		return nil, errors.New("the server does not say its position, so it cannot be watched")
	}
	return got.cookie, nil
}

// hear tells what one persistent search brings, until it ends.
func (c *session) hear(ctx context.Context, q query, cookie []byte, tell chan<- heard) {
	refreshed := false
	request := q.request(ldap.NewControlSyncRequest(ldap.SyncRequestModeRefreshAndPersist, cookie, false))
	_, err := c.search(ctx, request, func(a *ldapwire.Answer) error {
		switch {
		case !refreshed && refreshEnds(a.Info):
			refreshed = true
			say(ctx, tell, heard{refreshed: true})
		case refreshed && a.Entry != nil:
			say(ctx, tell, heard{})
		}
		return nil
	})
	say(ctx, tell, heard{ended: fmt.Errorf("watch %s: %w", q.base, c.whyDeaf(err))})
}

// refreshEnds says whether a message ends the first stage of a persistent search (RFC 4533 section 3.4.1). Others only bring a
// position, or list who is gone or still there.
func refreshEnds(control ldap.Control) bool {
	x, ok := control.(*ldap.ControlSyncInfo)
	return ok && (x.RefreshDelete != nil && x.RefreshDelete.RefreshDone || x.RefreshPresent != nil && x.RefreshPresent.RefreshDone)
}

// probe asks the server for its root DSE (RFC 4512 section 5.1) again and again. That keeps the line open, and the line itself notices when no answer comes.
func (c *session) probe(ctx context.Context, every time.Duration, tell chan<- heard) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		_, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"1.1"}, nil))
		if err != nil {
			say(ctx, tell, heard{ended: c.whyDeaf(err)})
			return
		}
	}
}

func say(ctx context.Context, tell chan<- heard, h heard) {
	select {
	case tell <- h:
	case <-ctx.Done():
	}
}

// whyDeaf finds the real reason why a watch ended.
func (c *session) whyDeaf(err error) error {
	if code, ok := answered(err); ok {
		return explainResult(err, code)
	}
	if reason := c.wire.Reason(); reason != nil {
		return reason
	}
	if err != nil {
		return err
	}
	return errors.New("the server ended it")
}
