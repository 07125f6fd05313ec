package draft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// findings are what init sees on both sides.
type findings struct {
	catalog *access.Catalog
	people  map[string]bool // by id
	seen    atomic.Int64    // how many of them there are, for whoever waits
	domains map[string]int  // e-mail domains, with how many people have them
	groups  map[string]sourceGroup
	pairs   []pair
	alone   []string // Kisi groups without a counterpart
}

// sourceGroup is a group of the directory: its name, and what rules call it by, which is never the name where there is something better.
type sourceGroup struct{ name, ref string }

// pair is a Kisi group and the directory's group of the same name.
type pair struct {
	group access.Group
	place string
	from  sourceGroup
}

// lookAround asks, and looks at the directory and at Kisi. Nothing is changed on either side.
func (i *initiation) lookAround(ctx context.Context) error {
	if err := i.lookAtDirectory(ctx); err != nil {
		return err
	}
	if err := i.lookAtKisi(ctx); err != nil {
		return err
	}
	i.match()
	host, _ := os.Hostname()
	return i.ask(ctx, &i.Installation, "--installation", "A name for this installation", nameFrom(cmp.Or(host, "kisi-sync")))
}

// nameFrom makes a name that the file takes of another one.
func nameFrom(text string) string {
	text, _, _ = strings.Cut(strings.ToLower(text), ".")
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, text)
	return cmp.Or(strings.Trim(name, "-"), "group")
}

func (i *initiation) lookAtKisi(ctx context.Context) error {
	i.KeyFile = cmp.Or(i.KeyFile, "kisi-api-key")
	i.ui.Tell("Kisi: make an API key under My account, API, as a user of its own who is an organization administrator.")
	if err := i.askSecret(ctx, i.KeyFile, "Kisi API key"); err != nil {
		return err
	}
	ref := secret.Ref{File: i.KeyFile}
	client, err := kisi.New(kisi.Options{URL: i.KisiURL, Key: func() (secret.String, error) { return ref.Resolve(secret.Place{Base: i.dir()}) },
		UserAgent: i.UserAgent, Pace: i.Pace, Log: i.ui.Log, Now: i.Now})
	if err != nil {
		return err
	}
	defer client.Close()
	stop := i.ui.During(func() string { return "looking at Kisi" })
	v, err := client.Verify(ctx)
	if err == nil {
		i.found.catalog, err = kisi.NewTarget(client).Catalog(ctx)
	}
	stop()
	if err != nil {
		return fmt.Errorf("kisi: %w", err)
	}
	i.ui.Tell("  %s (domain %s): %s, %s, %s", v.Organization.Name, v.Organization.Domain, voice.Count(v.Users, "user", "users"),
		voice.Count(len(i.found.catalog.Groups), "group", "groups"), voice.Count(len(i.found.catalog.Doors), "door", "doors"))
	return nil
}

func (i *initiation) lookAtDirectory(ctx context.Context) error {
	k, err := i.chooseKind(ctx)
	if err != nil {
		return err
	}
	if i.source, err = k.ask(i, ctx); err != nil {
		return err
	}
	return i.census(ctx)
}

func (i *initiation) env() connectors.Env {
	return connectors.Env{Name: i.Name, Dir: i.dir(), Log: i.ui.Log.With("source", i.Name), Now: i.Now, Reach: i.Reach}
}

// census reads the directory once and keeps what the file needs to know.
func (i *initiation) census(ctx context.Context) error {
	for _, f := range i.source.settings.Validate() {
		if f.Level == connectors.Problem {
			return exit.Usage(fmt.Errorf("source %s: %s: %s", i.Name, f.Path, f.Text), f.Hint)
		}
	}
	source, err := i.source.settings.Open(i.env())
	if err != nil {
		return err
	}
	i.found.people, i.found.domains, i.found.groups = map[string]bool{}, map[string]int{}, map[string]sourceGroup{}
	stop := i.ui.During(func() string { return fmt.Sprintf("reading the directory: %d people so far", i.found.seen.Load()) })
	_, err = source.Fetch(ctx, directory.Cursor{}, i.put)
	stop()
	if err != nil {
		return i.explain(ctx, source, fmt.Errorf("source %s: %w", i.Name, err))
	}
	i.ui.Tell("  %s, %s", voice.Count(len(i.found.people), "person", "people"), voice.Count(len(i.found.groups), "group", "groups"))
	if len(i.found.domains) == 0 {
		return exit.Failed(fmt.Errorf("source %s: nobody of them has an e-mail address, by which Kisi knows people", i.Name),
			"see that the account may read it; where it is may be said by --email (entra: user_principal_name; okta: login)")
	}
	return nil
}

