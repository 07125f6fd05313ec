package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// keeping is a verb that changes a list which is kept by hand. What the file will say and what Kisi would get by that are shown, somebody
// agrees, the file is replaced, and then an ordinary run about these people carries out what follows from it.
type keeping struct {
	did    string // add, revoke, remove, restore
	source string // of the command line
	yes    bool
	ahead  bool // say what would be, and do nothing
	noting
	*session
	lists []keptList
	doc   usersDocument
	// hasRead says that the directories were read already, and readErr how that ended.
	hasRead bool
	readErr error
}

// usersDocument is what users add, revoke, remove and restore print as JSON.
type usersDocument struct {
	Did      string           `json:"did"`
	Source   string           `json:"source"`
	File     string           `json:"file"`
	By       string           `json:"by"`
	People   []string         `json:"people"`
	Diff     string           `json:"diff"`     // of the file
	Next     []shape.NextLine `json:"next"`     // what Kisi would get by that
	Problems []shape.Problem  `json:"problems"` // of these people
	Notes    []plan.Note      `json:"notes"`
	Written  bool             `json:"written"`        // the file was changed
	Rows     []importRow      `json:"rows,omitempty"` // of a table that is imported: what becomes of each
	Run      *runDocument     `json:"run"`            // how it went; null: nothing was done in Kisi
}

// alteration is one change of one list.
type alteration struct {
	list     *keptList
	who      []string // addresses or ids
	after    []byte   // what the file will say
	drop     []access.Pin
	question string
	later    string // what else there is to say
}

func (k *keeping) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.source, "source", "", "the `SOURCE` whose list it is, where there are several")
	cmd.Flags().BoolVarP(&k.yes, "yes", "y", false, "do not ask")
}

// run opens everything, reads the lists and the directories, and does it.
func (k *keeping) run(ctx context.Context, ui *call, c *common, do func(context.Context) error) (err error) {
	if !k.yes && !k.ahead && (ui.JSON || !ui.Answers()) {
		return exit.Usage(fmt.Errorf("%s asks before it does anything, and there is nobody to ask", k.verb()), "look at what it says in a terminal; with --yes it asks nothing")
	}
	if k.session, err = open(ctx, ui, c, opening{asked: ui.me(), keep: true, patience: watched}); err != nil {
		return err
	}
	defer k.closeInto(&err)
	k.doc = usersDocument{Did: k.did, By: ui.me(), People: []string{}, Next: []shape.NextLine{}, Problems: []shape.Problem{}, Notes: []plan.Note{}}
	if k.lists, err = readLists(k.settings, k.source); err != nil {
		return k.untouched(err)
	}
	return do(ctx)
}

// alter shows what a change means, asks, and does it.
func (k *keeping) alter(ctx context.Context, a alteration) error {
	k.doc.Source, k.doc.File, k.doc.People = a.list.name, a.list.path, a.who
	k.doc.Diff = unifiedDiff(a.list.text, a.after)
	if k.doc.Diff == "" && len(a.drop) == 0 {
		k.ui.Say("%s says so already. Nothing was done.", a.list.path)
		return k.ui.PrintJSON(k.doc)
	}
	readErr := k.readErr
	if !k.hasRead {
		readErr = k.read(ctx, false)
	}
	if err := hopeless(ctx, readErr); err != nil {
		return k.untouched(err)
	}
	look, f, err := k.foresee(ctx, a)
	if err != nil {
		return k.untouched(err)
	}
	k.showAhead(a, f)
	if k.ahead {
		return exit.Also(readErr, k.ui.PrintJSON(k.doc), k.foreseen(f))
	}
	if err := k.proven(ctx, f.Outlook); err != nil {
		return exit.Also(readErr, err)
	}
	if yes, err := k.agreed(ctx, a.question); err != nil || !yes {
		return err
	}
	if err := k.write(ctx, a); err != nil {
		return k.untouched(err)
	}
	return exit.Also(readErr, k.carryOut(ctx, a, look))
}

// foresee plans for the people as if the file said already what it will say, without keeping anything.
func (k *keeping) foresee(ctx context.Context, a alteration) (engine.Attention, forecast, error) {
	later := k.seeing(a.list.name, a.list.settings.Imagine(k.env(a.list.name), a.after), false)
	if _, err := later.Intake(ctx, a.list.name, false); err != nil {
		return engine.Attention{}, forecast{}, err
	}
	look, err := k.attention(ctx, a)
	if err != nil {
		return look, forecast{}, err
	}
	var out *engine.Outlook
	err = k.inTurn(ctx, func(ctx context.Context) (err error) {
		return k.observe(ctx, func(ctx context.Context) error {
			out, err = later.Attend(ctx, look)
			return err
		})
	})
	if err != nil {
		return look, forecast{}, err
	}
	return look, k.forecast(out), nil
}

