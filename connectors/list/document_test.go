package list

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/listed"
)

func document(t testing.TB, text string) *Document {
	t.Helper()
	d, problems := ReadDocument([]byte(text))
	if len(problems) > 0 {
		t.Fatal(&Invalid{"f", problems})
	}
	return d
}

func visitor(mail, until string) Person {
	return Person{Email: mail, Access: []Access{{Entry: listed.Entry{Group: "Visitors", Until: until}}}}
}

func TestAChangeIsAsSmallAsItCanBe(t *testing.T) {
	const lines = `# Guests. Reviewed by lea.
people:
  # the painters
  - email: ana@partner.example   # Ana
    name: Ana Reis
    access:
      - {group: Visitors, until: 2026-03-31}   # FAC-311
      - group: Lab
        until: 2026-04-30   # FAC-312
      - Garage

  # the auditors
  - {email: bo@partner.example, access: [Lab], active: false}  # on leave
groups:
  - {name: Painters, members: [ana@partner.example, bo@partner.example]}
`
	for _, c := range []struct {
		name     string
		text     string
		change   func(d *Document) error
		old, new string
	}{
		{"a first person", "people: []  # nobody yet\n", func(d *Document) error { return d.Put(visitor("cy@x.example", "")) },
			"people: []  # nobody yet\n", "people:  # nobody yet\n  - email: cy@x.example\n    access:\n      - {group: Visitors}\n"},
		{"a person more, as the one before is written", lines, func(d *Document) error {
			p := visitor("cy@x.example", "2026-03-31")
			p.Name, p.Why, p.Ticket = "Cy: the \"x\"", "audit", "#7"
			return d.Put(p)
		}, "# on leave\n", "# on leave\n  - {email: cy@x.example, name: 'Cy: the \"x\"', access: [{group: Visitors, until: 2026-03-31}], why: audit, ticket: '#7'}\n"},
		{"a date", lines, func(d *Document) error { return d.Put(visitor("ana@partner.example", "2026-06-30")) },
			"{group: Visitors, until: 2026-03-31}", "{group: Visitors, until: 2026-06-30}"},
		{"no date any more", lines, func(d *Document) error { return d.Put(visitor("ANA@partner.example", "")) },
			"{group: Visitors, until: 2026-03-31}", "{group: Visitors}"},
		{"a date in lines", lines, func(d *Document) error {
			return d.Put(Person{Email: "ana@partner.example", Access: []Access{{Entry: listed.Entry{Group: "Lab", From: "2026-04-01", Until: "2026-05-31"}}}})
		}, "until: 2026-04-30   # FAC-312\n", "until: 2026-05-31   # FAC-312\n        from: 2026-04-01\n"},
		{"no date in lines any more", lines, func(d *Document) error {
			return d.Put(Person{Email: "ana@partner.example", Access: []Access{{Entry: listed.Entry{Group: "lab"}}}})
		}, "        until: 2026-04-30   # FAC-312\n", ""},
		{"a word that becomes more", lines, func(d *Document) error {
			return d.Put(Person{Email: "bo@partner.example", Access: []Access{{Entry: listed.Entry{Group: "Lab", Role: listed.GroupManager}}}})
		}, "access: [Lab]", "access: [{group: Lab, role: group_manager}]"},
		{"one more group", lines, func(d *Document) error {
			return d.Put(Person{Email: "ana@partner.example", Access: []Access{{Entry: listed.Entry{Group: "Roof"}}}, Note: Note{Ticket: "T-1"}})
		}, "      - Garage\n", "      - Garage\n      - {group: Roof, ticket: T-1}\n"},
		{"one group less", lines, func(d *Document) error { return d.Revoke("ana@partner.example", listed.Entry{Group: "Visitors"}) },
			"      - {group: Visitors, until: 2026-03-31}   # FAC-311\n", ""},
		{"the last group", lines, func(d *Document) error { return d.Revoke("bo@partner.example", listed.Entry{Group: "Lab"}) }, "access: [Lab]", "access: []"},
		{"enabled again", lines, func(d *Document) error { return d.Enable("bo@partner.example") }, "active: false", "active: true"},
		{"a name", lines, func(d *Document) error { return d.Put(Person{Email: "bo@partner.example", Name: "Bo"}) }, "active: false}", "active: false, name: Bo}"},
		{"somebody goes, of the groups too", "people:\n  - email: ana@x.example\n  - email: bo@x.example\n    access: [Lab]\n\n# groups\ngroups:\n  - name: A\n    members:\n      - ana@x.example\n      - bo@x.example   # B\n",
			func(d *Document) error { return d.Remove("bo@x.example") },
			"", "people:\n  - email: ana@x.example\n\n# groups\ngroups:\n  - name: A\n    members:\n      - ana@x.example\n"},
		{"the last person goes", "people:\n- email: ana@x.example\n  name: A\n# end\n", func(d *Document) error { return d.Remove("ana@x.example") },
			"", "people: []\n# end\n"},
		{"no line ends the file", "people:\n- email: ana@x.example", func(d *Document) error { return d.Put(visitor("bo@x.example", "")) },
			"ana@x.example", "ana@x.example\n- email: bo@x.example\n  access:\n    - {group: Visitors}"},
		{"all in brackets", "people: [{email: ana@x.example, name: 'a]b'}, # {x}\n {email: bo@x.example}]\n", func(d *Document) error { return d.Remove("ana@x.example") },
			"{email: ana@x.example, name: 'a]b'}, # {x}\n ", ""},
		{"lines of Windows", "people:\r\n  - email: ana@x.example\r\n", func(d *Document) error { return d.Put(visitor("bo@x.example", "")) },
			"ana@x.example\r\n", "ana@x.example\r\n  - email: bo@x.example\r\n    access:\r\n      - {group: Visitors}\r\n"},
		{"a comment at the end of a text in lines", "people:\n  - email: ana@x.example\n    why: |\n      because\n      # of this\n", func(d *Document) error { return d.Put(visitor("bo@x.example", "")) },
			"# of this\n", "# of this\n  - email: bo@x.example\n    access:\n      - {group: Visitors}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := document(t, c.text)
			if err := c.change(d); err != nil {
				t.Fatal(err)
			}
			want := c.new
			if c.old != "" {
				want = strings.Replace(c.text, c.old, c.new, 1)
			}
			if diff := cmp.Diff(want, string(d.Text())); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestManyPeopleArePutAtOnce(t *testing.T) {
	for _, text := range []string{"people: []\n", "people:\n  - {email: old@x.example, access: [Lab]}  # old\n", "people: [{email: old@x.example}]", "people:\n- email: old@x.example\n"} {
		d := document(t, text)
		people := []Person{visitor("old@x.example", "2027-01-31")}
		for i := range 1000 {
			people = append(people, visitor(fmt.Sprintf("p%d@x.example", i), "2026-03-31"))
		}
		if err := d.Put(people...); err != nil {
			t.Fatal(err)
		}
		old, _ := d.Find("old@x.example")
		if n := len(d.People()); n != 1001 || !old.Access[len(old.Access)-1].Same(listed.Entry{Group: "Visitors"}) {
			t.Errorf("%q: %d people, and the old one has %v", text, n, old.Access)
		}
	}
}

func TestWhatCannotBeChangedAloneIsLeftToAPerson(t *testing.T) {
	const text = "people:\n  - &a {email: ana@x.example, access: &g [Lab]}\n  - email: bo@x.example\n    name: Bo\n      Li\n"
	d := document(t, text)
	if err := d.Put(Person{Email: "bo@x.example", Access: []Access{{Entry: listed.Entry{Group: "Lab"}}}}); err != nil {
		t.Error(err) // the name goes over two lines, which stay
	}
	if err := d.Revoke("nobody@x.example", listed.Entry{Group: "Lab"}); !errors.Is(err, ErrNotListed) {
		t.Error(err)
	}
	before := string(d.Text())
	if err := d.Remove("ana@x.example"); err != nil && string(d.Text()) != before {
		t.Errorf("%v, and the text is\n%s", err, d.Text())
	}
}

// drawn is a random list, with where each person stands in it.
type drawn struct {
	text   strings.Builder
	bodies [][2]int
	mails  []string
}

func drawList(t *rapid.T) *drawn {
	f := &drawn{}
	noise := func(indent string) {
		for _, n := range rapid.SliceOfN(rapid.SampledFrom([]string{"\n", "# Grüße, 'it''s' [a]\n", "   # {x: \"y\"\n", "\n\n"}), 0, 2).Draw(t, "noise") {
			if n != "\n" && n != "\n\n" {
				n = indent + strings.TrimLeft(n, " ")
			}
			f.text.WriteString(n)
		}
	}
	noise("")
	f.text.WriteString("attributes: [company]   # ours\n")
	dash := rapid.SampledFrom([]string{"", "  ", "    "}).Draw(t, "indent")
	f.text.WriteString("people:" + rapid.SampledFrom([]string{"", "   # all"}).Draw(t, "head") + "\n")
	for i := range rapid.IntRange(1, 5).Draw(t, "people") {
		noise(dash)
		f.mails = append(f.mails, fmt.Sprintf("p%d@x.example", i))
		from := f.text.Len()
		if rapid.Bool().Draw(t, "brackets") {
			fmt.Fprintf(&f.text, "%s- {email: %s%s%s}%s\n", dash, f.mails[i], drawKeys(t, true, ""), drawAccess(t, true, ""), drawRemark(t))
		} else {
			fmt.Fprintf(&f.text, "%s- email: %s%s%s%s\n", dash, f.mails[i], drawRemark(t), drawKeys(t, false, dash+"  "), drawAccess(t, false, dash+"  "))
		}
		f.bodies = append(f.bodies, [2]int{from, f.text.Len()})
	}
	noise("")
	if rapid.Bool().Draw(t, "groups") {
		f.text.WriteString("groups:\n  # some\n  - {name: Painters, members: [], groups: [Painters]}\n")
		noise("")
	}
	return f
}

func drawRemark(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "   # it's so", " # ]}"}).Draw(t, "remark")
}

func drawKeys(t *rapid.T, brackets bool, indent string) string {
	out := ""
	for _, k := range rapid.SampledFrom([][]string{{}, {"name: O'Neil, the 2nd"}, {"name: 'x, ]} '''", "company: \"a \\\" # b\""}, {"active: true", "why: Größe # 3"}, {"why: a ]b"}}).Draw(t, "keys") {
		if brackets {
			k = strings.NewReplacer(" # 3", "", ", the", " the", "]b", "b").Replace(k)
			out += ", " + k
			continue
		}
		out += "\n" + indent + k
	}
	return out
}

func drawAccess(t *rapid.T, brackets bool, indent string) string {
	some := []string{"Lab", "{group: Roof}", "{group: Garage, until: 2026-03-31}", "{group: Hall, role: group_manager, from: 2026-01-01, why: 'a, b'}"}
	all := rapid.SliceOfNDistinct(rapid.SampledFrom(some), 0, 4, rapid.ID[string]).Draw(t, "access")
	switch {
	case len(all) == 0:
		return ""
	case brackets:
		return ", access: [" + strings.Join(all, rapid.SampledFrom([]string{", ", ",", " , "}).Draw(t, "comma")) + "]"
	}
	out := "\n" + indent + "access:"
	for _, a := range all {
		if a[0] == '{' && rapid.Bool().Draw(t, "lines") {
			a = strings.ReplaceAll(strings.ReplaceAll(strings.Trim(a, "{}"), "'a, b'", "ab"), ", ", "\n"+indent+"  ")
		}
		out += "\n" + indent + "- " + a + drawRemark(t)
	}
	return out
}

// Whatever is done to one person: what stands before and behind the person's lines is the same to the byte.
func TestEverythingElseSurvivesToTheByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawList(t)
		text := f.text.String()
		d, problems := ReadDocument([]byte(text))
		if len(problems) > 0 {
			t.Fatalf("%v\n%s", &Invalid{"f", problems}, text)
		}
		i := rapid.IntRange(0, len(f.mails)-1).Draw(t, "who")
		from, to := f.bodies[i][0], f.bodies[i][1]
		group := rapid.SampledFrom([]string{"Lab", "Roof", "Garage", "Hall", "New: one"}).Draw(t, "group")
		what := rapid.IntRange(0, 4).Draw(t, "what")
		var err error
		switch what {
		case 0:
			err = d.Remove(f.mails[i])
		case 1:
			err = d.Put(Person{Email: f.mails[i], Access: []Access{{Entry: listed.Entry{Group: group, Until: "2027-01-31", Notify: true}}}})
		case 2:
			err = d.Revoke(f.mails[i], listed.Entry{Group: group})
		case 3:
			err = d.Enable(f.mails[i])
		case 4:
			from, to = f.bodies[len(f.bodies)-1][1], f.bodies[len(f.bodies)-1][1]
			err = d.Put(visitor("new@x.example", "2026-03-31"))
		}
		if errors.Is(err, ErrNotListed) {
			return
		}
		if err != nil {
			t.Fatalf("%d: %v\n%s", what, err, text)
		}
		got := string(d.Text())
		if what == 0 && len(f.mails) == 1 { // the line "people:" says that nobody is left
			from = strings.Index(text, "people:") + len("people:")
		}
		if !strings.HasPrefix(got, text[:from]) || !strings.HasSuffix(got, text[to:]) {
			t.Fatalf("%d %s changed more than it should:\n%s\n-----\n%s", what, f.mails[i], text, got)
		}
	})
}

func TestATextIsReadAsItWasMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		why := strings.TrimSpace(rapid.OneOf(rapid.String(), rapid.StringMatching(`[-a#:&*!|>%@{}\[\], '"~\\.0]{1,6}`)).Draw(t, "text"))
		if why == "" {
			return
		}
		for _, text := range []string{"people: []\n", "people: [{id: x}]\n"} {
			d, _ := ReadDocument([]byte(text))
			if err := d.Put(Person{Email: "ana@x.example", Note: Note{Why: why}}); err != nil {
				t.Fatalf("%q: %v", why, err)
			}
			if p, ok := d.Find("ana@x.example"); !ok || p.Why != why {
				t.Fatalf("%q became %q in\n%s", why, p.Why, d.Text())
			}
		}
	})
}