// explain lets a source that could not be read examine itself: it can name every permission that is missing, and not only the first.
func (i *initiation) explain(ctx context.Context, source connectors.Source, err error) error {
	checker, ok := source.(connectors.Checker)
	if !ok || ctx.Err() != nil || errors.As(err, new(*webapi.LineError)) { // who cannot be reached has nothing to say
		return err
	}
	stop := i.ui.During(func() string { return "looking why" })
	defer stop()
	var all []error
	for _, f := range checker.Check(ctx) {
		if f.Level != connectors.Problem {
			continue
		}
		if f.Path != "" {
			f.Text = f.Path + ": " + f.Text
		}
		all = append(all, exit.Failed(fmt.Errorf("source %s: %s", i.Name, f.Text), f.Hint))
	}
	if len(all) == 0 {
		return err
	}
	return exit.Also(all...)
}

// put keeps what the file needs. A directory may tell of somebody twice.
func (i *initiation) put(r *directory.Record) error {
	switch r.Kind {
	case directory.PersonIs:
		if i.found.people[r.ID] {
			return nil
		}
		i.found.people[strings.Clone(r.ID)] = true
		i.found.seen.Add(1)
		if domain := email.Domain(email.Fold(r.Email)); domain != "" {
			i.found.domains[domain]++
		}
	case directory.GroupIs:
		id := strings.Clone(r.ID)
		g := sourceGroup{name: strings.Clone(r.Name), ref: cmp.Or(strings.Clone(r.Email), id)}
		for _, h := range r.Handles {
			if h.Kind == directory.ByDN {
				g.ref = strings.Clone(h.Value)
			}
		}
		i.found.groups[id] = g
	}
	return nil
}

// match finds the groups that have the same name on both sides. A name that several groups of one side have is matched to nothing.
func (i *initiation) match() {
	there := map[string][]sourceGroup{}
	for _, g := range i.found.groups {
		key := strings.ToLower(strings.TrimSpace(g.name))
		there[key] = append(there[key], g)
	}
	here := map[string]int{}
	for _, g := range i.found.catalog.Groups {
		here[strings.ToLower(g.Name)]++
	}
	for _, g := range i.found.catalog.Groups {
		place, from := i.found.catalog.PlaceName(g.Place), there[strings.ToLower(g.Name)]
		if len(from) == 1 && here[strings.ToLower(g.Name)] == 1 {
			i.found.pairs = append(i.found.pairs, pair{g, place, from[0]})
			continue
		}
		if place != "" {
			place += " / "
		}
		i.found.alone = append(i.found.alone, place+g.Name)
	}
	slices.SortFunc(i.found.pairs, func(a, b pair) int { return cmp.Compare(a.group.Name, b.group.Name) })
	slices.Sort(i.found.alone)
	i.ui.Tell("  %s the same name in the directory and in Kisi", voice.Count(len(i.found.pairs), "group has", "groups have"))
}

// speaksFor returns the domains of the directory's addresses, the most frequent first; those of a few people are left out, for the file
// should not let the directory speak for addresses by accident.
func (f *findings) speaksFor() []string {
	const few = 20 // one in so many
	all := slices.Collect(maps.Keys(f.domains))
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(f.domains[b]-f.domains[a], cmp.Compare(a, b)) })
	n := slices.IndexFunc(all, func(domain string) bool { return f.domains[domain]*few < len(f.people) })
	if n < 0 {
		return all
	}
	return all[:max(n, 1)]
}
