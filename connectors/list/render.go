package list

import "strings"

// field is a key with its value, as it is written.
type field struct{ key, value string }

func said(key, text string) field {
	if text == "" {
		return field{key, ""}
	}
	return field{key, scalar(text)}
}

func yesOnly(key string, yes bool) field {
	if yes {
		return field{key, "true"}
	}
	return field{key, ""}
}

func (n Note) fields() []field {
	return []field{said("why", n.Why), said("asked_by", n.AskedBy), said("ticket", n.Ticket)}
}

// fields are the keys of an access in their order; those without a value are not written.
func (a *Access) fields() []field {
	return append([]field{said("group", a.Group), said("place", a.Place), yesOnly("organization", a.Organization), said("role", a.Role),
		said("from", a.From), said("until", a.Until), yesOnly("notify", a.Notify)}, a.Note.fields()...)
}

// inBrackets writes an access in one line.
func (a *Access) inBrackets() string { return "{" + joined(a.fields()) + "}" }

func joined(all []field) string {
	var parts []string
	for _, f := range all {
		if f.value != "" {
			parts = append(parts, f.key+": "+f.value)
		}
	}
	return strings.Join(parts, ", ")
}

// inBrackets writes a new person in one line.
func (p *Person) inBrackets() string {
	fields := []field{said("email", p.Email), said("name", p.Name)}
	var access []string
	for i := range p.Access {
		access = append(access, p.Access[i].inBrackets())
	}
	if len(access) > 0 {
		fields = append(fields, field{"access", "[" + strings.Join(access, ", ") + "]"})
	}
	return "{" + joined(append(fields, p.Note.fields()...)) + "}"
}

// inLines writes a new person in lines, so that a later change of one thing is a change of one line.
func (p *Person) inLines() []string {
	lines := []string{"- email: " + scalar(p.Email)}
	if p.Name != "" {
		lines = append(lines, "  name: "+scalar(p.Name))
	}
	for i := range p.Access {
		if i == 0 {
			lines = append(lines, "  access:")
		}
		lines = append(lines, "    - "+p.Access[i].inBrackets())
	}
	for _, f := range p.Note.fields() {
		if f.value != "" {
			lines = append(lines, "  "+f.key+": "+f.value)
		}
	}
	return lines
}
