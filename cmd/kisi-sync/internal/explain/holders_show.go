package explain

import (
	"fmt"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
)

// someHolders is how many holders of a group are told unless all are wanted.
const someHolders = 25

// Holders tells who may open a door, or the doors of a group; of each group only the first few, unless all are wanted.
func (t *Teller) Holders(d *Holders, all bool) {
	ui := t.UI
	switch people := voice.Count(d.People, "person", "people"); {
	case d.ofGroup:
		ui.Say("%s: %s may open its doors now", ui.Bold(d.Asked), people)
	case len(d.Groups) == 0:
		ui.Say("%s: no group opens it.", ui.Bold(d.Asked))
	default:
		ui.Say("%s: %s may open it now, through %s", ui.Bold(d.Asked), people, voice.Count(len(d.Groups), "group", "groups"))
	}
	for i := range d.Groups {
		t.showHolderGroup(&d.Groups[i], all)
	}
	if len(d.Roles) > 0 {
		ui.Say("\n%s", ui.Bold("Without a group, by their role"))
	}
	for _, r := range d.Roles {
		where := "in the organization"
		if r.Place != "" {
			where = "in " + r.Place
		}
		ui.Say("  %s: %s %s%s", voice.OrNone(r.Email, r.Name), r.Role, where, NotUser(r.Kind))
	}
	ui.Say("\n%s", t.HoldersWords(d))
}

// NotUser names the kind of a holder who is no user, in brackets with a space before them; "" for a user.
func NotUser(kind string) string {
	if kind == "user" {
		return ""
	}
	return " (" + kind + ")"
}

func (t *Teller) showHolderGroup(g *HolderGroup, all bool) {
	ui, managed := t.UI, "not in the file"
	if g.Managed {
		managed = "managed by the file"
	}
	ui.Say("\n%s (group %d, %s): %s", ui.Bold(g.Name), g.ID, managed, voice.Count(len(g.Holders), "holder", "holders"))
	for i := range g.Holders {
		if i == someHolders && !all {
			ui.Say("  and %d more (--all or --json names them)", len(g.Holders)-i)
			break
		}
		t.showHolder(&g.Holders[i])
	}
	for _, l := range g.Links {
		ui.Say("  %s access link %s%s: whoever has it", ui.Yellow("!"), linkName(l.Name), strings.TrimRight(" "+t.span("", l.Until), " "))
	}
	if g.beside != "" {
		ui.Say("  beside them, as last counted: %s", g.beside)
	}
	if n := len(g.Missing); n > 0 {
		ui.Say("  should hold it and does not, until the next run or a decision: %s", voice.Names(shape.Convert(g.Missing, func(m missingHolder) string { return m.Email })))
	}
}

func linkName(name string) string {
	if name == "" {
		return "without a name"
	}
	return fmt.Sprintf("%q", name)
}

func (t *Teller) showHolder(h *Holder) {
	ui, mark := t.UI, t.UI.Green("✓")
	line := voice.OrNone(h.Email, h.Name)
	if h.Kind != "user" {
		line = h.Kind + " " + voice.OrNone(h.Name, line)
	}
	line += " as " + h.Role
	if span := strings.TrimRight(t.span(h.From, h.Until), " "); span != "" {
		line += " " + span
	}
	if h.State != "" {
		mark = "·"
		line += ", " + h.State + ": opens nothing"
	}
	ui.Say("  %s %s", mark, line)
	why := h.Why
	switch {
	case h.Since != "" && h.Team != "":
		why += "; the team has it since " + voice.Moment(h.Since, t.Zone)
	case h.Since != "":
		why += "; since " + voice.Moment(h.Since, t.Zone)
	}
	if len(h.Records) > 0 {
		why += "; record " + strings.Join(h.Records, ", ")
	}
	ui.Say("      %s", why)
	if h.Next != "" {
		ui.Say("      %s %s", ui.Yellow("next run:"), h.Next)
	}
}

// HoldersWords says what the answer is worth.
func (t *Teller) HoldersWords(d *Holders) string {
	text := "These are rights as Kisi showed them just now. "
	if d.Remembered {
		text = fmt.Sprintf("This is as kisi-sync last saw it in Kisi, which was not asked. Users whom it does not know and who hold one of these groups: %d. "+
			"Who may open %s by a role in a place or the organization is not in it. ", d.Outside, map[bool]string{true: "its doors", false: "it"}[d.ofGroup])
	}
	text += "What narrows a group's rights in Kisi (times, readers, places), and what opens a door by itself (schedules, intercoms), is not looked at."
	for _, lacking := range d.Unread {
		text += "\nCould not be read: " + lacking
	}
	return text
}
