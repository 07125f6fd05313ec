package list

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
		path := filepath.Join(t.TempDir(), "list.yaml")
		r := &connectortest.Roster{
			Write:  func(r *connectortest.Roster) { write(t, path, listOf(r)) },
			Source: func(attributes ...string) connectors.Source { return open(t, path, attributes...) },
		}
		r.Write(r)
		return r
	}})
}

// listOf is the list as its keeper would write it, ids and all.
func listOf(r *connectortest.Roster) string {
	var b strings.Builder
	b.WriteString("attributes: [company]\npeople:")
	if len(r.People) == 0 {
		b.WriteString(" []")
	}
	b.WriteString("\n")
	for _, p := range r.People {
		fmt.Fprintf(&b, "  - {id: %s, email: %s@example.com, name: The %s", p.ID, p.Name, p.Name)
		if p.Value != "" {
			fmt.Fprintf(&b, ", company: %q", p.Value)
		}
		if p.Disabled {
			b.WriteString(", active: false")
		}
		b.WriteString("}\n")
	}
	if len(r.Groups) > 0 {
		b.WriteString("groups:\n")
	}
	for _, g := range r.Groups {
		var people, groups []string
		for _, m := range g.Members {
			if i := r.Person(m); i >= 0 {
				people = append(people, r.People[i].ID)
			} else {
				groups = append(groups, m)
			}
		}
		fmt.Fprintf(&b, "  - {id: %s, name: %s, members: [%s], groups: [%s]}\n", g.ID, g.Name, strings.Join(people, ", "), strings.Join(groups, ", "))
	}
	return b.String()
}
