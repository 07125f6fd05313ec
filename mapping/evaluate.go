package mapping

import (
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr/vm"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// row is the person whom an expression is asked about. It is used again for the next person.
type row struct {
	of     *mapper
	human  uint32 // whose record it is
	person directory.Object
	known  bool // the rule's source knows the person; otherwise every attribute is missing
	today  any  // a time.Time
	fault  fault
	buf    []string
}

// fault is why an expression or a date could not be decided for one person.
type fault struct {
	kind string // of the conflict
	text string
	hint string
}

var errFault = errors.New("undecided")

func (r *row) fail(kind, hint, format string, args ...any) error {
	r.fault = fault{kind, fmt.Sprintf(format, args...), hint}
	return errFault
}

// values reads an attribute; from is "" for those that every person has. The slice is used again.
func (r *row) values(name, from string) []string {
	r.buf = r.buf[:0]
	if !r.known {
		return nil
	}
	if from != "" {
		r.buf = r.person.Values(from, r.buf)
		return r.buf
	}
	value := ""
	switch name {
	case "email":
		value = email.Fold(r.person.Email())
	case "name":
		value = r.person.Name()
	case "source":
		value = r.person.Source()
	}
	if value != "" {
		r.buf = append(r.buf, value)
	}
	return r.buf
}

// text reads an attribute that has one value. None, an empty one or several are faults of this person.
func (r *row) text(name, from string) (string, error) {
	switch v := r.values(name, from); {
	case len(v) == 0 || len(v) == 1 && v[0] == "":
		return "", r.missing(name)
	case len(v) > 1:
		return "", r.fail(SeveralValues, fmt.Sprintf("declare %s as a list, or keep one value", name), "%s has %d values", name, len(v))
	default:
		return v[0], nil
	}
}

func (r *row) missing(name string) error {
	return r.fail(MissingAttribute, fmt.Sprintf("fill it in, or ask has(person.%s) first", name), "%s is missing", name)
}

func callText(args ...any) (any, error) {
	r := args[0].(*row)
	text, err := r.text(args[1].(string), args[2].(string))
	if err != nil {
		return nil, err
	}
	return text, nil
}

func callList(args ...any) (any, error) {
	r, name := args[0].(*row), args[1].(string)
	values := r.values(name, args[2].(string))
	if len(values) == 0 {
		return nil, r.missing(name)
	}
	return append([]string(nil), values...), nil
}

func callHas(args ...any) (any, error) {
	for _, v := range args[0].(*row).values(args[1].(string), args[2].(string)) {
		if v != "" {
			return true, nil
		}
	}
	return false, nil
}

func callToday(args ...any) (any, error) { return args[0].(*row).today, nil }

// errDateIn is told apart from other faults by callDate's callers, which have no row.
type errDateIn struct{ text string }

func (e errDateIn) Error() string { return fmt.Sprintf("%q is not a date", e.text) }

func callDate(zone *time.Location) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		m, err := parseDate(args[0].(string), zone)
		if err != nil {
			return nil, errDateIn{args[0].(string)}
		}
		return m.at, nil
	}
}

// holds asks a clause about a person. After an error r.fault says what is wrong.
func (c *clause) holds(machine *vm.VM, r *row) (bool, error) {
	r.fault = fault{}
	out, err := machine.Run(c.program, r)
	if err == nil {
		yes, _ := out.(bool)
		return yes, nil
	}
	var date errDateIn
	switch {
	case r.fault.kind != "":
	case errors.As(err, &date):
		return false, r.fail(BadDate, "write it as "+dateForms, "%s", date.Error())
	default:
		message, _ := place(err)
		return false, r.fail(BadExpression, "", "%s: %s", c.text, message)
	}
	return false, errFault
}
