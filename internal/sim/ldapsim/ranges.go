package ldapsim

import (
	"fmt"
	"strconv"
	"strings"
)

// ranged are the attributes of an entry that a request asks for, long lists cut as Active Directory cuts them: of a list that is too long
// for one answer the attribute comes empty, and beside it the first range; a request may name the range that it wants.
func (e *entry) ranged(asked []string, most int) []attribute {
	switch {
	case e.whole:
		return e.attrs
	case most == 0:
		return e.selected(asked)
	}
	var names []string
	begins := map[string]int{}
	for _, n := range asked {
		name, option, found := strings.Cut(n, ";range=")
		if names = append(names, name); found {
			from, _, _ := strings.Cut(option, "-")
			begins[strings.ToLower(name)], _ = strconv.Atoi(from) // what is no number is the beginning
		}
	}
	var out []attribute
	for _, a := range e.selected(names) {
		begin, wanted := begins[strings.ToLower(a.name)]
		if !wanted && len(a.values) <= most {
			out = append(out, a)
			continue
		}
		if !wanted {
			out = append(out, attribute{name: a.name})
		}
		if begin < len(a.values) {
			out = append(out, a.part(begin, most))
		}
	}
	return out
}

// part is a range of at most so many values.
func (a attribute) part(begin, most int) attribute {
	end, last := begin+most, "*"
	if end < len(a.values) {
		last = fmt.Sprint(end - 1)
	} else {
		end = len(a.values)
	}
	return attribute{name: fmt.Sprintf("%s;range=%d-%s", a.name, begin, last), values: a.values[begin:end]}
}
