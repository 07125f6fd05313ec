package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// A guest is somebody else's account: left out unless the file says otherwise, and known by the address and not by the login that Entra makes of it.
func TestGuestsComeAsTheFileSaysAndByTheirOwnAddress(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com", "userPrincipalName": "ana@contoso.example"})
	guest := d.AddUser("Gus", entrasim.Properties{"mail": "gus@partner.example", "userType": "Guest", "userPrincipalName": "gus_partner.example#EXT#@contoso.onmicrosoft.com"})
	d.AddUser("Old", entrasim.Properties{"mail": "old@example.com", "userType": nil, "userPrincipalName": "old@contoso.example"})
	for _, c := range []struct {
		guests string
		from   []string
		want   []string
	}{
		{sansGuests, []string{byMail}, []string{"ana@example.com", "old@example.com"}},
		{withGuests, []string{byMail}, []string{"ana@example.com", "gus@partner.example", "old@example.com"}},
		{withGuests, []string{byUPN}, []string{"", "ana@contoso.example", "old@contoso.example"}},
		{withGuests, []string{byUPN, byMail}, []string{"ana@contoso.example", "gus@partner.example", "old@contoso.example"}},
	} {
		d.settings.People.Guests, d.settings.People.Email = c.guests, c.from
		r := connectortest.Follow(t, d.open())
		if r.Full(); !slices.Equal(r.People(), c.want) {
			t.Errorf("guests: %s, email: %v: %q", c.guests, c.from, r.People())
		}
	}
	d.settings.People.Guests, d.settings.People.Email = sansGuests, []string{byMail}
	r := connectortest.Follow(t, d.open())
	r.Full()
	d.Update(guest, entrasim.Properties{"userType": "Member"})
	if r.Changes(); len(r.People()) != 3 {
		t.Errorf("a guest who was hired: %v", r.People())
	}
	d.Update(guest, entrasim.Properties{"userType": "Guest"})
	if r.Changes(); len(r.People()) != 2 || r.Receipt.Coverage != directory.Delta {
		t.Errorf("a member who became a guest: %v", r.People())
	}
	r.SameAsFull()
}

// Other addresses name a person too, where the file wants them; what is no address of mail does not.
func TestAliasesNameAPerson(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com", "otherMails": []string{"ana@home.example"},
		"proxyAddresses": []string{"SMTP:ana@example.com", "smtp:Ana.Reis@example.com", "x500:/o=old/cn=ana", "sip:ana@example.com"}})
	d.settings.People.Aliases, d.settings.People.Email = true, []string{byOther, byMail}
	var handles []string
	_, err := d.open().Fetch(context.Background(), directory.Cursor{}, func(r *directory.Record) error {
		for _, h := range r.Handles {
			handles = append(handles, h.Kind.String()+" "+h.Value)
		}
		if r.Email != "ana@home.example" {
			t.Errorf("the address is %s", r.Email)
		}
		return nil
	})
	if want := []string{"mail ana@example.com", "mail ana.reis@example.com"}; err != nil || !slices.Equal(handles, want) {
		t.Errorf("%q, %v", handles, err)
	}
}

