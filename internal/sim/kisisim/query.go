package kisisim

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// query reads the parameters of one request and remembers what was wrong with them.
type query struct {
	values        url.Values
	broken        error
	errs          fieldErrors
	limit, offset int
	sort          string
}

func newQuery(raw string) *query {
	values, err := url.ParseQuery(raw)
	return &query{values: values, broken: err, errs: fieldErrors{}}
}

// has reports whether a parameter filters anything. An empty one does not: Rails takes it for absent, which turns a
// question about one person into a question about everybody.
func (q *query) has(name string) bool { return q.values.Get(name) != "" }

func (q *query) str(name string) string { return q.values.Get(name) }

// number returns 0 if the parameter is absent.
func (q *query) number(name string) int64 {
	if !q.has(name) {
		return 0
	}
	n, err := strconv.ParseInt(q.str(name), 10, 64)
	if err != nil {
		q.errs.add(name, "is not a number")
	}
	return n
}

// ids reads a comma-separated list; nil if the parameter is absent.
func (q *query) ids() []int64 {
	if !q.has("ids") {
		return nil
	}
	out := []int64{}
	for word := range strings.SplitSeq(q.str("ids"), ",") {
		id, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			q.errs.add("ids", "is not a list of numbers")
			return out
		}
		out = append(out, id)
	}
	return out
}

// oneOf checks a parameter that takes only some words.
func (q *query) oneOf(name string, words ...string) string {
	if q.has(name) && !slices.Contains(words, q.str(name)) {
		q.errs.add(name, "is not included in the list")
	}
	return q.str(name)
}

// flag reads true or false; absent matches everything.
func (q *query) flag(name string) func(bool) bool {
	word := q.oneOf(name, "true", "false", "*")
	return func(is bool) bool { return word == "" || word == "*" || word == strconv.FormatBool(is) }
}

// checkQuery applies the rules that all endpoints share.
func (x *exchange) checkQuery() *response {
	if x.query.broken != nil {
		return refuse(badRequest("The query could not be read"))
	}
	if unknown := x.unknownParams(); len(unknown) > 0 && !x.st.assume.IgnoreParams {
		return refuse(unprocessable(unknown))
	}
	if need := x.route.required; need != "" && !x.query.has(need) && !x.excused() {
		x.violate(BadQuery, "the required filter %s is missing", need)
		return refuse(badRequest("param is missing or the value is empty: " + need))
	}
	if x.route.list == nil {
		return nil
	}
	return x.checkPaging()
}

// excused is the one filter that the specification does not call required.
func (x *exchange) excused() bool {
	return x.template == "/elevators" && x.st.assume.ElevatorsAnywhere
}

func (x *exchange) unknownParams() fieldErrors {
	allowed := slices.Clone(x.route.params)
	if list := x.route.list; list != nil {
		allowed = append(allowed, "limit", "offset")
		if len(list.sorts) > 0 {
			allowed = append(allowed, "sort")
		}
	}
	errs := fieldErrors{}
	for _, name := range slices.Sorted(maps.Keys(x.query.values)) {
		values := x.query.values[name]
		switch {
		case !slices.Contains(allowed, name):
			errs.add(name, "is not a known parameter")
			x.violate(BadQuery, "unknown parameter %s", name)
		case len(values) > 1:
			x.violate(BadQuery, "parameter %s is given %d times", name, len(values))
		case values[0] == "":
			x.violate(BadQuery, "parameter %s is empty and filters nothing", name)
		}
	}
	return errs
}

func (x *exchange) checkPaging() *response {
	q, list := x.query, x.route.list
	q.limit = x.bounded("limit", list.usual, 1, list.most)
	q.offset = x.bounded("offset", 0, 0, maxOffset)
	if len(list.sorts) > 0 {
		q.sort = q.str("sort")
	}
	if q.sort != "" && !slices.Contains(list.sorts, strings.TrimPrefix(q.sort, "-")) {
		x.violate(BadQuery, "sort=%s is not offered", q.sort)
		q.errs.add("sort", "is not included in the list")
	}
	if len(q.errs) == 0 {
		return nil
	}
	if x.st.assume.Bounds == BoundsRefused400 {
		return refuse(badRequest("A parameter is out of bounds"))
	}
	return refuse(unprocessable(q.errs))
}

func (x *exchange) bounded(name string, absent, least, most int) int {
	if !x.query.has(name) {
		return absent
	}
	n, err := strconv.Atoi(x.query.str(name))
	if err == nil && n >= least && n <= most {
		return n
	}
	x.violate(OutOfBounds, "%s=%s, allowed are %d to %d", name, x.query.str(name), least, most)
	if err != nil || x.st.assume.Bounds != BoundsClamped {
		x.query.errs.add(name, "is out of bounds")
	}
	return min(max(n, least), most)
}

// fuzzy is deliberately generous, as Kisi's search is (§1.5): one word of the question that begins like something in the
// text is enough. Nobody may take a hit for equality.
func fuzzy(question string, texts ...string) bool {
	words := strings.FieldsFunc(strings.ToLower(question), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	text := strings.ToLower(strings.Join(texts, " "))
	for _, w := range words {
		if letters := []rune(w); strings.Contains(text, string(letters[:min(len(letters), 3)])) {
			return true
		}
	}
	return len(words) == 0
}
