package plan

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

var update = flag.Bool("update", false, "write the golden texts anew")

var kisi = &access.Catalog{
	Organization: access.Organization{Domain: "acme"},
	Places:       []access.Place{{ID: 3, Name: "HQ"}},
	Doors:        []access.Door{{ID: 31, Place: 3, Name: "Main entrance"}, {ID: 32, Place: 3, Name: "Garage"}, {ID: 33, Place: 3, Name: "Server room"}},
	Stops:        []access.Stop{{ID: 51, Place: 3, Elevator: 5, ElevatorName: "Lift A", Name: "Floor 3"}},
}

// rendered is a plan as people read it, then as logs and approvals do.
func rendered(s *scene) string {
	in := s.input()
	p := Compute(in)
	var b strings.Builder
	for _, line := range p.Summary(Words{Catalog: kisi, Desired: in.Desired, Observed: in.Observed}) {
		b.WriteString(line.Text + "\n")
		if line.Hold != "" {
			b.WriteString("    held: " + line.Hold + "\n")
		}
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "note %s: %s: %s\n", n.Kind, n.Who, n.Text)
	}
	fmt.Fprintf(&b, "\n%d to do in %d calls, %d held\n", p.Do(), p.Calls(), p.Held())
	for i := range p.Steps {
		fmt.Fprintf(&b, "%2d %s (%s)\n", i, p.Steps[i].Describe(kisi), p.Steps[i].Change.Cause.Text)
	}
	return b.String()
}

// withDoors declares and shows what HQ Staff opens.
func withDoors(s *scene) *scene {
	s.desired.Groups[0].Openings, s.desired.Groups[0].Doors = true, []access.RemoteID{31, 32}
	s.observed.Groups[0].Opened = true
	s.observed.Groups[0].Doors = []access.Opening{{Row: 301, Thing: 31}, {Row: 302, Thing: 32}}
	s.groups = []access.GroupAccount{{ID: hq, Name: "HQ Staff", Doors: s.observed.Groups[0].Doors}}
	return s
}

func merge(scenes ...*scene) *scene {
	all := newScene()
	all.desired.Wishes, all.observed.Members = nil, nil
	for n, s := range scenes {
		for i, w := range s.desired.Wishes {
			name, id := fmt.Sprintf("p%d%d", n, i), access.RemoteID(100*(n+1)+i)
			address := func(was string) string { return strings.Replace(was, "ana@", name+"@", 1) }
			if w.Member != 0 {
				w.Member = id
			}
			w.Anchors[0] += access.Anchor(fmt.Sprint("/", n))
			w.Email, w.Folded = address(w.Email), address(w.Folded)
			all.desired.Wishes = append(all.desired.Wishes, w)
			for _, m := range s.observed.Members[min(i, len(s.observed.Members)):min(i+1, len(s.observed.Members))] {
				m.ID, m.Email = id, address(m.Email)
				all.observed.Members = append(all.observed.Members, m)
			}
			for _, a := range s.accounts[min(i, len(s.accounts)):min(i+1, len(s.accounts))] {
				a.Known.ID, a.Known.Email, a.Link.Anchors = id, address(a.Known.Email), w.Anchors[:1]
				all.accounts = append(all.accounts, a)
			}
		}
	}
	return all
}

