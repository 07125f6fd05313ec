package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// census counts what a read brings; it keeps nobody.
type census struct {
	people, addressed, disabled int
	groups, members             int
	missed                      *missed
}

func (n *census) put(r *directory.Record) error {
	n.missed.put(r)
	switch r.Kind {
	case directory.PersonIs:
		n.people++
		if r.Email != "" {
			n.addressed++
		}
		if r.Active == directory.No {
			n.disabled++
		}
	case directory.GroupIs:
		n.groups++
	case directory.MemberIs:
		n.members++
	}
	return nil
}

// Check logs in, reads everything once and says what it found. It tries each server, so that the second is known to work
// before the first one fails.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	var f []connectors.Finding
	var first *session
	servers, err := s.candidates(ctx, "")
	if err != nil {
		return []connectors.Finding{problem("domain", err)}
	}
	for _, server := range servers {
		c, err := s.dial(ctx, server)
		if err != nil {
			f = append(f, problem(pathOf(err), fmt.Errorf("%s: %w", server, err)))
			continue
		}
		f = append(f, good(fmt.Sprintf("%s answers and takes the login%s", server, c.protection())))
		f = append(f, s.describe(c)...)
		if first == nil {
			first = c
			defer c.Close()
			continue
		}
		c.Close()
	}
	if first == nil {
		return f
	}
	if s.layout.windows && len(servers) > 1 {
		f = append(f, windows{s.reading(first, nil)}.checkVector(ctx)...)
	}
	return append(f, s.checkContent(ctx, first)...)
}

func (c *session) protection() string {
	switch {
	case strings.HasPrefix(strings.ToLower(c.server), "ldaps:"):
		return " over TLS"
	case c.certificate != nil:
		return " over StartTLS"
	}
	return ""
}

func (s *source) checkContent(ctx context.Context, c *session) []connectors.Finding {
	n := census{missed: newMissed(s.layout)}
	r := s.reading(c, n.put)
	check := r.checkIncrements
	r.tally = &tally{}
	if s.layout.windows {
		check, r.tally = windows{r}.check, nil
	}
	if err := r.everything(ctx); err != nil {
		f := problem(pathOf(err), err)
		if elsewhere := c.hasOther(s.layout.people.base, s.layout.groups.base); f.Path == "base" && elsewhere != "" {
			f.Hint = elsewhere
		}
		return []connectors.Finding{f}
	}
	f := append(n.findings(s.layout), n.missed.findings(c, s.env.Attributes, n.people)...)
	for i := range f {
		if class, ok := map[string]class{"people.filter": s.layout.people, "groups.filter": s.layout.groups}[f[i].Path]; ok {
			if others := c.elsewhere(class.base, class.filter); len(others) > 0 {
				f[i].Hint = "there are such entries outside of the base, for instance " + others[0] + ": widen the base"
			}
		}
	}
	if s.layout.windows {
		f = append(f, windows{r}.others(ctx))
	}
	f = append(f, check(ctx), s.checkWatch(ctx))
	if r.proof.Referrals > 0 {
		f = append(f, c.referrals(r.proof))
	}
	return f
}

// hasOther says what the server has when one of the bases lies in none of it; "" when it has them, or does not say.
func (c *session) hasOther(bases ...string) string {
	has := c.dse.GetEqualFoldAttributeValues("namingContexts")
	if own := c.dse.GetEqualFoldAttributeValue("defaultNamingContext"); own != "" {
		has = []string{own}
	}
	for _, base := range bases {
		if !slices.ContainsFunc(has, func(context string) bool { return within(base, context) }) && len(has) > 0 {
			return "the base is not there: this server has " + strings.Join(has, " and ") + "; write a base within, or the address of the server that has yours"
		}
	}
	return ""
}

// checkWatch listens once, for as long as it takes to begin.
func (s *source) checkWatch(ctx context.Context) connectors.Finding {
	const onSchedule = "changes are asked for on schedule: "
	switch {
	case !s.settings.Watch:
		return good(onSchedule + "watching is switched off")
	}
	within, stop := context.WithTimeout(ctx, s.settings.Timeout)
	defer stop()
	listens := false
	err := (&watched{s}).Watch(within, func() { listens = true; stop() })
	switch {
	case listens:
		switch {
		case s.layout.windows:
			return good("changes are told at once (change notifications)")
		case s.layout.persistent:
			return good("changes are told at once (persistent searches)")
		}
		return good("changes are told at once (RFC 4533)")
	case errors.Is(err, connectors.ErrUnwatchable) && s.layout.windows:
		return good(onSchedule + "the server tells of changes in its own domain alone, and not on the port of a global catalog")
	case errors.Is(err, connectors.ErrUnwatchable) && s.layout.persistent:
		return good(onSchedule + "the server offers no persistent searches to this account")
	case errors.Is(err, connectors.ErrUnwatchable):
		return good(onSchedule + noSync)
	}
	text, hint := split(err)
	return connectors.Finding{Level: connectors.Warning, Text: onSchedule + text, Hint: hint}
}