// Rules name properties as Graph does; those that are within another one by the way to them.
func TestPropertiesOfEachKindComeAsTexts(t *testing.T) {
	const badge = "extension_2588a8f7b9ce4a2b9c0d1e2f3a4b5c6d_badge"
	d := newTenant(t, entrasim.Options{})
	d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com", badge: 4711, "employeeHireDate": "2026-01-01T00:00:00Z", "employeeLeaveDateTime": "2027-06-30T22:00:00Z",
		"employeeOrgData": map[string]any{"costCenter": "C7", "division": nil}, "businessPhones": []string{"1", "2"}, "onPremisesSyncEnabled": true,
		"onPremisesExtensionAttributes": map[string]any{"extensionAttribute7": "red", "extensionAttribute8": nil}, "city": ""})
	names := []string{"businessPhones", "city", "country", "employeeHireDate", "employeeLeaveDateTime", "employeeOrgData.costCenter", "employeeOrgData.division", "extensionAttribute7",
		"extensionAttribute8", badge, "onPremisesSyncEnabled"}
	slices.Sort(names)
	r := connectortest.Follow(t, d.open(names...))
	r.Full()
	ana := r.Person("ana@example.com")
	for name, want := range map[string][]string{
		"businessPhones": {"1", "2"}, "city": nil, "country": nil, "employeeHireDate": {"2026-01-01T00:00:00Z"}, "employeeLeaveDateTime": {"2027-06-30T22:00:00Z"},
		"employeeOrgData.costCenter": {"C7"}, "employeeOrgData.division": nil, "extensionAttribute7": {"red"}, "extensionAttribute8": nil, badge: {"4711"},
		"onPremisesSyncEnabled": {"true"},
	} {
		if got := ana.Values(name, nil); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"shoeSize": "an attribute that rules read is no property of users", "skills": "kept outside of the directory"} {
		_, _, err := fetch(t, d.open(name))
		if f := connectors.Tell(err, ""); err == nil || !strings.Contains(f.Hint, want) {
			t.Errorf("%s: %v; hint: %s", name, err, f.Hint)
		}
	}
	if _, _, err := fetch(t, d.open("employeeOrgData")); err == nil || !strings.Contains(err.Error(), "name one of them, as employeeOrgData.part") {
		t.Errorf("a property that has others within: %v", err)
	}
}

// Nothing is asked for but what somebody needs, and that once: in the first request.
func TestOnlyWhatRulesNeedIsAskedFor(t *testing.T) {
	d := newTenant(t, entrasim.Options{PageSize: 2})
	for i := range 5 {
		d.AddUser("P", entrasim.Properties{"mail": fmt.Sprintf("p%d@example.com", i)})
	}
	if _, _, err := fetch(t, d.open("department")); err != nil {
		t.Fatal(err)
	}
	for _, call := range d.Calls() {
		chosen := call.Query.Get("$select")
		switch {
		case call.Pattern == "GET /v1.0/users/delta" && !call.Query.Has("$skiptoken") && chosen != "id,displayName,userPrincipalName,accountEnabled,userType,mail,department":
			t.Errorf("of users: %s", chosen)
		case call.Pattern == "GET /v1.0/groups/delta" && chosen != "id,displayName,visibility,members":
			t.Errorf("of groups: %s", chosen)
		}
	}
	if n := d.Count("GET /v1.0/users/delta"); n != 3 {
		t.Errorf("%d calls for 5 people on pages of 2", n)
	}
}

// A position is good for seven days, one tenant, one application and one list of properties. Otherwise it is not even tried.
func TestAPositionIsNotTriedWhereItCannotBeGood(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change   func(*tenant)
		attrs    []string
		coverage directory.Coverage
	}{
		"as before":                 {func(*tenant) {}, nil, directory.Delta},
		"an hour less than a week":  {func(*tenant) { now = now.Add(7*24*time.Hour - time.Hour) }, nil, directory.Delta},
		"a week":                    {func(*tenant) { now = now.Add(7 * 24 * time.Hour) }, nil, directory.Complete},
		"a clock that was set back": {func(*tenant) { now = now.Add(-time.Hour) }, nil, directory.Complete},
		"another property":          {func(*tenant) {}, []string{"city"}, directory.Complete},
		"guests":                    {func(d *tenant) { d.settings.People.Guests = withGuests }, nil, directory.Complete},
		"another address":           {func(d *tenant) { d.settings.People.Email = []string{byUPN} }, nil, directory.Complete},
		"another application": {func(d *tenant) {
			d.settings.Login.ClientID = d.Register(entrasim.App{Roles: everyRole(), Secrets: d.app.Secrets}).ClientID
		}, nil, directory.Complete},
		"the same tenant by its name": {func(d *tenant) { d.settings.Tenant = d.Domain }, nil, directory.Complete},
		"increments switched off":     {func(d *tenant) { d.settings.Increments = false }, nil, directory.Complete},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTenant(t, entrasim.Options{Now: func() time.Time { return now }})
			d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"})
			r := connectortest.Follow(t, d.open())
			r.Full()
			c.change(d)
			d.Front.Forget()
			r.Source = d.open(c.attrs...)
			r.Changes()
			if r.Receipt.Coverage != c.coverage || len(r.People()) != 1 {
				t.Errorf("%v, %v", r.Receipt.Coverage, r.People())
			}
			tried := slices.ContainsFunc(d.Calls(), func(call simhttp.Call) bool { return call.Query.Has("$deltatoken") })
			if tried != (c.coverage == directory.Delta) {
				t.Errorf("tried: %v", tried)
			}
		})
	}
}

