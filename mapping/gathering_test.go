package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// pushed makes a snapshot one of a source that is pushed to.
func pushed(t testing.TB, s *directory.Snapshot, accepted bool) *directory.Snapshot {
	t.Helper()
	b := directory.Build(s.Source(), s)
	if accepted {
		b.Accept()
	}
	next, _, err := b.Seal(directory.Receipt{Coverage: directory.Delta, At: noon(), Gathering: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// Until somebody has accepted what there is, nothing is concluded from what is missing; what is said counts from the first day.
func TestOfASourceThatGathersNothingIsConcludedFromWhatIsMissing(t *testing.T) {
	ana := person("1", "ana@example.com", "departmentNumber", "IT")
	holds := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"), owned(r, 102, "servers"))}
	}
	excluding := func(s *Spec) {
		s.Rules = append(s.Rules, Rule{Name: "not them", From: Selector{Source: "corp", Group: "CN=SysAdmins,DC=x"}, Exclude: []string{"HQ Staff"}})
	}
	keeps, loses := "7 ana@example.com [corp:1] keep +HQ Staff [hq]", " -102 (left_group: no longer a member of SysAdmins)"
	for _, c := range []struct {
		name            string
		scene           scene
		gathers, whole  []string // before and after it was accepted
		conflictsBefore string
	}{
		{"somebody new gets what rules give", scene{corp: records(ana, staff("1"), admins("1"))},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq] +Server Room [servers]"}, []string{"0 ana@example.com [corp:1] keep +HQ Staff [hq] +Server Room [servers]"}, ""},
		{"who is not in the group keeps what it gave", scene{corp: records(ana, staff("1"), admins()), accounts: holds}, []string{keeps}, []string{keeps + loses}, ""},
		{"also who came from a source that this one takes the place of, and has not been pushed yet", scene{corp: records(staff(), admins()), accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "old:1", owned(r, 101, "hq"))}
		}}, []string{"7 ana@example.com [old:1] keep"}, []string{"7 ana@example.com [old:1] keep -101 (left_group: no longer a member of Staff)"}, ""},
		{"who is disabled is suspended", scene{corp: records(disabled(ana), staff("1"), admins()), accounts: holds},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, []string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, ""},
		{"so is who is deleted", scene{corp: records(ana, staff("1"), admins()), deleted: []string{"1"}, accounts: holds},
			[]string{"7 ana@example.com [corp:1] suspend (deleted: deleted in corp, as known since 2026-03-15)"}, []string{"7 ana@example.com [corp:1] suspend (deleted: deleted in corp, as known since 2026-03-15)"}, ""},
		{"an exclusion that has not come lets nobody in, and takes nothing", scene{spec: excluding, corp: records(ana, staff("1"), admins())},
			nil, []string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, ""},
		{"nor does a negation", scene{spec: func(s *Spec) { s.Rules[0].Where = `not in_group("SysAdmins")` }, corp: records(ana, staff("1"), admins())},
			nil, []string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, "unsettled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := c.scene.spec
			c.scene.spec = func(s *Spec) {
				staffByDN(s)
				if rules != nil {
					rules(s)
				}
			}
			r, in, _ := c.scene.play(t)
			for _, accepted := range []bool{false, true} {
				in.People = directory.Join(pushed(t, in.People.Source("corp"), accepted), in.People.Source("con"))
				out := r.Map(in)
				want, conflicts := c.gathers, c.conflictsBefore
				if accepted {
					want, conflicts = c.whole, ""
				}
				if diff := cmp.Diff(want, tell(out.Desired)); diff != "" {
					t.Errorf("accepted %v: %s", accepted, diff)
				}
				if got := kinds(out.Conflicts); got != conflicts {
					t.Errorf("accepted %v: conflicts %q, want %q", accepted, got, conflicts)
				}
			}
		})
	}
}

// On the first day no provider has pushed anything. That is no mistake in the file, and says what comes next.
func TestAGroupThatWasNotPushedYetIsNoMistake(t *testing.T) {
	ana := person("1", "ana@example.com")
	c := scene{spec: func(s *Spec) { s.Rules[0].From.Group = "Engineers" }, corp: records(ana, staff("1"), admins())}
	r, in, _ := c.play(t)
	for _, accepted := range []bool{false, true} {
		in.People = directory.Join(pushed(t, in.People.Source("corp"), accepted), in.People.Source("con"))
		want := `selector_unpushed: source corp has not pushed a group "Engineers" yet; until it has, the rule gives nothing and takes nothing (kisi-sync accept corp)`
		if accepted {
			want = `selector_matches_nothing: source corp has no group "Engineers"; what the rule gave stays`
		}
		var got []string
		for _, c := range r.Map(in).Conflicts {
			if _, hint, ok := strings.Cut(c.Hint, "everybody: "); ok {
				c.Text += " (" + hint + ")"
			}
			got = append(got, c.Kind+": "+c.Text)
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("accepted %v: %s", accepted, diff)
		}
	}
}
