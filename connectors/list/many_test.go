package list

import (
	"strings"
	"testing"
)

func TestManyAreAddedAsOneByOne(t *testing.T) {
	people := []Person{visitor("cy@partner.example", "2026-03-31"), visitor("di@partner.example", ""), visitor("ed@partner.example", "")}
	for name, text := range map[string]string{
		"to nobody":      "# Guests.\npeople: []\n",
		"to lines":       "people:\n  # the painters\n  - email: ana@partner.example   # Ana\n    name: Ana Reis\n  # end\n",
		"to brackets":    "people:\n  - {email: ana@partner.example}\ngroups:\n  - {name: Painters, members: [ana@partner.example]}\n",
		"to one line":    "people: [{email: ana@partner.example}]   # Ana\n",
		"without an end": "people:\n  - {email: ana@partner.example}",
	} {
		all, one := document(t, text), document(t, text)
		if err := all.Put(people...); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, p := range people {
			if err := one.Put(p); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := len(all.People()), len(one.People()); got != want {
			t.Errorf("%s: %d people, want %d", name, got, want)
		}
		for _, p := range one.People() {
			if got, ok := all.Find(p.Email); !ok || len(got.Access) != len(p.Access) || got.Name != p.Name {
				t.Errorf("%s: %s is %+v, want %+v", name, p.Email, got, p)
			}
		}
		for line := range strings.Lines(text) {
			if comment := strings.Index(line, "#"); comment >= 0 && !strings.Contains(string(all.Text()), strings.TrimSpace(line[comment:])) {
				t.Errorf("%s: %q is lost:\n%s", name, line[comment:], all.Text())
			}
		}
	}
	d := document(t, "people: []\n")
	if err := d.Put(people...); err != nil {
		t.Fatal(err)
	}
	before := string(d.Text())
	if err := d.Put(people[:1]...); err != nil || string(d.Text()) != before {
		t.Errorf("somebody is put twice (%v):\n%s", err, d.Text())
	}
}
