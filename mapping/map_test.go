package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// scene is a world for one Map: twoSources with what the test changes.
type scene struct {
	spec        func(*Spec)
	corp, con   []directory.Record
	before      []directory.Record // what corp held on the read before, at noon of the day before
	accounts    func(*Rules) []access.Account
	groups      []access.GroupAccount
	catalog     func(*access.Catalog)
	at          time.Time
	unread      []string
	withoutCon  bool
	down        bool     // corp was not read again between noon and at
	corpDoubted bool     // absences from corp are not believed
	deleted     []string // ids that corp says are deleted, after all that
	pins        []access.Pin
	bindings    []Binding
}

func (s scene) play(t testing.TB) (*Rules, Input, Result) {
	t.Helper()
	spec := twoSources()
	if s.spec != nil {
		s.spec(&spec)
	}
	rules := mustCompile(t, spec)
	in := Input{Catalog: kisi(), At: s.at, Unread: s.unread, Pins: s.pins, Bindings: s.bindings}
	if in.At.IsZero() {
		in.At = noon()
	}
	if s.catalog != nil {
		s.catalog(in.Catalog)
	}
	var last *directory.Snapshot
	if s.before != nil {
		last = read(t, "corp", nil, noon().Add(-24*time.Hour), s.before...)
	}
	corp := deleteFrom(t, s.readCorp(t, last), s.deleted)
	if !s.down && in.At.After(noon()) {
		corp = nothingNew(t, corp, in.At)
	}
	snapshots := []*directory.Snapshot{corp}
	if !s.withoutCon {
		snapshots = append(snapshots, read(t, "con", nil, noon(), s.con...))
	}
	in.People = directory.Join(snapshots...)
	if s.accounts != nil {
		in.Owned = access.NewLedger(s.accounts(rules), s.groups)
	}
	return rules, in, rules.Map(in)
}