// A position may be answered in several ways that mean the same: read everything. Who went meanwhile is gone, and nobody else.
func TestAPositionThatIsNotKnownAnyMoreIsOneFullRead(t *testing.T) {
	for name, do := range map[string]simhttp.Action{
		"410 with a way back":        simhttp.Answer(http.StatusGone, `{"error":{"code":"resyncRequired","message":"m"}}`, http.Header{"Location": {"https://elsewhere.example/v1.0/users/delta?$deltatoken="}}),
		"410 without a word":         simhttp.Answer(http.StatusGone, ``, nil),
		"syncStateNotFound":          simhttp.Answer(http.StatusBadRequest, `{"error":{"code":"syncStateNotFound","message":"m"}}`, nil),
		"syncStateInvalid":           simhttp.Answer(http.StatusForbidden, `{"error":{"code":"SyncStateInvalid","message":"m"}}`, nil),
		"a token that means nothing": simhttp.Answer(http.StatusBadRequest, `{"error":{"code":"BadRequest","message":"Badly formed token."}}`, nil),
	} {
		for _, list := range []string{"users", "groups"} {
			t.Run(name+", "+list, func(t *testing.T) {
				d := newTenant(t, entrasim.Options{})
				ana := d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"})
				d.AddUser("Bo", entrasim.Properties{"mail": "bo@example.com"})
				r := connectortest.Follow(t, d.open())
				r.Full()
				d.Delete(ana)
				fault := d.Inject(simhttp.Fault{Where: func(c simhttp.Call) bool {
					return strings.HasSuffix(c.Path, list+"/delta") && c.Query.Has("$deltatoken")
				}, Do: do})
				r.Changes()
				if fault.Hits() != 1 || r.Receipt.Coverage != directory.Complete || !slices.Equal(r.People(), []string{"bo@example.com"}) {
					t.Errorf("%d hits, %v, %v", fault.Hits(), r.Receipt.Coverage, r.People())
				}
				if r.Changes(); r.Receipt.Coverage != directory.Delta {
					t.Error("and the next time as well")
				}
			})
		}
	}
}

// Whoever is restored has the groups of before, whether or not the groups say so.
func TestWhoIsRestoredIsInTheirGroupsAgain(t *testing.T) {
	for _, habits := range []entrasim.Habits{{}, {Silent: true}, {Silent: true, Duplicates: true, Partial: true}} {
		d := newTenant(t, entrasim.Options{Habits: habits})
		ana := d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"})
		bo := d.AddUser("Bo", entrasim.Properties{"mail": "bo@example.com"})
		inner := d.AddGroup("inner", bo)
		d.AddGroup("lab", ana, inner)
		r := connectortest.Follow(t, d.open())
		r.Full()
		d.Delete(ana)
		if r.Changes(); r.Diff.Deleted != 1 || len(r.Members("lab")) != 1 {
			t.Errorf("%+v: deleted: %+v, lab %v", habits, r.Diff, r.Members("lab"))
		}
		d.AddUser("Cy", entrasim.Properties{"mail": "cy@example.com"})
		r.Changes() // she is remembered for longer than one increment
		d.Restore(ana)
		if r.Changes(); !slices.Equal(r.Members("lab"), []string{"ana@example.com", "bo@example.com"}) {
			t.Errorf("%+v: restored: lab %v", habits, r.Members("lab"))
		}
		d.Delete(inner)
		if r.Changes(); !slices.Equal(r.Members("lab"), []string{"ana@example.com"}) {
			t.Errorf("%+v: without the inner group: lab %v", habits, r.Members("lab"))
		}
		d.Restore(inner)
		if r.Changes(); !slices.Equal(r.Members("lab"), []string{"ana@example.com", "bo@example.com"}) {
			t.Errorf("%+v: with it again: lab %v", habits, r.Members("lab"))
		}
		d.Delete(ana)
		d.Restore(ana)
		r.Changes()
		r.SameAsFull()
		d.Purge(bo)
		r.Changes()
		r.SameAsFull()
	}
}