// attention is where in Kisi the people are looked for: by what is linked to them, and by address.
func (k *keeping) attention(ctx context.Context, a alteration) (engine.Attention, error) {
	look := engine.Attention{Drop: a.drop}
	ledger, err := k.store.Ledger(ctx)
	if err != nil {
		return look, err
	}
	for _, who := range a.who {
		keys := k.keysOf(a.list, who)
		if email.Problem(who) == "" {
			look.Emails = append(look.Emails, email.Fold(who))
		}
		for i := range ledger.Accounts {
			account := &ledger.Accounts[i]
			linked := slices.ContainsFunc(account.Link.Anchors, func(anchor access.Anchor) bool { return slices.Contains(keys, anchor) })
			if linked || email.Fold(account.Known.Email) == email.Fold(who) {
				look.Members = append(look.Members, account.Known.ID)
			}
		}
	}
	slices.Sort(look.Members)
	look.Members = slices.Compact(look.Members)
	return look, nil
}

// keysOf are the anchors by which somebody of a list may be known.
func (k *keeping) keysOf(l *keptList, who string) []access.Anchor {
	ids := []string{who, email.Fold(who)}
	if p, ok := l.Find(who); ok {
		ids = append(ids, p.ID)
	}
	return shape.Convert(ids, func(id string) access.Anchor {
		return access.Anchor(directory.Key{Source: k.sources[k.indexOf(l.name)].ID, ID: id}.String())
	})
}

// showAhead shows what the file will say, and what Kisi would get by that.
func (k *keeping) showAhead(a alteration, f forecast) {
	k.doc.Next = shape.Convert(f.told.Summary(f.Words), func(l plan.Line) shape.NextLine { return shape.NextLine{Text: l.Text, Hold: l.Hold} })
	notes := k.notesAbout(a, f)
	k.doc.Notes = shape.OrEmpty(notes)
	mine := k.concerning(a, f.Conflicts)
	k.doc.Problems = shape.Convert(mine, func(c mapping.Conflict) shape.Problem {
		return shape.Problem{Kind: c.Kind, Who: c.Who, Text: c.Text, Hint: c.Hint, Count: 1}
	})
	if k.doc.Diff != "" {
		k.ui.Say("%s", k.ui.Bold(a.list.path))
		for line := range strings.Lines(k.doc.Diff) {
			k.ui.Say("%s", k.paintDiff(strings.TrimRight(line, "\r\n")))
		}
	}
	switch {
	case len(k.doc.Next) == 0: // showTotals says so
	case f.mode == plan.Observe:
		k.ui.Say("\n%s", k.ui.Bold("mode: observe – this is what mode: full would do in Kisi:"))
	default:
		k.ui.Say("\n%s", k.ui.Bold("In Kisi:"))
	}
	k.showLines(f)
	k.showConflicts("About these people:", mine)
	k.showNotes("Noticed in Kisi:", notes)
	k.showTotals(f)
	if a.later != "" {
		k.ui.Say("\n%s", a.later)
	}
}

func (k *keeping) paintDiff(line string) string {
	switch {
	case strings.HasPrefix(line, "+"):
		return k.ui.Green(line)
	case strings.HasPrefix(line, "-"):
		return k.ui.Red(line)
	}
	return line
}

// concerning returns what could not be decided, or is worth knowing, about the people.
func (k *keeping) concerning(a alteration, all []mapping.Conflict) []mapping.Conflict {
	var mine []mapping.Conflict
	for _, c := range all {
		for _, who := range a.who {
			if email.Fold(c.Who) == email.Fold(who) || slices.Contains(k.keysOf(a.list, who), access.Anchor(c.Key.String())) {
				mine = append(mine, c)
				break
			}
		}
	}
	return mine
}

// notesAbout are the notes about the people, and about groups of which somebody gains or loses something.
func (k *keeping) notesAbout(a alteration, f forecast) []plan.Note {
	about := map[string]bool{}
	for _, who := range a.who {
		about[email.Fold(who)] = true
	}
	for i := range f.told.Steps {
		about[f.told.Steps[i].Change.Object.GroupName] = true
	}
	return slices.DeleteFunc(slices.Clone(f.told.Notes), func(n plan.Note) bool { return !about[n.Who] && !about[email.Fold(n.Who)] })
}