// noSync is why there are neither increments nor a watch. OpenLDAP announces the control for all of its databases when one has it.
const noSync = "the server offers no content synchronization here (OpenLDAP: the syncprov overlay)"

// checkIncrements takes a position, as a read of everything does before.
func (r *reading) checkIncrements(ctx context.Context) connectors.Finding {
	shape, err := r.shape(ctx)
	if err == nil && shape != nil {
		_, err = r.position(ctx)
	}
	switch {
	case err == nil && shape != nil:
		return good("only what changed is read (RFC 4533)")
	case ldap.IsErrorWithCode(err, ldap.LDAPResultUnavailableCriticalExtension):
		return r.checkStamps(noSync)
	case errors.As(err, new(*useless)):
		return r.checkStamps(err.Error())
	case err != nil:
		return problem("base", err)
	}
	return r.checkStamps(r.whyNotSync())
}

// checkStamps says whether the last resort is one, behind a read of everything. Why nothing better is to be had is said with it.
func (r *reading) checkStamps(why string) connectors.Finding {
	const everything = "everything is read each time: "
	name := r.untraceable()
	switch {
	case !r.source.settings.Increments:
		return good(everything + "increments are switched off")
	case name != "":
		return good(everything + traceless(name).Error())
	case r.tally.unmarked > 0:
		return good(fmt.Sprintf("%s%s, and of %d entries this account cannot read %s", everything, why, r.tally.unmarked, r.changed))
	}
	return good(fmt.Sprintf("names and %s of all are compared, what changed is read, and everything once an hour: %s", r.changed, why))
}

func (r *reading) whyNotSync() string {
	switch {
	case !r.layout.increments:
		return "content synchronization needs entryUUID as the id of people and groups"
	case !r.c.offers(ldap.ControlTypeSyncRequest):
		return noSync
	}
	return "the account may not read the entryUUID of the base"
}

func (n *census) findings(l *layout) []connectors.Finding {
	var f []connectors.Finding
	warn := func(path, text, hint string) {
		f = append(f, connectors.Finding{Level: connectors.Warning, Path: path, Text: text, Hint: hint})
	}
	switch {
	case n.people == 0:
		f = append(f, connectors.Finding{Path: "people.filter", Text: "no entry below " + l.people.base + " matches " + l.people.filter,
			Hint: "see that the base and the preset fit, and that the account may read there"})
	default:
		f = append(f, good(fmt.Sprintf("%s, %d with an e-mail address, %d disabled", several(n.people, "person", "people"), n.addressed, n.disabled)))
	}
	if n.people > 0 && n.addressed == 0 {
		warn("people.email", "nobody has "+l.email, "name the attribute with the e-mail address, or let the account read it")
	}
	switch {
	case n.groups == 0:
		warn("groups.filter", "no entry below "+l.groups.base+" matches "+l.groups.filter, "fine if rules name no groups; else see that the base and the preset fit")
	case n.members == 0:
		warn("groups.members", fmt.Sprintf("none of %d groups has a member", n.groups), "let the account read "+strings.Join(l.members, ", "))
	default:
		f = append(f, good(several(n.groups, "group", "groups")+" with "+several(n.members, "membership", "memberships")))
	}
	return f
}

// several is a number of something.
func several(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

func good(text string) connectors.Finding {
	return connectors.Finding{Level: connectors.Good, Text: text}
}

func problem(path string, err error) connectors.Finding {
	text, hint := split(err)
	return connectors.Finding{Path: path, Text: text, Hint: hint}
}

// pathOf is the setting to look at first.
func pathOf(err error) string {
	var tlsErr *tlsError
	var secretErr *secret.Error
	switch {
	case errors.As(err, &tlsErr):
		return tlsErr.path
	case errors.As(err, &secretErr):
		return "login.password"
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return "login"
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return "base"
	}
	return ""
}
