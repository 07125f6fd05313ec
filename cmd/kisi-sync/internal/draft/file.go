package draft

import (
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
)

// firstFile is what init writes. Text in quotes is written by quoted, which YAML reads as it reads JSON.
const firstFile = `# The configuration of kisi-sync, as kisi-sync init proposed it on {{.Day}}.
#
#   kisi-sync check      connects to everything, read-only, and says what it finds
#   kisi-sync plan       says who would get and lose which door; nothing is written
#   kisi-sync config schema > schema.json     help while you type, for editors that know YAML
#
# Everything else that can be said here, with its default, is in config.example.yaml.

# observe plans and reports, and writes nothing; add_only gives doors and takes none away; full keeps Kisi in step.
mode: observe

# Written into what kisi-sync creates in Kisi, so that it knows its own. Do not change it later.
installation: {{quoted .Installation}}

kisi:
  organization: {domain: {{quoted .Domain}}}
  api_key: {file: {{quoted .KeyFile}}}
{{- if .URL}}
  url: {{quoted .URL}}
{{- end}}
  # managed: Kisi sends no mail, your company looks after the account. invited: Kisi mails an invitation. It cannot be changed later.
  new_users: managed

sources:
  {{.Name}}:
    type: {{.Kind}}
{{- range .Source}}
    {{.}}
{{- end}}
    # The addresses that this directory may speak for. People with another one are reported and left out.
    emails: [{{range $n, $d := .Domains}}{{if $n}}, {{end}}{{quoted $d}}{{end}}]

schedule: {changes: "@every 1m", full: "0 3 * * *", time_zone: {{quoted .Zone}}}

# When somebody leaves. Whoever comes back gets everything back.
leavers:
  disabled: {suspend: at_once}
  vanished: {suspend: 24h}

# Kisi users that somebody made by hand keep what they have; kisi-sync gives and takes its own rights only.
existing_kisi_users: manage_our_rights

# So many people may lose or gain a door within the window without a person's word.
limits:
  window: 24h
  disabled: {people: 200}
  removals: {people: 20, percent_of_group: 10, groups_above: 10}
  grants: {people: 200}

# The Kisi groups whose members come from the directory.
groups:
{{- range .Pairs}}
  {{quoted .Group}}: {scope: {{if .Place}}{place: {{quoted .Place}}}{{else}}organization{{end}}}
{{- else}}
  # HQ Staff: {scope: organization}
{{- end}}
{{- if .Alone}}
  # Not matched, for want of one group of that name in the directory:
{{- range .Alone}}
  #   {{.}}
{{- end}}
{{- end}}

# Who gets which. Names in the directory and in Kisi were the same.
rules:
{{- range .Pairs}}
  - name: {{quoted .Rule}}
    from: {source: {{$.Name}}, group: {{quoted .From}}}{{if .Called}}      # {{.Called}}{{end}}
    grant: [{{quoted .Group}}]
{{- else}}
  # - name: staff
  #   from: {source: {{.Name}}, group: Staff}
  #   grant: [HQ Staff]
{{- end}}

# Tests of this file: kisi-sync check runs them. Name a few people whom you know.
# expect:
#   - {person: ana@example.com, has: [HQ Staff]}
`

// proposal is what firstFile says.
type proposal struct {
	Day, Installation, Domain, KeyFile, URL, Zone string
	Name, Kind                                    string
	Source                                        []string // the lines of the source
	Domains, Alone                                []string
	Pairs                                         []proposedPair
}

// proposedPair is a rule. Called is what people call the group in the directory, where From does not show it.
type proposedPair struct{ Group, Place, Rule, From, Called string }

func (i *initiation) proposal() proposal {
	p := proposal{Day: i.Now().Format(time.DateOnly), Installation: nameFrom(i.Installation), Domain: i.found.catalog.Organization.Domain, KeyFile: i.KeyFile,
		URL: i.KisiURL, Zone: zoneName(), Name: i.Name, Kind: i.Kind, Source: i.source.lines,
		Domains: i.found.speaksFor()}
	for _, name := range i.found.alone {
		p.Alone = append(p.Alone, strings.Map(printable, name))
	}
	used := map[string]bool{}
	for _, x := range i.found.pairs {
		rule := nameFrom(x.group.Name)
		for n := 2; used[rule]; n++ {
			rule = fmt.Sprintf("%s-%d", nameFrom(x.group.Name), n)
		}
		used[rule] = true
		p.Pairs = append(p.Pairs, proposedPair{x.group.Name, x.place, rule, x.from.ref, x.from.called()})
	}
	return p
}

// called is the name of a group that ref does not show.
func (g sourceGroup) called() string {
	if strings.Contains(strings.ToLower(g.ref), strings.ToLower(g.name)) {
		return ""
	}
	return strings.Map(printable, g.name)
}

// printable keeps a name from ending a comment.
func printable(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

// zoneName returns the time zone of this machine by the name that the file wants; UTC if it has none.
func zoneName() string {
	name := time.Local.String()
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return "UTC"
	}
	return name
}

// write writes the file, which must not be there, and reads it back.
func (i *initiation) write() error {
	t, err := template.New("").Funcs(template.FuncMap{"quoted": quoted}).Parse(firstFile)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := t.Execute(&text, i.proposal()); err != nil {
		return err
	}
	f, err := os.OpenFile(i.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exit.Failed(fmt.Errorf("write the file: %w", err), "")
	}
	_, err = f.WriteString(text.String())
	if err = exit.Also(err, f.Close()); err != nil {
		return exit.Failed(fmt.Errorf("write %s: %w", i.File, err), "")
	}
	i.ui.Say("%s is written: %s, mode: observe", i.File, voice.Count(len(i.found.pairs), "rule", "rules"))
	if len(i.found.pairs) == 0 {
		return nil
	}
	if _, err := config.Load(i.File, all.Types()); err != nil {
		return fmt.Errorf("the file that was written: %w", err)
	}
	return nil
}
