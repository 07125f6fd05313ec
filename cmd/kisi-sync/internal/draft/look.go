package draft

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/ldap"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// findings are what init sees on both sides.
type findings struct {
	catalog *access.Catalog
	people  int
	domains map[string]int // e-mail domains, with how many people have them
	groups  []sourceGroup
	pairs   []pair
	alone   []string // Kisi groups without a counterpart
}

// sourceGroup is a group of the directory.
type sourceGroup struct{ name, dn string }

// pair is a Kisi group and the directory's group of the same name.
type pair struct {
	group access.Group
	place string
	from  sourceGroup
}

// lookAround asks, and looks at Kisi and at the directory. Nothing is changed on either side.
func (i *initiation) lookAround(ctx context.Context) error {
	if err := i.lookAtKisi(ctx); err != nil {
		return err
	}
	if err := i.lookAtDirectory(ctx); err != nil {
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
	i.ui.Tell("Directory: OpenLDAP, Active Directory, FreeIPA or 389. It is read, and never written to.")
	if err := i.ask(ctx, &i.LDAP, "--ldap", "Its address, such as ldaps://dc1.corp.example.com", ""); err != nil {
		return err
	}
	if err := i.ask(ctx, &i.User, "--user", "An account that may read it (a DN, or name@domain)", ""); err != nil {
		return err
	}
	i.Password = cmp.Or(i.Password, i.Name+"-password")
	if err := i.askSecret(ctx, i.Password, "Password of "+i.User); err != nil {
		return err
	}
	settings := ldap.New().(*ldap.Settings)
	settings.URL, settings.TLS.CA = i.LDAP, i.CA
	settings.Login = ldap.Login{User: i.User, Password: secret.Ref{File: i.Password}}
	if err := i.survey(ctx, settings); err != nil {
		return err
	}
	settings.Preset, settings.Base = i.Preset, i.Base
	return i.census(ctx, settings)
}

// survey lets the directory say what it is, and asks where it does not.
func (i *initiation) survey(ctx context.Context, settings *ldap.Settings) error {
	seen, err := ldap.Look(ctx, settings, i.env())
	if err != nil {
		return fmt.Errorf("source %s: %w", i.Name, err)
	}
	if seen.Preset != "" {
		i.ui.Tell("  it says that it is %s", seen.Preset)
	}
	if err := i.ask(ctx, &i.Preset, "--preset", "What kind it is: openldap, active_directory, freeipa or 389ds", seen.Preset); err != nil {
		return err
	}
	return i.ask(ctx, &i.Base, "--base", "The DN below which people and groups are", seen.Base)
}

func (i *initiation) env() connectors.Env {
	return connectors.Env{Name: i.Name, Dir: i.dir(), Log: i.ui.Log.With("source", i.Name), Now: i.Now}
}

// census reads the directory once and keeps what the file needs to know.
func (i *initiation) census(ctx context.Context, settings *ldap.Settings) error {
	if f := settings.Validate(); len(f) > 0 {
		return exit.Usage(fmt.Errorf("source %s: %s: %s", i.Name, f[0].Path, f[0].Text), f[0].Hint)
	}
	source, err := settings.Open(i.env())
	if err != nil {
		return err
	}
	i.found.domains = map[string]int{}
	stop := i.ui.During(func() string { return fmt.Sprintf("reading the directory: %d people so far", i.found.people) })
	_, err = source.Fetch(ctx, directory.Cursor{}, i.put)
	stop()
	if err != nil {
		return fmt.Errorf("source %s: %w", i.Name, err)
	}
	i.ui.Tell("  %s, %s", voice.Count(i.found.people, "person", "people"), voice.Count(len(i.found.groups), "group", "groups"))
	return nil
}

func (i *initiation) put(r *directory.Record) error {
	switch r.Kind {
	case directory.PersonIs:
		i.found.people++
		if domain := email.Domain(email.Fold(r.Email)); domain != "" {
			i.found.domains[domain]++
		}
	case directory.GroupIs:
		g := sourceGroup{name: strings.Clone(r.Name)}
		for _, h := range r.Handles {
			if h.Kind == directory.ByDN {
				g.dn = strings.Clone(h.Value)
			}
		}
		i.found.groups = append(i.found.groups, g)
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
	var all []string
	for domain, people := range f.domains {
		if people*few >= f.people {
			all = append(all, domain)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(f.domains[b]-f.domains[a], cmp.Compare(a, b)) })
	return all
}