// agreed asks; without --yes only a person agrees.
func (k *keeping) agreed(ctx context.Context, question string) (bool, error) {
	if k.yes {
		return true, nil
	}
	yes, err := k.ui.Ask(ctx, "\n"+question)
	if err == nil && !yes {
		k.ui.Say("Nothing was done.")
	}
	return yes, k.untouched(err)
}

// write replaces the file, and writes down that somebody did.
func (k *keeping) write(ctx context.Context, a alteration) error {
	if !bytes.Equal(a.list.text, a.after) {
		err := list.Update(ctx, a.list.path, a.list.text, a.after)
		switch {
		case errors.Is(err, list.ErrChanged):
			return exit.Failed(err, "run the same again, and look at it anew")
		case err != nil:
			return exit.Failed(err, "let "+k.account()+" write the file and its folder, as docs/people-by-hand.md says")
		}
		k.doc.Written = true
		line := record.AuditLine{Kind: record.DidList, Who: k.ui.me(), Outcome: record.Done, Why: k.words(),
			What: fmt.Sprintf("%s in %s: %s", k.verb(), a.list.name, fewOf(a.who))}
		if len(a.who) == 1 && email.Problem(a.who[0]) == "" {
			line.Email = email.Fold(a.who[0])
		}
		if err := k.store.(*store.Store).Audit(ctx, line); err != nil {
			return err
		}
	}
	if len(a.drop) == 0 {
		return nil
	}
	return k.store.(*store.Store).ChangePins(ctx, a.drop, nil)
}

// verb is what was typed.
func (k *keeping) verb() string {
	if k.did == importing {
		return k.did
	}
	return "users " + k.did
}

// fewOf names some of many people. Each of them is named in the lines about what they get.
func fewOf(who []string) string {
	const few = 20
	if len(who) <= few {
		return strings.Join(who, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(who[:few], ", "), len(who)-few)
}

// foreseen is the exit code of what would be done.
func (k *keeping) foreseen(f forecast) error {
	code := f.code()
	if code == 0 && k.doc.Diff != "" {
		code = exit.CodeChanges
	}
	if code == 0 {
		return nil
	}
	return &exit.Error{Code: code}
}

// account is who writes the file, for people.
func (k *keeping) account() string {
	if k.ui.host() != nil {
		return "the daemon's account"
	}
	return k.ui.me()
}

// carryOut takes in what the list says now, which is known without waiting until the file has been left alone for a while, and brings these
// people in step, as the next run would.
func (k *keeping) carryOut(ctx context.Context, a alteration, look engine.Attention) error {
	const anyway = "the list is written, and the next run carries it out"
	fresh := k.seeing(a.list.name, a.list.settings.Imagine(k.env(a.list.name), a.after), true)
	if _, err := fresh.Intake(ctx, a.list.name, false); err != nil {
		return exit.Failed(&exit.Unread{Err: err}, anyway)
	}
	look.Drop = nil // it is done
	return k.inTurn(ctx, func(ctx context.Context) error {
		var out *engine.Outlook
		err := k.observe(ctx, func(ctx context.Context) (err error) {
			out, err = fresh.Attend(ctx, look)
			return err
		})
		if err != nil {
			return exit.Failed(err, anyway)
		}
		return k.carryFor(ctx, fresh, k.forecast(out))
	})
}

// carryFor carries out what is planned, and tells how it went.
func (k *keeping) carryFor(ctx context.Context, e *engine.Engine, f forecast) error {
	progress := k.ui.Progress(k.describes(f.Words.Catalog), now)
	run, report, err := e.Carry(ctx, f.Outlook, apply.Options{Progress: k.logged(progress.Step), Urgent: k.urgent()})
	k.logRun(run, report)
	progress.End()
	if ctx.Err() != nil {
		leaveUnsent(&run.Steps, &report)
	}
	doc := newRunDocument(f, run, report, k.client.Stats().Calls)
	k.doc.Run = &doc
	if err := k.ui.PrintJSON(k.doc); err != nil {
		return err
	}
	k.showRun(f, run, report)
	f.own = true
	return ended(f, report, err)
}

// untouched is the end of a verb that failed before it did anything; a mistake of usage says that by itself.
func (k *keeping) untouched(err error) error {
	if exit.CodeOf(err) == exit.CodeUsage {
		return err
	}
	return k.session.untouched(err)
}