// deleteFrom reads an increment in which a source says that some objects are deleted.
func deleteFrom(t testing.TB, s *directory.Snapshot, ids []string) *directory.Snapshot {
	t.Helper()
	if len(ids) == 0 {
		return s
	}
	b := directory.Build(s.Source(), s)
	for _, id := range ids {
		if err := b.Put(&directory.Record{Kind: directory.Gone, ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	next, _, err := b.Seal(directory.Receipt{Coverage: directory.Delta, At: noon()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// nothingNew reads an increment of nothing.
func nothingNew(t testing.TB, s *directory.Snapshot, at time.Time) *directory.Snapshot {
	t.Helper()
	next, _, err := directory.Build(s.Source(), s).Seal(directory.Receipt{Coverage: directory.Delta, At: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func (s scene) readCorp(t testing.TB, last *directory.Snapshot) *directory.Snapshot {
	if !s.corpDoubted {
		return read(t, "corp", last, noon(), s.corp...)
	}
	b := directory.Build("corp", last)
	for i := range s.corp {
		if err := b.Put(&s.corp[i]); err != nil {
			t.Fatal(err)
		}
	}
	snapshot, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: noon()}, func(directory.Diff) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// tell puts a result into lines that a person can check.
func tell(d *access.Desired) []string {
	var lines []string
	for _, w := range d.Wishes {
		line := fmt.Sprintf("%d %s %v %s", w.Member, w.Email, w.Anchors, [...]string{"keep", "suspend", "leave"}[w.Standing])
		if w.Cause != 0 {
			line += fmt.Sprintf(" (%s: %s)", d.Causes[w.Cause].Kind, d.Causes[w.Cause].Text)
		}
		for _, g := range w.Grants {
			line += fmt.Sprintf(" +%s", d.Groups[g.Group].Name)
			if g.Role != access.DoorAccess {
				line += " as " + g.Role.Words()
			}
			if g.From != 0 {
				line += " from " + g.From.Time().Format(time.RFC3339)
			}
			if g.Until != 0 {
				line += " until " + g.Until.Time().Format(time.RFC3339)
			}
			if g.Unsure {
				line += " unsure"
			}
			line += fmt.Sprintf(" [%s]", d.Causes[g.Cause].Rule)
		}
		for _, l := range w.Losses {
			line += fmt.Sprintf(" -%d (%s: %s)", l.Group, d.Causes[l.Cause].Kind, d.Causes[l.Cause].Text)
		}
		lines = append(lines, line)
	}
	return lines
}

func kinds(all []Conflict) string {
	var words []string
	for _, c := range all {
		if c.Kind != SelectorMatchesNothing {
			words = append(words, c.Kind)
		}
	}
	return strings.Join(words, " ")
}

func staff(members ...string) []directory.Record  { return group("g-staff", "Staff", members...) }
func admins(members ...string) []directory.Record { return group("g-admins", "SysAdmins", members...) }
func staffByDN(s *Spec)                           { s.Rules[0].From.Group = "CN=Staff, DC=x" }

func TestMapDecides(t *testing.T) {
	ana, bo := person("1", "ana@example.com", "departmentNumber", "IT"), person("2", "Bo@Example.com", "departmentNumber", "HR")
	hq := func(r *Rules) access.OwnedGrant { return owned(r, 101, "hq") }
	servers := func(r *Rules) access.OwnedGrant { return owned(r, 102, "servers") }
	anaHolds := func(grants ...func(*Rules) access.OwnedGrant) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			var all []access.OwnedGrant
			for _, g := range grants {
				all = append(all, g(r))
			}
			return []access.Account{account(7, "ana@example.com", "corp:1", all...)}
		}
	}
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		conflicts string
	}{
		{"members of a group get what its rules grant, others nothing", scene{corp: records(ana, bo, person("3", "cy@example.com"), staff("1", "2"), admins("1", "2"))},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq] +Server Room [servers]", "0 Bo@Example.com [corp:2] keep +HQ Staff [hq]"}, ""},
		{"membership goes through groups in groups, cycles too", scene{corp: records(ana, staff("g-sub"), group("g-sub", "Sub", "g-staff", "1"), admins())},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"what is held and wanted stays", scene{corp: records(ana, staff("1"), admins()), accounts: anaHolds(hq)},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"who left the group loses its door, and is told which", scene{corp: records(ana, staff("1"), admins()), accounts: anaHolds(hq, servers)},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq] -102 (left_group: no longer a member of SysAdmins)"}, ""},
		{"who falls out of a condition loses its door, and is told the clause", scene{corp: records(person("1", "ana@example.com", "departmentNumber", "HR"), staff("1"), admins("1")), accounts: anaHolds(servers)},
			[]string{`7 ana@example.com [corp:1] keep +HQ Staff [hq] -102 (left_group: no longer so: person.department == "IT")`}, ""},
		{"a missing attribute takes nothing away", scene{corp: records(person("1", "ana@example.com"), staff("1"), admins("1")), accounts: anaHolds(servers)},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq] +Server Room unsure [servers]"}, "missing_attribute"},
		{"a missing attribute gives nothing either", scene{corp: records(person("1", "ana@example.com"), staff(), admins("1"))},
			nil, "missing_attribute"},
		{"a missing attribute does not open a door by negation", scene{spec: func(s *Spec) { s.Rules[1].Where = `not (person.department == "HR")` },
			corp: records(person("1", "ana@example.com"), staff(), admins("1"))}, nil, "missing_attribute"},
		{"nor by being unequal", scene{spec: func(s *Spec) { s.Rules[1].Where = `person.department != "HR" or person.department == "x"` },
			corp: records(person("1", "ana@example.com"), staff(), admins("1"))}, nil, "missing_attribute"},
		{"nor by none of a list", scene{spec: func(s *Spec) { s.Rules[1].Where = `none(person.teams, # == "x")` },
			corp: records(person("1", "ana@example.com"), staff(), admins("1"))}, nil, "missing_attribute"},
		{"an empty value is a missing one", scene{corp: records(person("1", "ana@example.com", "departmentNumber", ""), staff(), admins("1"))}, nil, "missing_attribute"},
		{"whoever asks has() means it", scene{spec: func(s *Spec) { s.Rules[1].Where = `not has(person.department) or person.department == "HR"` },
			corp: records(person("1", "ana@example.com"), staff(), admins("1"))}, []string{"0 ana@example.com [corp:1] keep +Server Room [servers]"}, ""},
		{"two values where one is declared are an error of that person", scene{corp: records(person("1", "ana@example.com", "departmentNumber", "IT", "departmentNumber", "HR"), bo, staff("2"), admins("1"))},
			[]string{"0 Bo@Example.com [corp:2] keep +HQ Staff [hq]"}, "several_values"},
		{"a rule that is gone takes its doors, as a change of the file", scene{corp: records(ana, staff("1"), admins()), accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 102, "gone"))}
		}}, []string{"7 ana@example.com [corp:1] keep +HQ Staff [hq] -102 (file: rule gone is no longer in the file)"}, ""},
		{"a rule that was changed takes its doors, as a change of the file", scene{corp: records(ana, staff(), admins()), accounts: func(r *Rules) []access.Account {
			g := owned(r, 102, "servers")
			g.Cause.Mark++
			return []access.Account{account(7, "ana@example.com", "corp:1", g)}
		}}, []string{"7 ana@example.com [corp:1] keep -102 (file: rule servers changed in the file)"}, ""},
		{"a door that another rule gives too is not lost", scene{spec: func(s *Spec) {
			s.Rules = append(s.Rules, Rule{Name: "all", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"HQ Staff"}})
		}, corp: records(ana, staff(), admins()), accounts: anaHolds(hq)}, []string{"7 ana@example.com [corp:1] keep +HQ Staff [all]"}, ""},
		{"a group that is not found takes nothing away", scene{corp: records(ana, admins()), accounts: anaHolds(hq)},
			[]string{"7 ana@example.com [corp:1] keep"}, ""},
		{"the disabled are suspended and keep what they would have", scene{corp: records(disabled(ana), staff("1"), admins()), accounts: anaHolds(hq, servers)},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, ""},
		{"the disabled are suspended though their address is gone", scene{corp: records(disabled(person("1", "")), staff(), admins()), accounts: anaHolds(hq)},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp)"}, ""},
		{"the disabled who have no user are nobody's business", scene{corp: records(disabled(ana), staff("1"), admins())}, nil, ""},
		{"a group that Kisi does not have keeps what it gave", scene{catalog: func(c *access.Catalog) { c.Groups = c.Groups[1:] }, corp: records(ana, staff("1"), admins()), accounts: anaHolds(hq)},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff unsure [hq]"}, "group_missing"},
		{"one that Kisi does not have keeps it for those who left, too", scene{catalog: func(c *access.Catalog) { c.Groups = c.Groups[1:] }, corp: records(ana, staff(), admins()), accounts: anaHolds(hq)},
			[]string{"7 ana@example.com [corp:1] keep"}, "group_missing"},
		{"a missing group is created if the file says so", scene{spec: func(s *Spec) { s.Groups[1].Create = true }, catalog: func(c *access.Catalog) { c.Groups = c.Groups[1:] }, corp: records(ana, staff("1"), admins())},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"everybody is created if the file says so", scene{spec: func(s *Spec) { s.CreateWithoutDoors = true }, corp: records(ana, staff(), admins())},
			[]string{"0 ana@example.com [corp:1] keep"}, ""},
		{"an undecided rule beside one that gives narrows nothing", scene{spec: func(s *Spec) {
			s.Rules[1].Grant = []string{"HQ Staff"}
			s.Rules[0].Until = &Date{Fixed: "2026-12-31"}
		}, corp: records(person("1", "ana@example.com"), staff("1"), admins("1")), accounts: anaHolds(hq)},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, "missing_attribute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := c.scene.spec
			c.scene.spec = func(s *Spec) {
				staffByDN(s)
				if rules != nil {
					rules(s)
				}
			}
			_, _, out := c.scene.play(t)
			if diff := cmp.Diff(c.want, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
		})
	}
}

func TestWhoIsWho(t *testing.T) {
	spec := func(s *Spec) {
		s.Rules[0] = Rule{Name: "hq", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"HQ Staff"}}
		s.Rules[1] = Rule{Name: "servers", From: Selector{Source: "corp", Group: "CN=SysAdmins,DC=x"}, Grant: []string{"Server Room"}}
		s.Rules[2].Until = nil
	}
	ana := person("1", "ana@example.com")
	holds := func(id access.RemoteID, mail string, anchors ...access.Anchor) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			a := account(id, mail, "", owned(r, 101, "hq"))
			a.Link.Anchors = anchors
			return []access.Account{a}
		}
	}
	con := func(id, mail string) []directory.Record { return records(person(id, mail)) }
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		conflicts string
	}{
		{"one person in two sources is one user, named by the first source", scene{corp: records(ana), con: con("9", "ANA@example.com")},
			[]string{"0 ana@example.com [corp:1 con:9] keep +Contractors [contractors] +HQ Staff [hq]"}, ""},
		{"spellings of an address are one person", scene{corp: records(person("1", " Ana@Example.COM ")), accounts: holds(7, "ana@example.com", "corp:1")},
			[]string{"7 Ana@Example.COM [corp:1] keep +HQ Staff [hq]"}, ""},
		{"plus-tags are other people", scene{corp: records(ana, person("2", "ana+x@example.com"))},
			[]string{"0 ana+x@example.com [corp:2] keep +HQ Staff [hq]", "0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"two active people with one address are left alone, the others go on", scene{corp: records(ana, person("2", "ana@example.com"), person("3", "bo@example.com")), accounts: holds(7, "ana@example.com", "corp:1")},
			[]string{"0 bo@example.com [corp:3] keep +HQ Staff [hq]", "7 ana@example.com [corp:1] leave (conflict: another active person has the same e-mail address)"}, "duplicate_email"},
		{"of an active and a disabled one the active one counts", scene{corp: records(disabled(ana), person("2", "ana@example.com"))},
			[]string{"0 ana@example.com [corp:2] keep +HQ Staff [hq]"}, ""},
		{"a person made again keeps the user", scene{corp: records(disabled(ana), person("2", "ana@example.com")), accounts: holds(7, "ana@example.com", "corp:1")},
			[]string{"7 ana@example.com [corp:2] keep +HQ Staff [hq]"}, "recreated_person"},
		{"a person deleted and made again keeps the user", scene{before: records(ana), corp: records(person("2", "ana@example.com")), accounts: holds(7, "ana@example.com", "corp:1")},
			[]string{"7 ana@example.com [corp:2 corp:1] keep +HQ Staff [hq]"}, "recreated_person"},
		{"an old record with a user of its own is suspended", scene{corp: records(disabled(ana), person("2", "ana@example.com")), accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "old@example.com", "corp:1"), account(8, "ana@example.com", "corp:2")}
		}}, []string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]", "8 ana@example.com [corp:2] keep +HQ Staff [hq]"}, "address_changed"},
		{"a changed address is the same person", scene{corp: records(person("1", "ana.new@example.com")), accounts: holds(7, "ana@example.com", "corp:1")},
			[]string{"7 ana.new@example.com [corp:1] keep +HQ Staff [hq]"}, "address_changed"},
		{"a person with two users is left alone", scene{corp: records(ana), con: con("9", "ana@example.com"), accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "hq")), account(8, "ana@x.org", "con:9")}
		}}, []string{"7 ana@example.com [corp:1 con:9] leave (conflict: is linked to several Kisi users: ana@example.com (7), ana@x.org (8); none of them is changed)",
			"8 ana@example.com [corp:1 con:9] leave (conflict: is linked to several Kisi users: ana@example.com (7), ana@x.org (8); none of them is changed)"}, "address_changed one_person_two_users"},
		{"a disabled person with two users loses both", scene{corp: records(disabled(ana)), con: con("9", "ana@example.com"), accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1"), account(8, "ana@example.com", "con:9")}
		}}, []string{"7 ana@example.com [corp:1 con:9] suspend (disabled: disabled in corp) +Contractors [contractors] +HQ Staff [hq]",
			"8 ana@example.com [corp:1 con:9] suspend (disabled: disabled in corp) +Contractors [contractors] +HQ Staff [hq]"}, ""},
		{"two people on one user are left alone", scene{corp: records(ana), con: con("9", "bo@example.com"), accounts: holds(7, "ana@example.com", "con:9", "corp:1")},
			[]string{"7 ana@example.com [corp:1] leave (conflict: Kisi user ana@example.com is linked to people who are different now: corp:1, con:9; nothing is changed for them)"}, "two_people_one_user"},
		{"but a disabled one above the others suspends it", scene{corp: records(disabled(ana)), con: con("9", "bo@example.com"), accounts: holds(7, "ana@example.com", "con:9", "corp:1")},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, ""},
		{"a lesser record without an address stays with its human", scene{corp: records(ana), con: con("9", ""), accounts: holds(7, "ana@example.com", "con:9", "corp:1")},
			[]string{"7 ana@example.com [corp:1 con:9] keep +Contractors [contractors] +HQ Staff [hq]"}, ""},
		{"a disabled record that lost its address still counts", scene{corp: records(disabled(person("1", ""))), con: con("9", "ana@example.com"), accounts: holds(7, "ana@example.com", "con:9", "corp:1")},
			[]string{"7 ana@example.com [corp:1 con:9] suspend (disabled: disabled in corp) +Contractors [contractors] +HQ Staff [hq]"}, ""},
		{"disabled in a lesser source: its rights go, the person stays", scene{corp: records(ana), con: records(disabled(person("9", "ana@example.com"))), accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"), owned(r, 103, "contractors"))}
		}}, []string{"7 ana@example.com [corp:1 con:9] keep +HQ Staff [hq] -103 (disabled: disabled in contractors)"}, ""},
		{"people without an address are reported, once a rule is about them", scene{corp: records(person("1", "")), con: con("9", "")}, nil, "no_email no_email"},
		{"an unusable address is reported", scene{corp: records(person("1", "ana at example"), person("2", strings.Repeat("a", 260)+"@example.com"))}, nil, "bad_email bad_email"},
		{"a linked person whose address is gone is left alone", scene{corp: records(person("1", "")), accounts: holds(7, "ana@example.com", "corp:1")},
			[]string{"7 ana@example.com [corp:1] leave (conflict: has no e-mail address in corp)"}, "no_email"},
		{"a source cannot speak for other domains", scene{corp: records(person("1", "boss@other.org"))}, nil, "foreign_domain"},
		{"nor take over a person of another source that way", scene{spec: func(s *Spec) { s.Sources[1].Domains = []string{"contractor.org"} }, corp: records(ana), con: con("9", "ana@example.com")},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, "foreign_domain"},
		{"people of a source that nobody read are left alone", scene{withoutCon: true, accounts: holds(7, "ana@example.com", "con:9")},
			[]string{"7 ana@example.com [con:9] leave (conflict: source contractors was not read yet)"}, ""},
		{"so are those of a source that is named as unread", scene{unread: []string{"corp"}, corp: records(ana), accounts: holds(7, "ana@example.com", "corp:1")},
			[]string{"7 ana@example.com [corp:1] leave (conflict: source corp was not read yet)"}, ""},
		{"what an unread source gave stays", scene{withoutCon: true, corp: records(ana), accounts: func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"), owned(r, 103, "contractors"))
			a.Link.Anchors = append(a.Link.Anchors, "con:9")
			return []access.Account{a}
		}}, []string{"7 ana@example.com [corp:1 con:9] keep +HQ Staff [hq]"}, ""},
		{"whoever a lesser source disables waits for the first one to be read", scene{unread: []string{"corp"}, con: records(disabled(person("9", "ana@example.com"))), accounts: holds(7, "ana@example.com", "con:9", "corp:1")},
			[]string{"7 ana@example.com [con:9 corp:1] leave (conflict: disabled in contractors, but corp goes before it and was not read yet)"}, ""},
		{"names and addresses come from the first source that has them", scene{corp: records(directory.Record{Kind: directory.PersonIs, ID: "1", Email: "ana@example.com"}), con: con("9", "ana@example.com")},
			[]string{"0 ana@example.com [corp:1 con:9] keep +Contractors [contractors] +HQ Staff [hq]"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.scene.spec
			c.scene.spec = func(s *Spec) {
				spec(s)
				if change != nil {
					change(s)
				}
			}
			_, _, out := c.scene.play(t)
			if diff := cmp.Diff(c.want, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
			if !slices.IsSortedFunc(out.Desired.Wishes, func(a, b access.Wish) int {
				if a.Member != b.Member {
					return int(a.Member - b.Member)
				}
				return strings.Compare(a.Folded, b.Folded)
			}) {
				t.Error("wishes are out of order")
			}
		})
	}
}
