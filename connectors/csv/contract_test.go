package csv

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
)

func TestContract(t *testing.T) {
	connectortest.Run(t, connectortest.Harness{Attribute: "company", New: func(t *testing.T) connectortest.Directory {
		dir := t.TempDir()
		r := &connectortest.Roster{
			Write: func(r *connectortest.Roster) { export(t, dir, r) },
			Source: func(attributes ...string) connectors.Source {
				s := settings(dir)
				s.Files, s.MayBeEmpty = Files{Groups: "groups.csv", Memberships: "memberships.csv"}, true
				return open(t, s, attributes...)
			},
		}
		r.Write(r)
		return r
	}})
}

// export is what a personnel system does: it writes its three files anew.
func export(t *testing.T, dir string, r *connectortest.Roster) {
	t.Helper()
	var people, groups, members strings.Builder
	people.WriteString("id,email,name,company,active\n")
	groups.WriteString("id,name\n")
	members.WriteString("group,member,member_group\n")
	for _, p := range r.People {
		active := ""
		if p.Disabled {
			active = "no"
		}
		fmt.Fprintf(&people, "%s,%s@example.com,The %s,%s,%s\n", p.ID, p.Name, p.Name, p.Value, active)
	}
	for _, g := range r.Groups {
		fmt.Fprintf(&groups, "%s,%s\n", g.ID, g.Name)
		for _, m := range g.Members {
			if i := r.Person(m); i >= 0 {
				fmt.Fprintf(&members, "%s,%s,\n", g.ID, r.People[i].ID)
			} else if i := r.Group(m); i >= 0 {
				fmt.Fprintf(&members, "%s,,%s\n", g.ID, r.Groups[i].ID)
			}
		}
	}
	for name, text := range map[string]string{"people.csv": people.String(), "groups.csv": groups.String(), "memberships.csv": members.String()} {
		write(t, filepath.Join(dir, name), text)
	}
}
