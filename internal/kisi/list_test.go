package kisi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// shelf serves one paged list of users as §1.4 has it, large enough for the
// offset limit, and misbehaves as told.
type shelf struct {
	rows  []User
	calls int

	before       func(call int)      // changes rows between pages
	after        func(page *bookend) // spoils an answer
	shuffledTies bool                // equal names in another order at each call
	shuffledRest bool                // without sort, all in another order at each call
	kept         map[string][]User   // the last order, while nothing changes
	atMost       int                 // gives fewer rows than asked for, and says so
}

type bookend struct {
	rows   []User
	header string
	body   []byte // instead of rows
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls++
	if s.before != nil {
		s.before(s.calls)
	}
	q := r.URL.Query()
	limit, offset := number(q, "limit"), number(q, "offset")
	if limit < 1 || limit > 100 || offset > maxOffset {
		return respond(422, `{"errors":{"limit":["is out of bounds"]}}`, ""), nil
	}
	if s.atMost > 0 {
		limit = min(limit, s.atMost)
	}
	rows := s.sorted(q.Get("sort"))
	page := &bookend{
		rows:   rows[min(offset, len(rows)):min(offset+limit, len(rows))],
		header: fmt.Sprintf("%d-%d/%d", offset, offset+limit-1, len(rows)),
	}
	if len(rows) == 0 {
		page.header = "*/0"
	}
	if s.after != nil {
		s.after(page)
	}
	body := page.body
	if body == nil {
		body, _ = json.Marshal(append([]User{}, page.rows...)) // users always can be
	}
	return respond(200, string(body), page.header), nil
}

func number(q url.Values, name string) int {
	n, _ := strconv.Atoi(q.Get(name)) // 0 if absent, as in Kisi
	return n
}

func (s *shelf) sorted(by string) []User {
	steady := s.before == nil && !s.shuffledTies && !s.shuffledRest
	if rows := s.kept[by]; rows != nil && steady {
		return rows
	}
	rows := s.sort(by)
	s.kept = map[string][]User{by: rows}
	return rows
}

