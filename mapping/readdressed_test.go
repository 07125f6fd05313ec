package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// A source that knows people by their address cannot tell a new address from a new person.
func TestANewAddressInASourceOfAddressesIsHeld(t *testing.T) {
	mutable := func(s *Spec) { hqForAll(s); s.Sources[0].Mutable, s.Sources[0].Domains = true, nil }
	holds := func(change func(*access.Account)) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "corp:ana@example.com", owned(r, 101, "hq"))
			a.Link.Name, a.Known.Name = "Ana Reis", "Ana Reis"
			if change != nil {
				change(&a)
			}
			return []access.Account{a}
		}
	}
	ana := withName(person("ana@example.com", "ana@example.com"), "Ana Reis")
	anna := withName(person("anna@example.com", "anna@example.com"), "Reis, Ana")
	bo := withName(person("bo@example.com", "bo@example.com"), "Bo Li")
	const (
		held   = "7 ana@example.com [corp:ana@example.com] leave (conflict: may be anna@example.com by now)"
		leaves = "7 ana@example.com [corp:ana@example.com] leave (vanished: gone from corp since 2026-03-15; suspended when it stays so)"
		comes  = "0 anna@example.com [corp:anna@example.com] keep +HQ Staff [hq]"
	)
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		conflicts string
	}{
		{"the same name under another address", scene{before: records(ana), corp: records(anna), accounts: holds(nil)}, []string{held}, Readdressed},
		{"also after the time of those who vanish", scene{before: records(ana), corp: records(anna), accounts: holds(nil), at: nextDay()}, []string{held}, Readdressed},
		{"the same name before another domain", scene{before: records(ana), corp: records(withName(person("ana@example.org", "ana@example.org"), "A. Li")), accounts: holds(nil)},
			[]string{"7 ana@example.com [corp:ana@example.com] leave (conflict: may be ana@example.org by now)"}, Readdressed},
		{"another name comes, and the one leaves", scene{before: records(ana), corp: records(bo), accounts: holds(nil)},
			[]string{"0 bo@example.com [corp:bo@example.com] keep +HQ Staff [hq]", leaves}, GraceRuns},
		{"no name tells nothing", scene{before: records(ana), corp: records(withName(anna, "")), accounts: holds(nil)}, []string{comes, leaves}, GraceRuns},
		{"nobody is gone", scene{before: records(ana), corp: records(ana, anna), accounts: holds(nil)},
			[]string{comes, "7 ana@example.com [corp:ana@example.com] keep +HQ Staff [hq]"}, ""},
		{"who was suspended for leaving has left", scene{before: records(ana), corp: records(anna), at: nextDay(),
			accounts: holds(func(a *access.Account) { a.Link.Suspended = &access.Cause{Kind: access.Vanished} })},
			[]string{comes, "7 ana@example.com [corp:ana@example.com] suspend (vanished: gone from corp since 2026-03-15)"}, ""},
		{"a source with ids knows better", scene{spec: hqForAll, before: records(ana), corp: records(anna), accounts: holds(nil)}, []string{comes, leaves}, GraceRuns},
		{"an operator says that they are one", scene{before: records(ana), corp: records(anna), accounts: holds(nil),
			pins: []access.Pin{{Kind: access.Adopt, Anchor: "corp:anna@example.com", Email: "anna@example.com", Member: 7}}},
			[]string{"7 anna@example.com [corp:anna@example.com corp:ana@example.com] keep +HQ Staff [hq]"}, AddressChanged + " " + RecreatedPerson},
		{"an operator says that the one has left", scene{before: records(ana), corp: records(anna), accounts: holds(nil),
			pins: []access.Pin{{Kind: access.Block, Email: "ana@example.com"}}},
			[]string{"7 ana@example.com [corp:ana@example.com] suspend (blocked: blocked)"}, Readdressed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.scene.spec == nil {
				c.scene.spec = mutable
			}
			c.scene.corp = append(c.scene.corp, admins()...)
			_, _, out := c.scene.play(t)
			got := tell(out.Desired)
			for i := range got {
				got[i] = trimGrants(got[i], c.want)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
		})
	}
}