// A large group comes in parts; devices, applications and contacts are members like any other, and nobody.
func TestALargeGroupIsWholeWhoeverElseIsInIt(t *testing.T) {
	d := newTenant(t, entrasim.Options{PageSize: 3, MemberPage: 4, Habits: entrasim.Habits{EmptyPages: true}})
	var all []string
	for i := range 23 {
		all = append(all, d.AddUser("P", entrasim.Properties{"mail": fmt.Sprintf("p%02d@example.com", i)}))
	}
	rest := slices.Clone(all)
	for _, kind := range []string{"device", "servicePrincipal", "orgContact", "device"} {
		rest = append(rest, d.AddOther(kind))
	}
	big := d.AddGroup("big", rest...)
	r := connectortest.Follow(t, d.open())
	if r.Full(); len(r.Members("big")) != 23 || r.Receipt.Proof.Ignored != 4 {
		t.Errorf("%d members, %d passed over", len(r.Members("big")), r.Receipt.Proof.Ignored)
	}
	d.SetMembers(big, all[:2]...)
	if r.Changes(); len(r.Members("big")) != 2 || r.Receipt.Coverage != directory.Delta {
		t.Errorf("21 people left it: %v", r.Members("big"))
	}
	d.SetMembers(big, all...)
	r.Changes()
	r.SameAsFull()
}

// With groups.ids nothing else is asked for. A group within one of them that is not named would be missed silently: it is told.
func TestOnlyNamedGroupsAreReadAndWhatIsWithinThemIsTold(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	ana := d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"})
	inner := d.AddGroup("inner", ana)
	lab := d.AddGroup("lab", inner)
	d.AddGroup("other", ana)
	d.settings.Groups.IDs = []string{strings.ToUpper(lab)}
	r := connectortest.Follow(t, d.open())
	r.Full()
	if want := "groups within groups are not read, as groups.ids does not name them: " + inner; r.View().Groups() != 1 || !slices.Equal(r.Receipt.Remarks, []string{want}) {
		t.Errorf("%d groups, %q", r.View().Groups(), r.Receipt.Remarks)
	}
	d.settings.Groups.IDs = []string{lab, inner}
	r = connectortest.Follow(t, d.open())
	if r.Full(); !slices.Equal(r.Members("lab"), []string{"ana@example.com"}) || len(r.Receipt.Remarks) > 0 {
		t.Errorf("%v, %q", r.Members("lab"), r.Receipt.Remarks)
	}
}

// A property that only looks empty because a permission is missing must not be silent.
func TestAMissingPermissionIsToldAlthoughTheReadWasWhole(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com", "employeeLeaveDateTime": "2027-01-01T00:00:00Z"})
	d.Update(d.Sim.AddGroup("secret", d.Find("user", "mail", "ana@example.com")), entrasim.Properties{"visibility": "HiddenMembership"})
	d.app.Roles = []string{"User.Read.All", "GroupMember.Read.All"}
	d.Register(d.app)
	_, receipt, err := fetch(t, d.open(leaveDate))
	want := []string{"the application has not the permission User-LifeCycleInfo.Read.All, so employeeLeaveDateTime looks empty for everybody",
		"groups that hide their members look empty without the permission Member.Read.Hidden: 1"}
	if err != nil || !slices.Equal(receipt.Remarks, want) {
		t.Errorf("%v, %q", err, receipt.Remarks)
	}
}

