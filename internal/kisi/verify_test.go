package kisi_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// problems returns what Verify finds, "!" in front of what is fatal.
func (b *bench) problems(t *testing.T, shapes bool) string {
	t.Helper()
	v, err := b.client.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range v.Findings(map[int64]string{b.Groups["Contractors"]: "Contractors"}, shapes) {
		if f.Hint == "" {
			t.Errorf("no hint for %q", f.Problem)
		}
		mark := ""
		if f.Fatal {
			mark = "!"
		}
		all = append(all, mark+f.Problem)
	}
	return strings.Join(all, "\n")
}

func TestAGoodKeyHasNothingToComplainAbout(t *testing.T) {
	for _, v := range kisisim.Variations() {
		var o kisisim.Options
		v.Set(&o.Assume)
		withAcme(t, o, func(t *testing.T, b *bench) {
			if got := b.problems(t, true); got != "" {
				t.Errorf("%s: %s", v.Name, got)
			}
		})
	}
}

func TestWhatIsWrongWithAKeyIsFound(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.ImportContractors()
		b.SetScim(true, true)
		b.Inject(kisisim.Fault{Path: "/organization", Count: kisisim.Always, Do: kisisim.Deprecated(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))})
		got := b.problems(t, true)
		for _, want := range []string{
			`!the integration "Entra contractors" (active_directory_user_import) also fills the group`,
			"SCIM is in use in this organization (1 users are suspended by it)",
			"Kisi announces the end of GET /organization",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("missing %q in:\n%s", want, got)
			}
		}
	})
}

func TestAKeyOfASmallerRoleIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		company := kisisim.Acme(kisisim.Options{})
		user := company.AddUser(kisisim.UserSpec{Email: "um@example.com", Name: "User manager"})
		company.SetOrganizationRole(user, kisisim.UserManager)
		company.AddKey(user, "small-key")
		company.Key = "small-key"
		b := newBench(t, company, pacer.Options{})
		if got := b.problems(t, false); strings.Contains(got, "lacks") {
			t.Errorf("a user manager is enough where groups are not shaped:\n%s", got)
		}
		if got := b.problems(t, true); !strings.Contains(got, "!the API key lacks the permissions") || !strings.Contains(got, "groups_write") {
			t.Errorf("got:\n%s", got)
		}
	})
}

func TestAKeyThatMayNotCountIsToldOfAndGoodEnough(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.Inject(kisisim.Fault{Path: "/roles", Count: kisisim.Always, Do: kisisim.EditRows("no links", func(_ int, row map[string]any) {
			delete(row["permissions"].(map[string]any), "group_links_read")
		})})
		want := "the API key lacks the permissions group_links_read: audit who may count fewer guests, access links and members of teams than there are"
		if got := b.problems(t, true); got != want {
			t.Errorf("got:\n%s", got)
		}
	})
}

func TestAKeyThatSeesPartOfThePeopleIsFound(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.Inject(kisisim.Fault{Path: "/organization/dashboard", Count: kisisim.Always, Do: kisisim.EditRows("more users", func(_ int, row map[string]any) {
			row["users"] = 5000
		})})
		if got := b.problems(t, false); !strings.Contains(got, "!the key sees 11 users, Kisi counts 5000") {
			t.Errorf("got:\n%s", got)
		}
	})
}

func TestAKeyThatIsNoneStopsTheCheck(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		client := newClient(t, kisi.Options{Key: key("wrong"), Pace: pacer.Options{Base: b.Transport()}})
		if _, err := client.Verify(t.Context()); !isOnly(err, access.ErrStop) || !strings.Contains(err.Error(), "401") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRolesWithoutDoorAccessAreNotBelieved(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.Inject(kisisim.Fault{Path: "/roles", Do: kisisim.Answer(200, "application/json", `[{"id":"group_manager","applies_to":"Group"}]`)})
		if _, err := b.target.Catalog(t.Context()); !isOnly(err, access.ErrStop) || !strings.Contains(err.Error(), "group_basic") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhatTheKeyMayNotReadIsLeftOutOfTheCheck(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		for _, path := range []string{"/organization/settings", "/organization/dashboard", "/integrations"} {
			b.Inject(kisisim.Fault{Path: path, Do: kisisim.Status(403)})
		}
		v, err := b.client.Verify(t.Context())
		if err != nil || v.Settings != nil || v.Dashboard != nil || v.Integrations != nil || v.Users != 11 {
			t.Errorf("got %+v, %v", v, err)
		}
	})
}

// A run beside makes users while check looks: whoever is made between the two counts must not look like one that the key may not see.
func TestKisisCountOfUsersIsAskedForBeforeTheyAreCounted(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		if _, err := b.client.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		counted, listed := 0, 0
		for _, r := range b.Requests() {
			switch r.Template {
			case "/organization/dashboard":
				counted = r.Serial
			case "/users":
				listed = r.Serial
			}
		}
		if counted == 0 || listed < counted {
			t.Errorf("Kisi's count was request %d, the list %d", counted, listed)
		}
	})
}
