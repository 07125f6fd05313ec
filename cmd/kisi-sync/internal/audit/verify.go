package audit

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// verified is what audit verify --json prints.
type verified struct {
	Lines   uint64           `json:"lines"` // that hold
	Head    string           `json:"head"`
	Anchors *anchorsDocument `json:"anchors,omitempty"` // with --anchor
}

// Check is what the trail is held against. The zero Check is the trail alone.
type Check struct {
	Heads   []record.Head // that were kept elsewhere
	Anchors string        // the path of a file with more of them; "" for none
	Named   string        // what messages call that file
}

// Verify walks the whole trail, and says how far it holds.
func (t *Teller) Verify(ctx context.Context, c Check) error {
	d, heads := verified{}, c.Heads
	if c.Anchors != "" {
		d.Anchors = &anchorsDocument{}
		kept, others, err := t.readAnchors(c)
		if err != nil {
			return err
		}
		d.Anchors.Others, heads = others, append(kept, heads...)
	}
	head, err := t.Trail.AuditHead(ctx)
	if err != nil {
		return err
	}
	v, err := t.Trail.VerifyAuditAgainst(ctx, heads)
	if d.Lines, d.Head = v.Lines, head.String(); d.Anchors != nil {
		d.Anchors.Met, d.Anchors.Gone = v.Met, v.Gone
	}
	if jsonErr := t.UI.PrintJSON(d); jsonErr != nil {
		return jsonErr
	}
	if err == nil && v.Met == 0 && len(heads) > 0 {
		err = errors.New("all heads are of lines that were cut off since, so they prove nothing; hold the trail against a later one")
	}
	if err != nil {
		return exit.Failed(err, VerifyHint(err))
	}
	t.UI.Say("%s, each with all before it. Head: %s", voice.Count(int(v.Lines), "line holds", "lines hold"), head)
	t.sayAnchors(d.Anchors)
	return t.sayAnchored(ctx, head)
}

// VerifyHint says what to do when the trail does not hold.
func VerifyHint(err error) string {
	const keep = "keep the state file and its backups as they are: they show what was changed"
	if errors.Is(err, store.ErrAltered) {
		return keep + "; after state restore or rebuild a trail differs rightly from there on, and a line in it says so"
	}
	return keep
}

// anchorsDocument is the part of audit verify --json about heads that were kept elsewhere.
type anchorsDocument struct {
	Met    int `json:"met"`    // are still those of their lines
	Gone   int `json:"gone"`   // of lines that were cut off since
	Others int `json:"others"` // of other installations
}

// readAnchors reads the heads of this installation from the file.
func (t *Teller) readAnchors(c Check) (heads []record.Head, others int, err error) {
	f, err := os.Open(c.Anchors)
	if err != nil {
		return nil, 0, exit.Usage(err, "name the file that audit.anchor.file names, or the log of the syslog server")
	}
	all, err := record.ReadAnchors(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", c.Named, err)
	}
	installation := t.Settings.Policy().Installation
	for _, a := range all {
		if a.Installation != installation {
			others++
			continue
		}
		heads = append(heads, a.Head)
	}
	if len(heads) == 0 {
		return nil, others, exit.Failed(fmt.Errorf("%s has no head of the audit trail of %s in it", c.Named, installation),
			"audit.anchor in the file says where heads are kept after each run")
	}
	return heads, others, nil
}

// sayAnchors says how the trail was held against heads.
func (t *Teller) sayAnchors(a *anchorsDocument) {
	if a == nil {
		return
	}
	t.UI.Say("%s kept elsewhere still fit the trail.", voice.Count(a.Met, "head", "heads"))
	if a.Gone > 0 {
		t.UI.Say("%s of lines that were cut off since; a line of the trail says by whom.", voice.Count(a.Gone, "head is", "heads are"))
	}
	if a.Others > 0 {
		t.UI.Say("%s of other installations and not looked at.", voice.Count(a.Others, "head is", "heads are"))
	}
}

// sayAnchored says what the places of the file have.
func (t *Teller) sayAnchored(ctx context.Context, head record.Head) error {
	for _, place := range places(t.Settings) {
		last, err := t.Trail.Anchored(ctx, place.String())
		switch {
		case err != nil:
			return err
		case last.Head.Number == 0:
			t.UI.Say("%s %s was given no head yet.", t.UI.Yellow("!"), place)
		case last.Head.Number < head.Number:
			t.UI.Say("%s was given the head of line %d at %s; later lines follow after the next run.", place, last.Head.Number, t.Moment(last.At))
		default:
			t.UI.Say("%s was given this head at %s.", place, t.Moment(last.At))
		}
	}
	return t.sayCopied(ctx, head)
}

// sayCopied says how far the copy of the trail is.
func (t *Teller) sayCopied(ctx context.Context, head record.Head) error {
	c := t.Copy
	if c == nil {
		return nil
	}
	last, err := t.Trail.Anchored(ctx, c.Place())
	switch {
	case err != nil:
		return err
	case last.Head.Number == 0:
		t.UI.Say("%s %s was sent no line yet.", t.UI.Yellow("!"), c.To)
	case last.Head.Number < head.Number:
		t.UI.Say("%s was sent the lines up to %d at %s; %s waiting.", c.To, last.Head.Number, t.Moment(last.At),
			voice.Count(int(head.Number-last.Head.Number), "line is", "lines are"))
	default:
		t.UI.Say("%s was sent all lines, the last at %s.", c.To, t.Moment(last.At))
	}
	return nil
}
