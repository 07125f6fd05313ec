package kisi_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// crowd fills Acme with others who may open doors, and returns how they are to be counted: seven users of Acme hold roles.
func crowd(b *bench) access.Beside {
	lab, contractors, cleaning := b.Groups["München / Entire place"], b.Groups["Contractors"], b.Groups["Cleaning"]
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	guest, former := b.AddGuest("Mira", ""), b.AddGuest("Former", "")
	b.AddGrant(kisisim.GrantSpec{To: kisisim.Guest(guest), On: kisisim.Group(contractors), Until: soon})
	b.AddGrant(kisisim.GrantSpec{To: kisisim.Guest(guest), On: kisisim.Group(contractors), Role: kisisim.GroupManager})
	b.AddGrant(kisisim.GrantSpec{To: kisisim.Guest(former), On: kisisim.Group(contractors), Until: past})
	b.AddGrant(kisisim.GrantSpec{To: kisisim.Guest(guest), On: kisisim.Place(b.Places["HQ"])})
	b.AddGroupLink(contractors, "Removals", soon)
	b.AddGroupLink(cleaning, "Last month", past)
	empty := b.AddTeam("Empty")
	b.AddGrant(kisisim.GrantSpec{To: kisisim.Team(empty), On: kisisim.Group(lab)})
	floor := b.AddTeam("Ground floor", kisisim.User(b.Users["sam.okafor@example.com"]), kisisim.Guest(former))
	b.AddGrant(kisisim.GrantSpec{To: kisisim.Team(floor), On: kisisim.Place(b.Places["HQ"])})
	return access.Beside{Users: 8, Guests: 2, Groups: []access.BesideGroup{
		{Group: access.RemoteID(lab), Teams: []access.Team{{ID: access.RemoteID(empty), Name: "Empty"}, {Name: "Facility", Members: 2}}},
		{Group: access.RemoteID(contractors), Guests: 2, Links: 2},
	}}
}

func diffBeside(want access.Beside, got *access.Beside) string {
	if got == nil {
		return "nothing was counted"
	}
	for i := range got.Groups {
		for j := range got.Groups[i].Teams {
			if t := &got.Groups[i].Teams[j]; t.Name == "Facility" {
				t.ID = 0
			}
		}
	}
	want.At = got.At
	return cmp.Diff(want, *got)
}

func TestWhoElseMayOpenDoorsIsCountedWithAHandfulOfCalls(t *testing.T) {
	for _, v := range kisisim.Variations() {
		if v.Name == "links may not be listed" {
			continue // see below
		}
		t.Run(v.Name, func(t *testing.T) {
			o := kisisim.Options{}
			v.Set(&o.Assume)
			withAcme(t, o, func(t *testing.T, b *bench) {
				want := crowd(b)
				before := b.Counts().Requests
				b.observe(t, access.Scope{All: true})
				plain := b.Counts().Requests - before
				state := b.observe(t, access.Scope{All: true, Beside: true})
				if d := diffBeside(want, state.Beside); d != "" {
					t.Error(d)
				}
				if more := b.Counts().Requests - before - 2*plain; more > 4 && !o.Assume.MembershipsByTeam {
					t.Errorf("it took %d calls more", more)
				}
			})
		})
	}
}

func TestOnlyAWholeObservationThatIsAskedToCounts(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		some := b.observe(t, access.Scope{Members: []access.RemoteID{access.RemoteID(b.Admins[0])}, Beside: true, Singly: true})
		if all := b.observe(t, access.Scope{All: true}); all.Beside != nil || some.Beside != nil || b.Counts().ByRoute["GET /group_links"] != 0 {
			t.Errorf("%+v %+v", all.Beside, some.Beside)
		}
	})
}

func TestWhatCannotBeCountedIsSaidAndStopsNothing(t *testing.T) {
	links := func(a kisisim.Action) kisisim.Fault {
		return kisisim.Fault{Method: "GET", Path: "/group_links", Do: a, Count: kisisim.Always}
	}
	for _, f := range []struct {
		name  string
		fault kisisim.Fault
	}{
		{"forbidden", links(kisisim.Status(403))}, {"not there", links(kisisim.Gone())}, {"ill", links(kisisim.Unavailable())},
		{"hangs", links(kisisim.Hang())}, {"never whole", links(kisisim.WrongTotal(1))}, {"without ids", links(kisisim.DropFields("id"))},
		{"refused in general", kisisim.Fault{}},
	} {
		t.Run(f.name, func(t *testing.T) {
			o := kisisim.Options{Assume: kisisim.Assumptions{LinksRefused: f.fault.Path == ""}}
			withAcme(t, o, func(t *testing.T, b *bench) {
				want := crowd(b)
				want.Groups[1].Links = 0
				if f.fault.Path != "" {
					b.Inject(f.fault)
				}
				began := time.Now()
				state := b.observe(t, access.Scope{All: true, Beside: true})
				if took := time.Since(began); took > time.Minute {
					t.Errorf("it took %s", took)
				}
				if state.Beside == nil || len(state.Beside.Uncounted) != 1 || !strings.HasPrefix(state.Beside.Uncounted[0], "access links: ") {
					t.Fatalf("%+v", state.Beside)
				}
				state.Beside.Uncounted = nil
				if d := diffBeside(want, state.Beside); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestTeamsWhoseMembersCannotBeCountedAreNamedAllTheSame(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.Inject(kisisim.Fault{Method: "GET", Path: "/team_memberships", Do: kisisim.Status(403), Count: kisisim.Always})
		got := b.observe(t, access.Scope{All: true, Beside: true}).Beside
		teams := got.In(access.RemoteID(b.Groups["München / Entire place"])).Teams
		if len(teams) != 1 || teams[0].Name != "Facility" || teams[0].Members != access.Unknown || len(got.Uncounted) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestABadKeyAndAnEndStopTheCounting(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		revoked := b.Inject(kisisim.Fault{Method: "GET", Path: "/group_links", Do: kisisim.Status(401)})
		if _, err := b.target.Observe(t.Context(), access.Scope{All: true, Beside: true}); !isOnly(err, access.ErrStop) {
			t.Error(err)
		}
		revoked.Remove()
		b.Inject(kisisim.Fault{Method: "GET", Path: "/group_links", Do: kisisim.Hang()})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := b.target.Observe(ctx, access.Scope{All: true, Beside: true}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
