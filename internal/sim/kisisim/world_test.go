package kisisim

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestAcmeLooksLikeItsPicture(t *testing.T) {
	got := Acme(Options{Now: newClock().Now}).World().String()
	const file = "testdata/acme.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, string(want), "Acme")
}

func TestTheSameStoryTwiceGivesEqualWorlds(t *testing.T) {
	worlds := [2]World{}
	for i := range worlds {
		k := visit(t, Assumptions{})
		if i == 1 { // a detour that leaves other ids behind
			k.want(204, "DELETE", fmt.Sprintf("/users/%d", k.create("gone@example.com", "Gone")), nil)
		}
		k.let(k.create("ana@example.com", "Ana"), "HQ / Server Room")
		worlds[i] = k.World()
		for u := range worlds[i].Users { // Acme's one dated right depends on the clock
			for g := range worlds[i].Users[u].Grants {
				worlds[i].Users[u].Grants[g].Until = time.Time{}
			}
		}
	}
	if !reflect.DeepEqual(worlds[0], worlds[1]) {
		t.Errorf("worlds differ:\n%v\n%v", worlds[0], worlds[1])
	}
}

func TestThingsDoneByHandShowInTheWorld(t *testing.T) {
	k := visit(t, Assumptions{})
	petra, cleaning := k.Users["petra.krueger@glanz.example"], k.Groups["Cleaning"]
	right := k.GrantID(User(petra), Group(cleaning))
	until := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

	k.SuspendUser(petra)
	k.ScimSuspend(petra, true)
	k.RenameUser(petra, "Petra K.")
	k.SetNotes(petra, "")
	k.SetMetadata(petra, map[string]any{"a": "b"})
	k.SetDates(right, time.Time{}, until)
	k.RenameGroup(cleaning, "Cleaners")
	k.GiveDoor(cleaning, k.Doors["HQ / Roof"])
	k.TakeDoor(cleaning, k.Doors["HQ / Main entrance"])
	k.GiveStop(cleaning, k.Stops["HQ / Lift A / Floor 3"])
	w := k.World()
	u, _ := w.User("PETRA.krueger@glanz.example")
	wantEqual(t, fmt.Sprint(u), `{petra.krueger@glanz.example Petra K.  false false false true map[a:b] [Cleaners as group_basic until 2030-01-01T00:00:00Z (by hand)]}`, "user")
	wantEqual(t, fmt.Sprint(w.Groups[0]), "{Cleaners Outside office hours [HQ / Roof München / Haupteingang] [HQ / Lift A / Floor 3] true}", "group")

	k.TakeStop(cleaning, k.Stops["HQ / Lift A / Floor 3"])
	k.ResumeUser(petra)
	k.DeleteGrant(right)
	u, _ = k.World().User("petra.krueger@glanz.example")
	wantEqual(t, u.Access && len(u.Grants) == 0 && len(k.World().Groups[0].Stops) == 0, true, "taken back")
	k.DeleteGroup(cleaning)
	wantEqual(t, k.GroupID("Cleaners"), 0, "group")
}

func TestSeedingWhatCannotBeIsAMistakeOfTheTest(t *testing.T) {
	for name, act := range map[string]func(*Company){
		"no such user":  func(c *Company) { c.SuspendUser(5) },
		"no such place": func(c *Company) { c.AddDoor(5, "x") },
		"address taken": func(c *Company) { c.AddUser(UserSpec{Email: "OLIVIA.brandt@example.com"}) },
		"role misfit": func(c *Company) {
			c.AddGrant(GrantSpec{To: User(c.Owner), On: Place(c.Places["HQ"]), Role: GroupBasic})
		},
		"no such group": func(c *Company) { c.AddGrant(GrantSpec{To: User(c.Owner), On: Group(5)}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			act(Acme(Options{}))
		})
	}
}

func TestWhatScimSaysIsShown(t *testing.T) {
	k := visit(t, Assumptions{})
	k.SetScim(true, true)
	wantEqual(t, k.get("/organization").object()["scim_enabled"], any(true), "scim_enabled")
	wantEqual(t, k.get("/organization/settings").object()["scim_configured"], any(true), "scim_configured")
}
