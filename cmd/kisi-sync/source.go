package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func sourceVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "source", Short: "Look at one source as kisi-sync sees it, or log in to it",
		Example: "  kisi-sync source read corp --person ana@example.com",
	})
	cmd.AddCommand(sourceReadVerb(ui, c), sourceLoginVerb(ui, c))
	return cmd
}

func sourceReadVerb(ui *call, c *common) *cobra.Command {
	r := &sourceReading{}
	cmd := &cobra.Command{
		Use: "read SOURCE", Short: "Read one source whole, and show what came of it", Args: exactly("SOURCE"),
		Long: `Reads one source of the file from beginning to end and keeps nothing of it. Without more it says how much is there and which
attributes people have. --person and --group show one of them: what kisi-sync makes of it, and under that what the
directory itself says, in its own words; values that are no text are shown as LDIF shows them (name:: base64).
Passwords are not shown.

PERSON is an e-mail address, a login name, an id, a name or another name that the directory has for somebody.`,
		Example: `  kisi-sync source read corp
  kisi-sync source read corp --person ana@example.com
  kisi-sync source read corp --group "Server Admins"
  kisi-sync source read corp --json | jq -r '.people[] | select(.active == "no") | .email'`,
	}
	f := cmd.Flags()
	f.StringVar(&r.person, "person", "", "show one `PERSON`")
	f.StringVar(&r.group, "group", "", "show one `GROUP`, with whom it names and who is in it")
	cmd.MarkFlagsMutuallyExclusive("person", "group")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "source read", patience: watched, quiet: true})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		r.session = s
		return r.run(cmd.Context(), args[0])
	}
	return cmd
}

// sourceReading is one read of one source, for people to look at.
type sourceReading struct {
	*session
	person, group string

	source  engine.Source
	view    *directory.View
	receipt directory.Receipt
}

func (r *sourceReading) run(ctx context.Context, name string) error {
	i := r.indexOf(name)
	if i < 0 {
		return exit.Usage(fmt.Errorf("%s has no source %q", r.settings.File, name), "its sources: "+strings.Join(shape.Convert(r.settings.Sources, func(s config.Source) string { return s.Name }), ", "))
	}
	r.source = r.session.sources[i]
	if err := r.read(ctx); err != nil {
		return err
	}
	var of directory.Object
	var err error
	kind := directory.PersonIs
	switch {
	case r.person != "":
		of, err = theOne("person", r.person, r.people)
	case r.group != "":
		kind = directory.GroupIs
		of, err = theOne("group", r.group, r.groups)
	default:
		return r.showAll()
	}
	if err != nil {
		return err
	}
	return r.showOne(ctx, of, kind)
}

// read reads the source whole, into nothing but memory.
func (r *sourceReading) read(ctx context.Context) error {
	b, records := directory.Build(r.source.ID, nil), 0
	stop := r.ui.During(func() string {
		return fmt.Sprintf("reading %s (%s)", r.source.Name, voice.Count(records, "record", "records"))
	})
	receipt, err := r.source.Fetch(ctx, directory.Cursor{}, func(x *directory.Record) error {
		records++
		return b.Put(x)
	})
	stop()
	if err != nil {
		return &exit.Unread{Err: fmt.Errorf("source %s: %w", r.source.Name, err)}
	}
	if receipt.At.IsZero() {
		receipt.At = now()
	}
	snapshot, _, err := b.Seal(receipt, func(directory.Diff) bool { return true })
	if err != nil {
		return err
	}
	r.view, r.receipt = directory.Join(snapshot), receipt
	return nil
}

func (r *sourceReading) people(yield func(directory.Object) bool) {
	for i := range r.view.People() {
		if !yield(r.view.Person(i)) {
			return
		}
	}
}

func (r *sourceReading) groups(yield func(directory.Object) bool) {
	for i := range r.view.Groups() {
		if !yield(r.view.Group(i)) {
			return
		}
	}
}

// theOne returns the one object of some that has a name: first whose name it is exactly, then whose it is with other cases, then of whose it is a
// part.
func theOne(kind, name string, all func(func(directory.Object) bool)) (directory.Object, error) {
	for _, is := range []func(have, want string) bool{
		func(have, want string) bool { return have == want },
		func(have, want string) bool { return email.Fold(have) == email.Fold(want) },
		func(have, want string) bool { return strings.Contains(email.Fold(have), email.Fold(want)) },
	} {
		var some []directory.Object
		for o := range all {
			if slices.ContainsFunc(namesOf(o), func(have string) bool { return is(have, name) }) {
				some = append(some, o)
			}
		}
		if len(some) == 1 {
			return some[0], nil
		}
		if len(some) > 1 {
			return directory.Object{}, exit.Failed(fmt.Errorf("%q may be one of %d: %s", name, len(some), strings.Join(firstNames(some), ", ")), "say it in full, or give the id")
		}
	}
	return directory.Object{}, exit.Failed(fmt.Errorf("no %s of this name was read: %q", kind, name), "the source reads only what its settings say (a base, a filter, a search): kisi-sync source read shows how much that is")
}

func namesOf(o directory.Object) []string {
	names := []string{o.ID(), o.Email(), o.Name()}
	for _, h := range o.Handles(nil) {
		names = append(names, h.Value)
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

func firstNames(some []directory.Object) []string {
	const enough = 5
	names := shape.Convert(some[:min(enough, len(some))], func(o directory.Object) string { return fmt.Sprintf("%s (%s)", personOrGroup(o), o.ID()) })
	if len(some) > enough {
		names = append(names, "...")
	}
	return names
}

func personOrGroup(o directory.Object) string {
	switch {
	case o.Email() != "":
		return o.Email()
	case o.Name() != "":
		return o.Name()
	}
	return o.ID()
}

// raw is what the directory itself says; nil with a reason when it cannot be had.
func (r *sourceReading) raw(ctx context.Context, o directory.Object, kind directory.Kind) ([]directory.Attr, error) {
	revealer, ok := r.source.Source.(connectors.Revealer)
	if !ok {
		return nil, errors.New("a source of this kind has nothing more to show")
	}
	return revealer.Reveal(ctx, &directory.Record{Kind: kind, ID: o.ID(), Email: o.Email(), Name: o.Name(), Handles: o.Handles(nil)})
}
