package kisisim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// EditRows changes each row of a list, or the one object of another answer, after Kisi has made it. i counts from 0.
// Numbers are json.Number. Answers that are no JSON, or no 200, are left alone.
func EditRows(name string, edit func(i int, row map[string]any)) Action {
	return tamper(name, func(_ *exchange, rows []any) []any {
		for i, row := range rows {
			if object, is := row.(map[string]any); is {
				edit(i, object)
			}
		}
		return rows
	})
}

// NullFields sets keys to null in every row.
func NullFields(keys ...string) Action {
	return EditRows("null "+strings.Join(keys, ", "), func(_ int, row map[string]any) {
		for _, key := range keys {
			row[key] = nil
		}
	})
}

// DropFields leaves keys out of every row.
func DropFields(keys ...string) Action {
	return EditRows("without "+strings.Join(keys, ", "), func(_ int, row map[string]any) {
		for _, key := range keys {
			delete(row, key)
		}
	})
}

// ExtraFields adds keys to every row that no client has heard of.
func ExtraFields() Action {
	return EditRows("extra fields", func(i int, row map[string]any) {
		row["brand_new"] = map[string]any{"nested": []any{i, nil, "x"}}
		row["send_emails"] = true
	})
}

// RepeatRow shows the last row of the page before as the first of this one, and so hides one; on a first page it shows
// the first row twice.
func RepeatRow() Action {
	return tamper("repeat a row", func(x *exchange, rows []any) []any {
		switch {
		case len(rows) > 0 && x.before != nil:
			rows[0] = x.before
		case len(rows) > 1:
			rows[1] = rows[0]
		}
		return rows
	})
}

// LoseRows leaves n rows out at the end of a list, under a header that counts them.
func LoseRows(n int) Action {
	return tamper("lose rows", func(_ *exchange, rows []any) []any { return rows[:max(0, len(rows)-n)] })
}

// HideRows leaves out the rows that hide picks, under a header that agrees, as if they were not there. The list must fit on a page; the
// one object of another answer is left alone.
func HideRows(name string, hide func(row map[string]any) bool) Action {
	return tamper("hide "+name, func(x *exchange, rows []any) []any {
		if _, list := x.query.values["limit"]; !list || len(rows) == 0 {
			return rows
		}
		shown := slices.DeleteFunc(slices.Clone(rows), func(row any) bool {
			object, is := row.(map[string]any)
			return is && hide(object)
		})
		_, total, _ := strings.Cut(x.res.header.Get(rangeHeader), "/")
		n, err := strconv.Atoi(total)
		if err != nil || len(shown) == len(rows) {
			return rows
		}
		x.res.header.Set(rangeHeader, x.span(n-(len(rows)-len(shown))))
		return shown
	})
}

// WrongTotal adds by to the total of X-Collection-Range.
func WrongTotal(by int) Action {
	return Action{name: fmt.Sprintf("total %+d", by), post: func(x *exchange) {
		span, total, found := strings.Cut(x.res.header.Get(rangeHeader), "/")
		if n, err := strconv.Atoi(total); found && err == nil {
			x.res.header.Set(rangeHeader, fmt.Sprintf("%s/%d", span, n+by))
		}
	}}
}

// NoTotal leaves X-Collection-Range out.
func NoTotal() Action {
	return Action{name: "no total", post: func(x *exchange) { x.res.header.Del(rangeHeader) }}
}

// tamper takes the rows of an answer apart and puts them together again.
func tamper(name string, change func(*exchange, []any) []any) Action {
	return Action{name: name, post: func(x *exchange) {
		decoder := json.NewDecoder(bytes.NewReader(x.res.body))
		decoder.UseNumber()
		var body any
		if x.res.status != 200 || decoder.Decode(&body) != nil {
			return
		}
		rows, list := body.([]any)
		if !list {
			rows = []any{body}
		}
		rows = change(x, rows)
		if !list && len(rows) == 1 {
			x.res.body = answer(200, rows[0]).body
		} else if list {
			x.res.body = answer(200, rows).body
		}
	}}
}
