//go:build unix

package killtest

import (
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// The story has everything at once that one run can bring: two who join (one of them with an end), a guest who joins, two who move, one who
// leaves one group, one who is disabled, one who is disabled no more, one who is not there any more, an end that moves, somebody whose user was
// made by hand, somebody with another name, a group that is made with its doors and stops, and a group of ours that is described anew, opens
// a door more, a door less and a stop less. Those who join are invited, and
// some rights are announced by mail.

// furnish fills the organization by hand.
func furnish(k *kisisim.Sim) {
	hq := k.AddPlace("HQ")
	doors := map[string]int64{}
	for _, name := range []string{"Main entrance", "Garage", "Server Room", "Lab"} {
		doors[name] = k.AddDoor(hq, name)
	}
	lift := k.AddElevator(hq, "Lift A")
	k.AddStop(lift, k.AddFloor(hq, 1))
	k.AddStop(lift, k.AddFloor(hq, 2))
	k.AddGroup(kisisim.GroupSpec{Name: "Server Room", Place: hq, Doors: []int64{doors["Server Room"]}})
	k.AddGroup(kisisim.GroupSpec{Name: "Contractors", Doors: []int64{doors["Main entrance"]}})
	k.SetOwner(k.AddUser(kisisim.UserSpec{Email: "olga@nordlicht.example", Name: "Olga Owner"}))
	account := k.AddUser(kisisim.UserSpec{Email: "kisi-sync@nordlicht.example", Name: "kisi-sync", Managed: true})
	k.SetOrganizationRole(account, kisisim.Administrator)
	k.AddKey(account, apiKey)
	hand := k.AddUser(kisisim.UserSpec{Email: "hand@nordlicht.example", Name: "Hanna Handmade"})
	k.AddGrant(kisisim.GrantSpec{To: kisisim.User(hand), On: kisisim.Group(k.GroupID("Contractors"))})
}

const config = `mode: full
installation: kill-1
kisi:
  url: KISI_URL
  organization: {domain: nordlicht}
  api_key: {file: kisi-api-key}
  new_users: invited
  rate: 5
sources:
  corp: {type: list, path: corp.yaml, emails: [nordlicht.example], attributes: {until: until}}
  guests: {type: list, path: guests.yaml, emails: any, may_grant: [Contractors], attributes: {ends: ends}}
people:
  attributes_from: [corp, guests]
leavers:
  vanished: {suspend: at_once}
groups:
  Staff:
    scope: organization
    if_missing: create
    manage: [members, doors]
    description: Everybody
    doors: [HQ / Main entrance, HQ / Lab]
    elevator_stops: [{place: HQ, elevator: Lift A, stop: Floor 1}]
  Server Room: {scope: {place: HQ}}
  Contractors: {scope: organization}
  # more groups
rules:
  # more rules
  - {name: staff, from: {source: corp, group: staff}, grant: [Staff]}
  - {name: servers, from: {source: corp, group: servers}, grant: [Server Room]}
  - {name: temps, from: {source: corp, group: temps}, grant: [Contractors], until: {attribute: until, if_missing: refuse}, notify: true}
  - {name: guests, from: {source: guests, everyone: true}, grant: [Contractors], until: {attribute: ends, if_missing: refuse}, notify: true}
limits:
  window: 24h
  disabled: {people: 50}
  removals: {people: 50}
  grants: {people: 50}
`

const corpBefore = `attributes: [until]
people:
  - {id: p-ana, email: ana@nordlicht.example, name: Ana Reis}
  - {id: p-bo, email: bo@nordlicht.example, name: Bo Lind}
  - {id: p-cem, email: cem@nordlicht.example, name: Cem Kaya}
  - {id: p-fay, email: fay@nordlicht.example, name: Fay Ngo, until: "2031-03-31"}
  - {id: p-gil, email: gil@nordlicht.example, name: Gil Roy}
  - {id: p-jo, email: jo@nordlicht.example, name: Jo Marsh}
  - {id: p-kim, email: kim@nordlicht.example, name: Kim Berg}
groups:
  - {id: g-staff, name: staff, members: [p-ana, p-bo, p-cem, p-gil, p-jo, p-kim]}
  - {id: g-lab, name: lab, members: []}
  - {id: g-servers, name: servers, members: [p-ana, p-jo]}
  - {id: g-temps, name: temps, members: [p-fay]}
`

const corpAfter = `attributes: [until]
people:
  - {id: p-ana, email: ana@nordlicht.example, name: Ana Reis}
  - {id: p-bo, email: bo@nordlicht.example, name: Bo Lindgren}
  - {id: p-cem, email: cem@nordlicht.example, name: Cem Kaya, active: false}
  - {id: p-dora, email: dora@nordlicht.example, name: Dora Frey, until: "2031-04-30"}
  - {id: p-eva, email: eva@nordlicht.example, name: Eva Stern}
  - {id: p-fay, email: fay@nordlicht.example, name: Fay Ngo, until: "2031-06-30"}
  - {id: p-gil, email: gil@nordlicht.example, name: Gil Roy}
  - {id: p-hand, email: hand@nordlicht.example, name: Hanna Handmade}
  - {id: p-jo, email: jo@nordlicht.example, name: Jo Marsh}
groups:
  - {id: g-staff, name: staff, members: [p-ana, p-bo, p-cem, p-dora, p-eva, p-gil, p-hand]}
  - {id: g-lab, name: lab, members: [p-ana, p-eva]}
  - {id: g-servers, name: servers, members: [p-bo, p-jo]}
  - {id: g-temps, name: temps, members: [p-dora, p-fay]}
`

const guestsBefore = `attributes: [ends]
people:
  - {email: vic@partner.example, name: Vic Allen, ends: "2031-01-31"}
`

const guestsAfter = `attributes: [ends]
people:
  - {email: vic@partner.example, name: Vic Allen, ends: "2031-01-31"}
  - {email: wil@partner.example, name: Wil Young, ends: "2031-02-28"}
`

// later is an hour later, or as much as it takes for what was seen to be old.
func (w *world) later() {
	if *shipped {
		w.pass(5 * time.Second)
		return
	}
	w.pass(time.Hour)
}

// first is a world in which nothing was synchronized yet.
func first(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.write("config.in", config)
	w.write("corp.yaml", corpBefore)
	w.write("guests.yaml", guestsBefore)
	w.point()
	return w
}

// before lives through what comes before the story.
func before(t testing.TB) past {
	t.Helper()
	w := first(t)
	w.runs(0, "sync")
	w.later()
	w.write("corp.yaml", disabled(corpBefore))
	w.runs(0, "sync")
	w.later()
	w.write("config.in", extended())
	w.write("corp.yaml", corpAfter)
	w.write("guests.yaml", guestsAfter)
	return w.remember()
}

// extended is the configuration with another group, and with other doors and words for a group that is ours.
func extended() string {
	return strings.NewReplacer("[HQ / Main entrance, HQ / Lab]", "[HQ / Main entrance, HQ / Garage]",
		"elevator_stops: [{place: HQ, elevator: Lift A, stop: Floor 1}]", "elevator_stops: []", "Everybody", "Everybody at headquarters",
		"# more rules", "- {name: lab, from: {source: corp, group: lab}, grant: [Lab]}",
		"# more groups", `Lab:
    scope: {place: HQ}
    if_missing: create
    manage: [members, doors]
    doors: [HQ / Lab]
    elevator_stops: [{place: HQ, elevator: Lift A, stop: Floor 2}]`).Replace(config)
}

// disabled is a list in which Gil is disabled.
func disabled(list string) string {
	return strings.Replace(list, "name: Gil Roy}", "name: Gil Roy, active: false}", 1)
}