func TestPlansReadWell(t *testing.T) {
	ours := link(access.Created, owned(access.Created))
	theirs := link(access.Linked, owned(access.Satisfied))
	march := access.Instant(1_774_994_400) // 2026-03-31 22:00 UTC
	manager := func(s *scene) { s.ana().Grants[0].Role = access.GroupManager }
	from := func(at access.Instant) func(*scene) { return func(s *scene) { s.ana().Grants[0].From = at } }
	renamed := func(s *scene) { s.ana().Name = "Ana Maria" }
	named := func(name string) func(*scene) { return func(s *scene) { s.user().Name = name } }
	protected := func(s *scene) { s.user().Protected = access.Owner }
	anotherAddress := func(s *scene) { s.observed.Members[0].Email, s.accounts[0].Known.Email = "old@x.com", "old@x.com" }
	noAddress := func(s *scene) { s.ana().Email, s.ana().Folded = "", "" }
	twoOf := func(changes ...func(*scene)) []*scene { return []*scene{newScene(changes...), newScene(changes...)} }

	for name, s := range map[string]*scene{
		"first load": withDoors(joiners(12)),
		"leavers": withDoors(merge(append(append(twoOf(ours, holds, suspend(disabled)), twoOf(ours, holds, loses(leftGroup))...),
			newScene(ours, holds, suspend(vanished)), newScene(theirs, holds, suspend(disabled)), newScene(ours, holds, protected, suspend(disabled)),
			newScene(stranger, suspend(disabled)), newScene(ours, loses(leftGroup)), newScene(theirs, holds, loses(leftGroup)),
			newScene(ours, gone, suspend(disabled)))...)),
		"held": func() *scene {
			s := withDoors(merge(append(append(twoOf(ours, holds, suspend(disabled)), twoOf(ours, holds, loses(leftGroup))...),
				twoOf(stranger, gone, wants)...)...))
			s.in.Limits = Limits{Disabled: 2, Grants: 1, Removals: Removals{People: 1}}
			return s
		}(),
		"by hand": withDoors(merge(newScene(ours, wants), newScene(ours, gone, wants), newScene(ours, holds, off, wants),
			newScene(ours, holdsUntil(march), wants), newScene(link(access.Linked), holdsUntil(march), wants), newScene(ours, holds, wants, named("Ana B.")),
			newScene(stranger, holds, wants), newScene(ours, holds, wants, func(s *scene) { s.user().SCIMBlocked = true }))),
		"repaired": func() *scene {
			s := withDoors(merge(newScene(ours, wants), newScene(ours, gone, wants), newScene(ours, holdsUntil(march), wants)))
			s.in.Policy.Repair = true
			return s
		}(),
		"dates and roles": merge(newScene(stranger, gone, wantsUntil(march)), newScene(link(access.Created), wants, from(march)),
			newScene(link(access.Created), wants, manager), newScene(ours, holds, wants, manager), newScene(ours, holds, wantsUntil(march)),
			func() *scene {
				s := newScene(ours, holdsUntil(march), wants)
				s.accounts[0].Owned[0].Until = march
				return s
			}()),
		"names and links": merge(newScene(stranger, wants), newScene(ours, holds, wants, renamed), newScene(ours, holds, off, wants, suspendedByUs),
			newScene(ours, holds, wants, func(s *scene) { s.ana().Anchors = append(s.ana().Anchors, "hr:9") }), newScene(ours, holds, noAddress, suspend(disabled)),
			newScene(ours, holds, wants).do(anotherAddress)),
		"moving house": crowd(),
		"groups": func() *scene {
			s := withDoors(staff(5))
			office := access.DesiredGroup{Name: "Office", Create: true, Members: true, Openings: true, Doors: []access.RemoteID{31, 32, 33}, Stops: []access.RemoteID{51}}
			lab := access.DesiredGroup{Name: "Lab", Create: true, Openings: true, Doors: []access.RemoteID{33}}
			text := "who works at HQ"
			s.desired.Groups[0].Description, s.desired.Groups[0].Doors, s.desired.Groups[0].Stops = &text, []access.RemoteID{31, 33}, []access.RemoteID{51}
			s.groups[0].Level = access.Created
			s.observed.Groups[0].Stops = []access.Opening{{Row: 401, Thing: 52}}
			s.groups = append(s.groups, access.GroupAccount{ID: 99, Name: "Lab", Level: access.Created})
			problem := access.DesiredGroup{Name: "Roof", Problem: "there are two groups of this name"}
			s.desired.Groups = append(s.desired.Groups, lab, office, problem)
			return s
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".golden")
			got := rendered(s)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestAPlanIsToldWithoutNames(t *testing.T) {
	lines := withDoors(joiners(1)).plan().Summary(Words{})
	if len(lines) != 2 || lines[1].Text != "p000@x.com gains HQ Staff" || len(lines[1].Steps) != 1 || lines[1].People[0] != "p000@x.com" {
		t.Errorf("%+v", lines)
	}
}
