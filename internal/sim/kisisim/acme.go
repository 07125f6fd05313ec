package kisisim

import (
	"fmt"
	"time"
)

// Company is a Sim that has been in use for a while, with the ids of what it holds.
type Company struct {
	*Sim
	Key     string // secret of the service account's API key, an organization administrator
	KeyUser int64
	Owner   int64
	Admins  []int64
	Places  map[string]int64 // "HQ"
	Doors   map[string]int64 // "HQ / Main entrance"
	Stops   map[string]int64 // "HQ / Lift A / Floor 3"
	Groups  map[string]int64 // "Contractors"; "HQ / Server Room" for place groups
	Users   map[string]int64 // the hand-made ones, by address
}

// Acme furnishes the organization of the demo and the tests: three places (one with umlauts), doors, a lift, groups of
// the organization and of places (each place has one named Entire place), an owner, two administrators, a service account
// with the key, and people whom somebody entered by hand, with rights, a suspension and an end date of their own.
func Acme(o Options) *Company {
	c := &Company{
		Sim: New(o), Key: "acme-kisi-sync-key", Places: map[string]int64{}, Doors: map[string]int64{},
		Stops: map[string]int64{}, Groups: map[string]int64{}, Users: map[string]int64{},
	}
	c.build()
	c.staff()
	c.people()
	return c
}

func (c *Company) build() {
	for _, site := range []struct {
		name  string
		doors []string
	}{
		{"HQ", []string{"Main entrance", "Garage", "Server Room", "Lab", "Roof"}},
		{"Workshop", []string{"Gate", "Main entrance", "Tool store"}},
		{"München", []string{"Haupteingang", "Tor Süd", "Büro 1. OG"}},
	} {
		id := c.AddPlace(site.name)
		c.Places[site.name] = id
		var doors []int64
		for _, name := range site.doors {
			door := c.AddDoor(id, name)
			c.Doors[site.name+" / "+name] = door
			doors = append(doors, door)
		}
		c.group(site.name, GroupSpec{Name: "Entire place", Place: id, Doors: doors})
	}
	c.lift()
	c.group("HQ", GroupSpec{
		Name: "Server Room", Description: "Racks, UPS and tape vault", Place: c.Places["HQ"],
		Doors: []int64{c.Doors["HQ / Server Room"]}, Stops: []int64{c.Stops["HQ / Lift A / Floor -1"]},
	})
	c.group("", GroupSpec{Name: "Contractors", Doors: []int64{c.Doors["HQ / Main entrance"], c.Doors["Workshop / Gate"]}})
	c.group("", GroupSpec{Name: "Cleaning", Description: "Outside office hours", Doors: []int64{c.Doors["HQ / Main entrance"], c.Doors["München / Haupteingang"]}})
}

func (c *Company) lift() {
	hq := c.Places["HQ"]
	lift := c.AddElevator(hq, "Lift A")
	for _, number := range []int{-1, 0, 1, 2, 3} {
		c.Stops[fmt.Sprintf("HQ / Lift A / Floor %d", number)] = c.AddStop(lift, c.AddFloor(hq, number))
	}
}

func (c *Company) group(site string, spec GroupSpec) {
	label := spec.Name
	if site != "" {
		label = site + " / " + spec.Name
	}
	c.Groups[label] = c.AddGroup(spec)
}

func (c *Company) staff() {
	c.Owner = c.user(UserSpec{Email: "olivia.brandt@example.com", Name: "Olivia Brandt"})
	c.SetOwner(c.Owner)
	for _, spec := range []UserSpec{
		{Email: "henrik.sorensen@example.com", Name: "Henrik Sørensen"},
		{Email: "zoe.garcia@example.com", Name: "Zoë García", Notes: "Deputy of Henrik"},
	} {
		id := c.user(spec)
		c.Admins = append(c.Admins, id)
		c.SetOrganizationRole(id, Administrator)
		c.AddGrant(GrantSpec{To: User(id), On: Group(c.Groups["HQ / Entire place"])})
	}
	c.KeyUser = c.user(UserSpec{Email: "kisi-sync@example.com", Name: "kisi-sync service account", Managed: true, Notes: "Owns the API key of kisi-sync. Do not delete."})
	c.SetOrganizationRole(c.KeyUser, Administrator)
	c.AddKey(c.KeyUser, c.Key)
}

func (c *Company) people() {
	cleaner := c.user(UserSpec{Email: "petra.krueger@glanz.example", Name: "Petra Krüger", Notes: "Glanz & Söhne, mornings"})
	janitor := c.user(UserSpec{Email: "facility@example.com", Name: "Jürgen Müller", LastAccess: c.today().Add(-3 * time.Hour)})
	fitter := c.user(UserSpec{Email: "lukasz@liftservice.example", Name: "Łukasz Wiśniewski", Managed: true})
	auditor := c.user(UserSpec{Email: "aiko.tanaka@audit.example", Name: "Aiko Tanaka", Suspended: true, Notes: "On leave until the next audit"})
	former := c.user(UserSpec{Email: "sam.okafor@example.com", Name: "Sam Okafor", ScimSuspended: true})
	desk := c.user(UserSpec{Email: "chloe.dubois@example.com", Name: "Chloé Dubois", Metadata: map[string]any{"badge": "0042"}})
	foreman := c.user(UserSpec{Email: "bjorn.lindqvist@example.com", Name: "Björn Lindqvist"})

	c.AddGrant(GrantSpec{To: User(cleaner), On: Group(c.Groups["Cleaning"])})
	c.AddGrant(GrantSpec{To: User(janitor), On: Group(c.Groups["HQ / Entire place"]), Role: GroupManager})
	c.AddGrant(GrantSpec{To: User(janitor), On: Place(c.Places["Workshop"])})
	c.AddGrant(GrantSpec{To: User(fitter), On: Group(c.Groups["Contractors"]), Until: c.today().AddDate(1, 0, 0)})
	c.AddGrant(GrantSpec{To: User(auditor), On: Group(c.Groups["HQ / Server Room"])})
	c.AddGrant(GrantSpec{To: User(former), On: Group(c.Groups["HQ / Entire place"])})
	c.AddGrant(GrantSpec{To: User(foreman), On: Place(c.Places["Workshop"]), Role: PlaceAdmin})
	c.AddGrant(GrantSpec{To: User(foreman), On: Group(c.Groups["Workshop / Entire place"])})
	c.SetOrganizationRole(desk, FrontDesk)

	crew := c.AddTeam("Facility", User(janitor), User(cleaner))
	c.AddGrant(GrantSpec{To: Team(crew), On: Group(c.Groups["München / Entire place"])})
	visitor := c.AddGuest("Visitor of the day", "visitor@partner.example")
	c.AddGrant(GrantSpec{To: Guest(visitor), On: Group(c.Groups["Contractors"])})
	c.AddGroupLink(c.Groups["Contractors"], "Courier", time.Time{})
}

func (c *Company) user(spec UserSpec) int64 {
	id := c.AddUser(spec)
	c.Users[spec.Email] = id
	return id
}

func (c *Company) today() time.Time {
	defer c.lock()()
	return c.st.now()
}

// ImportContractors switches on one of Kisi's own directory imports, which feeds the group Contractors (§9): something
// that a careful client warns about.
func (c *Company) ImportContractors() {
	c.AddImport("Entra contractors", c.Groups["Contractors"])
}
