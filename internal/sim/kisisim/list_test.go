package kisisim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// collections are the paged lists with the numbers of §1.4, and the filter that some of them need.
var collections = []struct {
	path, filter string
	usual, most  int
}{
	{"/users", "", 50, 100},
	{"/places", "", 50, 250},
	{"/locks", "", 50, 250},
	{"/role_assignments", "", 10, 250},
	{"/groups", "", 10, 250},
	{"/group_locks", "group_id=$Contractors", 10, 250},
	{"/group_elevator_stops", "group_id=$HQ / Server Room", 10, 250},
	{"/teams", "", 10, 250},
	{"/team_memberships", "", 10, 250},
	{"/group_links", "", 10, 250},
	{"/elevators", "place_id=$HQ", 10, 250},
	{"/elevator_stops", "place_id=$HQ", 10, 250},
	{"/floors", "place_id=$HQ", 10, 250},
	{"/integrations", "", 10, 250},
}

func (k *kit) list(path, filter, more string) string {
	return path + "?" + strings.Trim(k.fill(filter)+"&"+more, "&")
}

func TestListsHaveTheirUsualLimitAndTheirMost(t *testing.T) {
	k := visit(t, Assumptions{})
	k.ImportContractors()
	for _, c := range collections {
		r := k.get(k.list(c.path, c.filter, ""))
		span, total, _ := strings.Cut(r.header.Get("X-Collection-Range"), "/")
		wantEqual(t, span, fmt.Sprintf("0-%d", c.usual-1), c.path+" asked for")
		wantEqual(t, len(r.rows()), min(atoi(t, total), c.usual), c.path+" rows")
		wantEqual(t, r.header.Get("Content-Type"), jsonType, c.path+" content type")
		if atoi(t, total) == 0 {
			t.Errorf("%s: Acme has nothing to show", c.path)
		}
		r = k.get(k.list(c.path, c.filter, fmt.Sprintf("limit=%d&offset=20000", c.most)))
		wantEqual(t, string(r.raw), "[]", c.path+" beyond the end")
		wantEqual(t, r.header.Get("X-Collection-Range"), fmt.Sprintf("20000-%d/%s", 20000+c.most-1, total), c.path+" range beyond the end")
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatalf("%q is no number", s)
	}
	return n
}

func TestParametersOutOfBounds(t *testing.T) {
	for name, c := range map[string]struct {
		how    Bounds
		status int
	}{
		"are 422":                {BoundsRefused422, 422},
		"are 400 by one switch":  {BoundsRefused400, 400},
		"are clamped by another": {BoundsClamped, 200},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{Bounds: c.how})
			var broken []Rule
			for _, l := range collections {
				for _, more := range []string{fmt.Sprintf("limit=%d", l.most+1), "limit=0", "limit=-1", "offset=20001", "offset=-1"} {
					k.want(c.status, "GET", k.list(l.path, l.filter, more), nil)
					broken = append(broken, OutOfBounds)
				}
			}
			k.wantBroken(broken...)
		})
	}
}

func TestAClampedLimitIsSeenInTheRangeOnly(t *testing.T) {
	k := visit(t, Assumptions{Bounds: BoundsClamped})
	r := k.get("/users?limit=1000")
	if span := r.header.Get("X-Collection-Range"); !strings.HasPrefix(span, "0-99/") {
		t.Errorf("range %s", span)
	}
	k.Allow(OutOfBounds)
}

func TestALimitThatIsNoNumberIsRefusedEvenWhenClamping(t *testing.T) {
	k := visit(t, Assumptions{Bounds: BoundsClamped})
	k.want(422, "GET", "/users?limit=all", nil)
	k.wantBroken(OutOfBounds)
}

func TestUnknownParametersAreNoticedUnderBothSettings(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		k := visit(t, Assumptions{IgnoreParams: ignore})
		status := map[bool]int{false: 422, true: 200}[ignore]
		k.want(status, "GET", "/users?mail=ana@example.com", nil)
		k.want(status, "GET", "/roles?limit=5", nil)
		k.want(status, "GET", "/group_locks?sort=name&group_id="+fmt.Sprint(k.Groups["Contractors"]), nil)
		k.wantBroken(BadQuery, BadQuery, BadQuery)
	}
}

func TestAMissingRequiredFilterIs400(t *testing.T) {
	k := visit(t, Assumptions{})
	paths := []string{"/group_locks", "/group_elevator_stops", "/elevators", "/elevator_stops", "/floors"}
	for _, path := range paths {
		errs := k.want(400, "GET", path, nil).object()
		if errs["error"] == nil || errs["code"] == nil {
			t.Errorf("%s: %v", path, errs)
		}
	}
	k.wantBroken(slices.Repeat([]Rule{BadQuery}, len(paths))...)
}

func TestElevatorsNeedNoPlaceUnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{ElevatorsAnywhere: true})
	wantEqual(t, len(k.get("/elevators").rows()), 1, "elevators")
}

func TestAFilterOnWhatDoesNotExistIs404(t *testing.T) {
	k := visit(t, Assumptions{})
	for _, path := range []string{"/group_locks?group_id=5", "/group_elevator_stops?group_id=5", "/elevators?place_id=5",
		"/elevator_stops?place_id=5", "/floors?place_id=5"} {
		k.want(404, "GET", path, nil)
	}
}

func TestAnEmptyCollectionHasAStarForARange(t *testing.T) {
	k := visit(t, Assumptions{})
	r := k.get("/integrations")
	wantEqual(t, string(r.raw), "[]", "body")
	wantEqual(t, r.header.Get("X-Collection-Range"), "*/0", "range")
}

func TestAnEmptyParameterFiltersNothingAndIsNoticed(t *testing.T) {
	k := visit(t, Assumptions{})
	if rows := k.get("/users?email=").rows(); len(rows) < 5 {
		t.Errorf("%d rows", len(rows))
	}
	k.get("/users?email=a@b.c&email=d@e.f")
	k.wantBroken(BadQuery, BadQuery)
}

func TestAWordWhereANumberBelongsIs422(t *testing.T) {
	k := visit(t, Assumptions{})
	k.want(422, "GET", "/users?ids=1,two", nil)
	k.want(422, "GET", "/role_assignments?assignee_id=1", nil)
	k.want(422, "GET", "/role_assignments?applies_to_type=Door", nil)
	k.want(422, "GET", "/users?sort=email", nil)
	k.wantBroken(BadQuery, BadQuery, BadQuery, BadQuery)
}

func TestAURLThatNoServerTakesIs414(t *testing.T) {
	k := visit(t, Assumptions{})
	k.want(414, "GET", "/users?ids="+strings.Repeat("1234567,", 1100)+"1", nil)
	k.wantBroken(BadQuery)
}

func TestPagesTogetherShowEveryRowOnce(t *testing.T) {
	k := visit(t, Assumptions{})
	for _, sort := range []string{"", "&sort=name", "&sort=-name"} {
		var all []string
		for offset := 0; offset < len(k.Users); offset += 4 {
			all = append(all, k.get(fmt.Sprintf("/users?limit=4&offset=%d%s", offset, sort)).column("id")...)
		}
		slices.Sort(all)
		wantEqual(t, len(slices.Compact(all)), len(k.Users), "users"+sort)
	}
}

func TestWithoutSortTheOrderIsUnstableUnderTheSwitch(t *testing.T) {
	for _, unstable := range []bool{false, true} {
		k := visit(t, Assumptions{UnstableOrder: unstable})
		first, second := k.get("/users").column("id"), k.get("/users").column("id")
		wantEqual(t, !slices.Equal(first, second), unstable, "another order")
		if !slices.Equal(k.get("/users?sort=name").column("id"), k.get("/users?sort=name").column("id")) {
			t.Error("a sorted list changed")
		}
	}
}

func TestEqualRowsAreUnstableUnderTheSwitch(t *testing.T) {
	for _, unstable := range []bool{false, true} {
		k := visit(t, Assumptions{UnstableTies: unstable})
		for i := range 9 {
			k.create(fmt.Sprintf("ana%d@example.com", i), "Ana Schmidt")
		}
		first, second := k.get("/users?sort=name"), k.get("/users?sort=name")
		wantEqual(t, !slices.Equal(first.column("id"), second.column("id")), unstable, "another order")
		if !slices.Equal(first.column("name"), second.column("name")) {
			t.Error("the names are out of order")
		}
	}
}

func TestASortedListNoticesEveryChange(t *testing.T) {
	k := visit(t, Assumptions{})
	count := func() int { return len(k.get("/users?limit=100&sort=name").rows()) }
	before := count()
	id := k.create("ana@example.com", "Ana")
	wantEqual(t, count(), before+1, "after a create")
	k.want(204, "PATCH", fmt.Sprintf("/users/%d", id), map[string]any{"user": map[string]any{"name": "!"}})
	wantEqual(t, k.get("/users?limit=100&sort=name").column("name")[0], "!", "after a rename")
	k.DeleteUser(id)
	wantEqual(t, count(), before, "after a deletion by hand")
}

func TestFuzzySearchIsNoEquality(t *testing.T) {
	for _, c := range []struct {
		question, text string
		want           bool
	}{
		{"ana@example.com", "anabel@other.org", true},
		{"HQ Staff", "hq visitors", true},
		{"Łukasz", "łukasz wiśniewski", true},
		{"bob", "alice", false},
		{"", "anything", true},
	} {
		wantEqual(t, fuzzy(c.question, c.text), c.want, c.question+" in "+c.text)
	}
}