// Too fast is not wrong: the read waits as long as it is told to, and is whole.
func TestAServiceThatAsksForPatienceIsWaitedFor(t *testing.T) {
	d := newTenant(t, entrasim.Options{PageSize: 2})
	for i := range 6 {
		d.AddUser("P", entrasim.Properties{"mail": fmt.Sprintf("p%d@example.com", i)})
	}
	busy := d.Inject(simhttp.Fault{Pattern: "GET /v1.0/users/delta", Nth: 2, Do: simhttp.Later(http.StatusTooManyRequests, 1)})
	ill := d.Inject(simhttp.Fault{Pattern: "GET /v1.0/groups/delta", Do: simhttp.Later(http.StatusServiceUnavailable, 1)})
	count, _, err := fetch(t, d.open())
	if err != nil || count[directory.PersonIs] != 6 || busy.Hits() != 1 || ill.Hits() != 1 {
		t.Errorf("%v, %v", count, err)
	}
}

// A link that leads elsewhere, or back, is not followed; the token stays where it belongs.
func TestALinkThatLeadsElsewhereIsNotFollowed(t *testing.T) {
	for name, c := range map[string]struct{ next, want string }{
		"another host": {"https://elsewhere.example/v1.0/users/delta?$skiptoken=x", "is not where this source's calls go"},
		"a circle":     {"", "a page leads back to one before it"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTenant(t, entrasim.Options{})
			link := c.next
			if link == "" {
				link = d.settings.URL + "/v1.0/users/delta?$skiptoken=round"
			}
			body, err := json.Marshal(map[string]any{"value": []any{}, "@odata.nextLink": link})
			if err != nil {
				t.Fatal(err)
			}
			d.Inject(simhttp.Fault{Pattern: "GET /v1.0/users/delta", Count: simhttp.Always, Do: simhttp.Answer(http.StatusOK, string(body), nil)})
			if _, _, err := fetch(t, d.open()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// Without accountEnabled nobody can be seen to be disabled, so such a read is no good.
func TestAReadThatDoesNotSayWhoIsEnabledIsAnError(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	for range maxParts + 1 {
		d.AddUser("P", entrasim.Properties{"accountEnabled": nil})
	}
	_, _, err := fetch(t, d.open())
	if f := connectors.Tell(err, ""); err == nil || !strings.Contains(f.Text, "301 users came without saying whether they are enabled") || !strings.Contains(f.Hint, "User.Read.All") {
		t.Errorf("%v", err)
	}
}

// One who cannot be read whole even when asked for alone stays as before.
func TestOneWhoCannotBeReadWholeStaysAsBefore(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	ana := d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"})
	d.AddUser("Bo", entrasim.Properties{"mail": "bo@example.com"})
	r := connectortest.Follow(t, d.open())
	r.Full()
	d.Update(ana, entrasim.Properties{"accountEnabled": nil})
	for _, read := range []func(){r.Changes, r.Full} {
		if read(); len(r.People()) != 2 || r.Person("ana@example.com").Active() != directory.Yes {
			t.Errorf("%v", r.People())
		}
	}
}

// What Graph itself says of somebody can be looked at, in its words.
func TestOneObjectIsShownAsGraphHasIt(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	ana := d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com", "otherMails": []string{"a", "b"}, "onPremisesExtensionAttributes": map[string]any{"extensionAttribute1": "x"}})
	lab := d.AddGroup("lab", ana)
	s := d.open().(connectors.Revealer)
	shown := map[string][]string{}
	for _, of := range []directory.Record{{Kind: directory.PersonIs, ID: ana}, {Kind: directory.GroupIs, ID: lab}} {
		all, err := s.Reveal(context.Background(), &of)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			shown[a.Name] = append(shown[a.Name], a.Values...)
		}
	}
	want := map[string][]string{"id": {ana, lab}, "displayName": {"Ana", "lab"}, "mail": {"ana@example.com"}, "otherMails": {"a", "b"}, "accountEnabled": {"true"}, "userType": {"Member"},
		"userPrincipalName": shown["userPrincipalName"], "onPremisesExtensionAttributes": {`{"extensionAttribute1":"x"}`}}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Reveal(context.Background(), &directory.Record{Kind: directory.PersonIs, ID: lab}); err == nil {
		t.Error("a group was shown as a person")
	}
}