func (s *shelf) sort(by string) []User {
	rows := slices.Clone(s.rows)
	random := rand.New(rand.NewPCG(uint64(s.calls), 7))
	if by == "" && s.shuffledRest || by != "" && s.shuffledTies {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	if by != "" {
		slices.SortStableFunc(rows, func(a, b User) int {
			c := cmp.Compare(a.Name, b.Name)
			if strings.HasPrefix(by, "-") {
				return -c
			}
			return c
		})
	}
	return rows
}

func respond(status int, body, span string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	if span != "" {
		h.Set(rangeHeader, span)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// people makes n users, of whom always three share a name.
func people(n int) []User {
	rows := make([]User, n)
	for i := range rows {
		rows[i] = User{AccessEnabled: new(true), ID: int64(i + 1), Name: fmt.Sprintf("Person %06d", i/3), Email: fmt.Sprintf("p%d@example.com", i)}
	}
	return rows
}

func fastClient(t *testing.T, base http.RoundTripper) *Client {
	t.Helper()
	c, err := New(Options{
		Key:  func() (secret.String, error) { return secret.New("key"), nil },
		Pace: pacer.Options{Base: base, Rate: 1e6, Quota: 1e6},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func checkWhole(t *testing.T, got []User, want int) {
	t.Helper()
	seen := map[int64]bool{}
	for _, u := range got {
		seen[u.ID] = true
	}
	if len(got) != want || len(seen) != want {
		t.Errorf("%d rows, %d of them distinct, want %d", len(got), len(seen), want)
	}
}

func TestListsOfAllSizesAreReadWhole(t *testing.T) {
	for _, n := range []int{0, 1, 2, 99, 100, 101, 198, 199, 200, 250, 1000, 19999, 20100} {
		s := &shelf{rows: people(n)}
		got, err := fastClient(t, s).Users(t.Context())
		if err != nil {
			t.Errorf("%d rows: %v", n, err)
			continue
		}
		checkWhole(t, got, n)
		if most := n/99 + 1; s.calls > most {
			t.Errorf("%d rows took %d calls, want at most %d", n, s.calls, most)
		}
	}
}

func TestListsBeyondTheOffsetLimitAreReadFromBothEnds(t *testing.T) {
	for _, n := range []int{20101, 40200} {
		s := &shelf{rows: people(n)}
		got, err := fastClient(t, s).Users(t.Context())
		if err != nil {
			t.Errorf("%d rows: %v", n, err)
			continue
		}
		checkWhole(t, got, n)
		if most := n/99 + 5; s.calls > most {
			t.Errorf("%d rows took %d calls, want at most %d", n, s.calls, most)
		}
	}
	_, err := fastClient(t, &shelf{rows: people(40201)}).Users(t.Context())
	if !errors.Is(err, access.ErrStop) || !strings.Contains(err.Error(), "40201 rows") {
		t.Errorf("40201 rows: %v", err)
	}
}

func TestAListThatMovesWhileItIsReadIsReadAgain(t *testing.T) {
	drifts := map[string]func(s *shelf) func(int){
		"a row goes": func(s *shelf) func(int) {
			return once(2, func() { s.rows = slices.Delete(s.rows, 10, 11) })
		},
		"a row comes": func(s *shelf) func(int) {
			return once(2, func() { s.rows = append(s.rows, User{AccessEnabled: new(true), ID: 9999, Name: "A"}) })
		},
		"one goes before, one comes behind": func(s *shelf) func(int) {
			return once(2, func() {
				s.rows = append(slices.Delete(s.rows, 10, 11), User{AccessEnabled: new(true), ID: 9999, Name: "Z"})
			})
		},
		"one goes behind, one comes before": func(s *shelf) func(int) {
			return once(2, func() {
				s.rows = append(slices.Delete(s.rows, 240, 241), User{AccessEnabled: new(true), ID: 9999, Name: "A"})
			})
		},
		"somebody is renamed across the page": func(s *shelf) func(int) {
			return once(2, func() { s.rows[10].Name = "Z" })
		},
	}
	for name, drift := range drifts {
		s := &shelf{rows: people(250)}
		s.before = drift(s)
		got, err := fastClient(t, s).Users(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkWhole(t, got, len(s.rows))
		for _, want := range s.rows {
			if !slices.ContainsFunc(got, func(u User) bool { return u.ID == want.ID }) {
				t.Errorf("%s: user %d was lost", name, want.ID)
			}
		}
		if s.calls < 4 {
			t.Errorf("%s: not read again (%d calls)", name, s.calls)
		}
	}
}

func once(call int, f func()) func(int) {
	return func(n int) {
		if n == call {
			f()
		}
	}
}

func TestAListThatIsNeverWholeIsAnError(t *testing.T) {
	cases := map[string]struct {
		spoil func(*bookend)
		want  string
	}{
		"rows are missing":          {func(p *bookend) { p.rows = p.rows[:len(p.rows)-1] }, "99 rows at 0, where 100 of 250 are announced"},
		"the first row is missing":  {func(p *bookend) { p.rows = p.rows[1:] }, "99 rows at 0"},
		"a row is there twice":      {func(p *bookend) { p.rows = append([]User{p.rows[1]}, p.rows[1:]...) }, "came twice"},
		"the total is too large":    {func(p *bookend) { p.header = strings.Replace(p.header, "/250", "/251", 1) }, "announced"},
		"the total is too small":    {func(p *bookend) { p.header = strings.Replace(p.header, "/250", "/249", 1) }, "announced"},
		"no range header":           {func(p *bookend) { p.header = "" }, "has no X-Collection-Range"},
		"an unreadable range":       {func(p *bookend) { p.header = "all" }, `"all" cannot be read`},
		"another page":              {func(p *bookend) { p.header = strings.Replace(p.header, "0-99", "1-100", 1) }, "where 0-99 were asked for"},
		"said to be empty":          {func(p *bookend) { p.header = "*/0" }, "where an empty list is announced"},
		"more rows than asked for":  {func(p *bookend) { p.header = strings.Replace(p.header, "0-99", "0-199", 1) }, "where 0-99 were asked for"},
		"a row without id":          {func(p *bookend) { p.rows = append(slices.Clone(p.rows[:99]), User{}) }, "has no id"},
		"a web page":                {func(p *bookend) { p.body = []byte("<html>sign in</html>") }, "a web page"},
		"half of the JSON":          {func(p *bookend) { p.body = []byte(`[{"id":1},{"id`) }, "unexpected end of JSON"},
		"an object":                 {func(p *bookend) { p.body = []byte(`{"users":[]}`) }, "one object where a list is expected"},
		"null":                      {func(p *bookend) { p.body = []byte(`null`) }, "null where a list"},
		"nothing":                   {func(p *bookend) { p.body = []byte{} }, "empty where a list"},
		"null rows":                 {func(p *bookend) { p.body = []byte(`[null]`); p.header = "0-99/1" }, "has no id"},
		"an id that is no number":   {func(p *bookend) { p.body = []byte(`[{"id":"seven"}]`); p.header = "0-99/1" }, "cannot be read"},
		"something after the array": {func(p *bookend) { p.body = []byte(`[]x`) }, "cannot be read"},
	}
	for name, c := range cases {
		s := &shelf{rows: people(250), after: c.spoil}
		got, err := fastClient(t, s).Users(t.Context())
		if got != nil || !errors.Is(err, access.ErrStop) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "GET /users") {
			t.Errorf("%s: %d rows, %v; want %q", name, len(got), err, c.want)
		}
		if s.calls < readings {
			t.Errorf("%s: given up after %d calls", name, s.calls)
		}
	}
}

func TestASpoiltAnswerOnceIsReadAgain(t *testing.T) {
	s := &shelf{rows: people(250)}
	s.after = func(p *bookend) {
		if s.calls == 2 {
			p.body = []byte("<html>")
		}
	}
	got, err := fastClient(t, s).Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, got, 250)
}

func TestAnOrderThatDoesNotHoldIsDoneWithoutAndRemembered(t *testing.T) {
	s := &shelf{rows: people(1000), shuffledTies: true}
	c := fastClient(t, s)
	for i, most := range []int{40, 12} {
		s.calls = 0
		got, err := c.Users(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkWhole(t, got, 1000)
		if s.calls > most {
			t.Errorf("reading %d took %d calls", i+1, s.calls)
		}
	}
	s.shuffledTies, s.shuffledRest = false, true
	for range 2 {
		got, err := c.Users(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkWhole(t, got, 1000)
	}
}

func TestAServerThatGivesSmallerPagesIsFollowed(t *testing.T) {
	s := &shelf{rows: people(333), atMost: 25}
	got, err := fastClient(t, s).Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, got, 333)
}

func TestPagesOfOneRowProveNothingAndEnd(t *testing.T) {
	s := &shelf{rows: people(5), atMost: 1}
	if _, err := fastClient(t, s).Users(t.Context()); !errors.Is(err, access.ErrStop) || s.calls > 20 {
		t.Errorf("%d calls, %v", s.calls, err)
	}
}

// office serves role assignments, filtered by group, and the groups.
type office struct {
	perGroup map[int64]int
	hidden   map[int64]bool // groups that are not listed
	calls    int
}

func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	o.calls++
	q := r.URL.Query()
	if q.Get("limit") == "" {
		return respond(400, `{"error":"no limit"}`, ""), nil
	}
	if r.URL.Path == "/groups" {
		return o.groups(), nil
	}
	limit, offset := number(q, "limit"), number(q, "offset")
	if offset > maxOffset {
		return respond(422, `{}`, ""), nil
	}
	total := 0
	for g, n := range o.perGroup {
		if id := number(q, "applies_to_id"); id == 0 || int64(id) == g {
			total += n
		}
	}
	base := int64(number(q, "applies_to_id")) * 1_000_000
	var b strings.Builder
	for i := offset; i < min(offset+limit, total); i++ {
		n := i
		if strings.HasPrefix(q.Get("sort"), "-") {
			n = total - 1 - i
		}
		fmt.Fprintf(&b, `,{"id":%d,"role_id":"group_basic","applies_to_type":"Group","applies_to_id":1,"assignee_type":"User","assignee_id":%d,"valid_from":null}`, base+int64(n)+1, n+1)
	}
	return respond(200, "["+strings.TrimPrefix(b.String(), ",")+"]", fmt.Sprintf("%d-%d/%d", offset, offset+limit-1, total)), nil
}

func (o *office) groups() *http.Response {
	var all []string
	for g := int64(1); g <= int64(len(o.perGroup)); g++ {
		if !o.hidden[g] {
			all = append(all, fmt.Sprintf(`{"id":%d,"name":"Group %d"}`, g, g))
		}
	}
	return respond(200, "["+strings.Join(all, ",")+"]", fmt.Sprintf("0-249/%d", len(all)))
}

func TestAssignmentsBeyondTheOffsetLimitAreReadGroupByGroup(t *testing.T) {
	o := &office{perGroup: map[int64]int{1: 15000, 2: 0, 3: 25000, 4: 1}}
	c := fastClient(t, o)
	groups, err := c.Groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := c.UserGroupAssignments(t.Context(), groups)
	if err != nil || len(rows) != 40001 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
}

func TestAGroupThatCannotBeSeenMakesTheReadingIncomplete(t *testing.T) {
	o := &office{perGroup: map[int64]int{1: 20000, 2: 300, 3: 7}, hidden: map[int64]bool{3: true}}
	c := fastClient(t, o)
	groups, err := c.Groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := c.UserGroupAssignments(t.Context(), groups)
	if rows != nil || !errors.Is(err, access.ErrStop) || !strings.Contains(err.Error(), "20300 rows") {
		t.Errorf("%d rows: %v", len(rows), err)
	}
}
