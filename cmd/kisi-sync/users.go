package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

func usersVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "users", Short: "Keep people by hand: add them, with what they are to have, and let them go",
		Long: `People who are in no directory are kept in the file of a source of type list: YAML, which can be reviewed and kept in git.
These verbs edit that file, keep every comment in it, and have the change carried out at once by an ordinary run, within the
limits. docs/people-by-hand.md tells how it is set up, and who may do what.`,
		Example: `  kisi-sync users add ana@partner.example,'Ana Reis' --target Visitors --until 2026-03-31
  kisi-sync users list`,
	})
	for _, verb := range []func(*call, *common) *cobra.Command{usersAddVerb, usersListVerb, usersShowVerb, usersRevokeVerb, usersRemoveVerb,
		usersSuspendVerb, usersRestoreVerb} {
		cmd.AddCommand(verb(ui, c))
	}
	return cmd
}

// scoping is what somebody is to have, as the command line says it.
type scoping struct {
	scope, target, role, from, until string
	notify, noNotify                 bool
}

func (g *scoping) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.scope, "scope", "group", "`SCOPE` is group, place or organization")
	cmd.Flags().StringVar(&g.target, "target", "", "the `NAME` of the group or place")
	completes(cmd, "scope", "group", "place", "organization")
}

// completes has the shell offer the words of a flag.
func completes(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

func (g *scoping) moreFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.role, "role", "", "the `ROLE`; in a group door_access, which it is without this, or group_manager")
	cmd.Flags().StringVar(&g.from, "from", "", "the first `DAY` (2026-03-01), or a moment (2026-03-01T08:00); none takes it away")
	cmd.Flags().StringVar(&g.until, "until", "", "the last `DAY`, which still counts, or a moment; none takes it away")
	cmd.Flags().BoolVar(&g.notify, "notify", false, "let Kisi tell them by mail")
	cmd.Flags().BoolVar(&g.noNotify, "no-notify", false, "let Kisi tell them nothing, which is so without this")
	completes(cmd, "role", listed.DoorAccess, listed.GroupManager)
}

// entry returns what the flags are about.
func (g *scoping) entry() (listed.Entry, error) {
	var e listed.Entry
	target := strings.TrimSpace(g.target)
	switch {
	case g.scope == "group" && target != "":
		e.Group = target
	case g.scope == "place" && target != "":
		e.Place = target
	case g.scope == "organization" && target == "":
		e.Organization = true
	case g.scope == "organization":
		return e, exit.Usage(errors.New("the organization needs no --target"), "leave it out, or say --scope group or --scope place")
	case g.scope == "group", g.scope == "place":
		return e, exit.Usage(fmt.Errorf("say which %s: --target NAME", g.scope), "kisi-sync groups and kisi-sync places list them")
	default:
		return e, exit.Usage(fmt.Errorf("--scope %s: expected group, place or organization", g.scope), "")
	}
	return e, nil
}

// over returns an entry with what the flags say; what they do not say stays as it was.
func (g *scoping) over(e listed.Entry, zone *time.Location) (listed.Entry, error) {
	if g.notify && g.noNotify {
		return e, exit.Usage(errors.New("--notify and --no-notify: one of them"), "")
	}
	if g.role != "" {
		e.Role = g.role
	}
	if e.Group != "" && e.Role == listed.DoorAccess {
		e.Role = "" // which means the same
	}
	var err error
	if e.From, err = dateFlag("--from", g.from, e.From, zone); err != nil {
		return e, err
	}
	if e.Until, err = dateFlag("--until", g.until, e.Until, zone); err != nil {
		return e, err
	}
	e.Notify = g.notify || e.Notify && !g.noNotify
	if f := e.Check(); f != nil {
		return e, exit.Usage(fmt.Errorf("--%s: %s", f.Field, f.Text), f.Hint)
	}
	if g.until != "" && hasPassed(e.Until, now()) {
		return e, exit.Usage(fmt.Errorf("--until %s has passed: it would give nothing", e.Until),
			"say a later day; access ends now with kisi-sync users revoke, or users suspend")
	}
	return e, nil
}

// hasPassed tells whether an end is over. A day ends where the door is, which is not known here: it is over when it is so in every zone of the world.
func hasPassed(until string, now time.Time) bool {
	if day, err := time.Parse(time.DateOnly, until); err == nil {
		return !now.Before(day.AddDate(0, 0, 1).Add(12 * time.Hour))
	}
	t, err := time.Parse(time.RFC3339, until)
	return err == nil && !now.Before(t)
}

// dateFlag returns a date as lists write it: a day stays a day, a moment gets its zone.
func dateFlag(flag, text, was string, zone *time.Location) (string, error) {
	switch text {
	case "":
		return was, nil
	case "none":
		return "", nil
	}
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text, nil
	}
	t, err := parseTime(text, zone, false)
	if err != nil {
		return "", exit.Usage(fmt.Errorf("%s %q is not a date", flag, text), "write 2026-03-31, 2026-03-31T18:00, or none")
	}
	return t.Format(time.RFC3339), nil
}

// noting is why a list says what it says.
type noting struct{ why, askedBy, ticket string }

func (n *noting) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&n.why, "why", "", "the reason, for the file and the audit trail: `TEXT`")
	cmd.Flags().StringVar(&n.askedBy, "asked-by", "", "`WHO` asked for it, for the file")
	cmd.Flags().StringVar(&n.ticket, "ticket", "", "the `TICKET`, for the file")
}

func (n *noting) note() list.Note {
	return list.Note{Why: strings.TrimSpace(n.why), AskedBy: strings.TrimSpace(n.askedBy), Ticket: strings.TrimSpace(n.ticket)}
}

// words is the note for the audit trail.
func (n *noting) words() string {
	var parts []string
	for _, part := range []struct{ key, text string }{{"", n.why}, {"asked by ", n.askedBy}, {"ticket ", n.ticket}} {
		if text := strings.TrimSpace(part.text); text != "" {
			parts = append(parts, part.key+text)
		}
	}
	return strings.Join(parts, "; ")
}

func usersSuspendVerb(ui *call, c *common) *cobra.Command {
	p := &pinning{kind: access.Block, undo: "users restore"}
	cmd := &cobra.Command{
		Use: "suspend PERSON", Short: "Take all access from somebody at once, until users restore", Args: exactly("PERSON"),
		Long: `Suspends the Kisi user of somebody at once, whether a list or a directory brings the person, and whatever rules and other
sources say: it is the same as block, and goes before everything else. The list stays as it is, so that nothing of what the
person has is forgotten. To disable somebody in the file itself, write active: false there: that is only as strong as its
source, and another source that goes before it may know better.`,
		Example: `  kisi-sync users suspend ana@partner.example --why ticket-4711`,
	}
	cmd.Flags().StringVar(&p.why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	cmd.Flags().BoolVar(&p.noRun, "no-run", false, "only write it down; the next run carries it out")
	return p.command(ui, c, cmd)
}
