package main

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

func TestADiffShowsWhatChangedWithSomeLinesAround(t *testing.T) {
	const before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
	for _, c := range []struct{ name, after, want string }{
		{"the same", before, ""},
		{"in the middle", strings.Replace(before, "e\n", "E\n", 1), "@@ line 3\n c\n d\n-e\n+E\n f\n g\n"},
		{"at both ends", "A\n" + before[2:] + "k\n", "@@ line 1\n-a\n+A\n b\n c\n@@ line 9\n i\n j\n+k\n"},
		{"two close together", strings.NewReplacer("d\n", "", "f\n", "F\nFF\n").Replace(before), "@@ line 2\n b\n c\n-d\n e\n-f\n+F\n+FF\n g\n h\n"},
		{"from nothing", "", "@@ line 1\n-a\n-b\n-c\n-d\n-e\n-f\n-g\n-h\n-i\n-j\n"},
	} {
		if got := unifiedDiff([]byte(before), []byte(c.after)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// Whoever takes the lines of the diff that are marked, finds all that was there before and is not now, and the other way round.
func TestADiffLosesNoLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", ""}), 0, 12)
		a, b := lines.Draw(t, "a"), lines.Draw(t, "b")
		count := map[string]int{}
		for _, line := range a {
			count[line]++
		}
		for line := range strings.Lines(unifiedDiff([]byte(text(a)), []byte(text(b)))) {
			line = strings.TrimSuffix(line, "\n")
			switch line[0] {
			case '-':
				count[line[1:]]--
			case '+':
				count[line[1:]]++
			}
		}
		for _, line := range b {
			count[line]--
		}
		for line, n := range count {
			if n != 0 {
				t.Fatalf("%q: %d too many of what was before", line, n)
			}
		}
	})
}

func text(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestPeopleAreReadAsTheyAreWritten(t *testing.T) {
	u := newCall(world{in: strings.NewReader("\ufeffEmail,Name\nana@x.example, Ana Reis \n\n# later\nbo@x.example,\"Li, Bo\"\n"), args: []string{"users", "add"}})
	all, err := u.people(nil)
	if err != nil || len(all) != 2 || all[0].Name != "Ana Reis" || all[1].Email != "bo@x.example" || all[1].Name != "Li, Bo" {
		t.Errorf("%+v, %v", all, err)
	}
	if got := strings.Join(u.args, "|"); got != `users|add|--|ana@x.example, Ana Reis|bo@x.example,"Li, Bo"` {
		t.Errorf("a daemon would be asked for %s", got)
	}
	for _, args := range [][]string{{"ana"}, {"ana@x.example", "ANA@x.example,Ana"}, {",Ana"}} {
		if _, err := u.people(args); exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("%q: %v", args, err)
		}
	}
}
