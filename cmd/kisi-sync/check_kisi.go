package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
)

// kisi looks at the key and at the organization that it belongs to.
func (k *checkup) kisi(ctx context.Context) {
	stop := k.lookingAtKisi()
	v, err := k.client.Verify(ctx)
	stop()
	if err != nil {
		k.failed("kisi", err)
		return
	}
	k.good("kisi", "the key belongs to %s in the organization %s (domain %s) and sees %s", v.Self.Email, v.Organization.Name,
		v.Organization.Domain, voice.Count(v.Users, "user", "users"))
	k.clock()
	if want := k.settings.Kisi.Domain; want != v.Organization.Domain {
		k.add(finding{About: "kisi", Level: bad, Text: fmt.Sprintf("the file is about the organization %q, the key belongs to %q", want, v.Organization.Domain),
			Hint: "write kisi: {organization: {domain: " + v.Organization.Domain + "}}, or use a key of the other organization"})
		return
	}
	k.verified = v
}

// skewed is by how much this machine's clock may differ from Kisi's. Dates of access rights hang on it.
const skewed = 2 * time.Minute

func (k *checkup) clock() {
	st := k.client.Stats()
	if st.SkewSeen.IsZero() || st.Skew.Abs() < skewed {
		return
	}
	how := "behind"
	if st.Skew < 0 {
		how = "ahead"
	}
	k.add(finding{About: "kisi", Level: warning, Text: fmt.Sprintf("this machine's clock is %s %s of Kisi's", st.Skew.Abs().Round(time.Second), how),
		Hint: "let it be set by the network (NTP): dates of access rights hang on it"})
}

// surroundings says what the key may not do and what else writes into the organization, now that it is known which groups are
// managed.
func (k *checkup) surroundings(d *access.Desired) {
	managed := map[int64]string{}
	shapes := false
	for _, g := range d.Groups {
		shapes = shapes || g.Create || g.Openings
		if g.ID != 0 {
			managed[int64(g.ID)] = g.Name
		}
	}
	findings := k.verified.Findings(managed, shapes)
	for _, f := range findings {
		is := warning
		if f.Fatal {
			is = bad
		}
		k.add(finding{About: "kisi", Level: is, Text: f.Problem, Hint: f.Hint})
	}
	if len(findings) == 0 {
		k.good("kisi", "%s, and nothing else writes into the groups of the file", rights(k.verified))
	}
}

// rights says what the key's user may do, by role.
func rights(v *kisi.Verification) string {
	roles := strings.ReplaceAll(strings.Join(v.Roles, ", "), "_", " ")
	return "the key has the rights that are needed (" + voice.OrNone(roles, "no role on the organization") + ")"
}
