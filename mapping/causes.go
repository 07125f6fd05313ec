package mapping

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// causes numbers causes in the order in which they first come; 0 is no cause.
type causes struct {
	list    []access.Cause
	numbers map[access.Cause]uint32
	rules   map[string]uint32 // by the rules, so that a text is made once
	single  []uint32          // the same for one rule alone
}

func newCauses() causes {
	return causes{list: []access.Cause{{}}, numbers: map[access.Cause]uint32{}, rules: map[string]uint32{}}
}

func (c *causes) number(cause access.Cause) uint32 {
	n, ok := c.numbers[cause]
	if !ok {
		n = uint32(len(c.list))
		c.list = append(c.list, cause)
		c.numbers[cause] = n
	}
	return n
}

// grantCause returns the cause of a right that rules give; their indexes are ascending, which is the order of their names.
func (m *mapper) grantCause(rules []uint32, group uint32) uint32 {
	c := &m.causes
	if c.single == nil {
		c.single = make([]uint32, len(m.rules))
	}
	excluded := len(m.excluders[group]) > 0 // the mark depends on the group then
	if len(rules) == 1 && !excluded {
		n := &c.single[rules[0]]
		if *n == 0 {
			*n = c.number(m.ruleCause(rules, group))
		}
		return *n
	}
	var buf [64]byte
	key := buf[:0]
	for _, r := range rules {
		key = binary.AppendUvarint(key, uint64(r))
	}
	if excluded {
		key = binary.AppendUvarint(append(key, 0xff), uint64(group))
	}
	n, ok := c.rules[string(key)]
	if !ok {
		n = c.number(m.ruleCause(rules, group))
		c.rules[string(key)] = n
	}
	return n
}

func (m *mapper) ruleCause(rules []uint32, group uint32) access.Cause {
	names, texts := make([]string, len(rules)), make([]string, len(rules))
	for i, r := range rules {
		names[i] = m.rules[r].Name
		texts[i] = "rule " + names[i] + ": " + m.wordsOf(int(r))
	}
	return access.Cause{Kind: access.ByRule, Rule: strings.Join(names, ruleSeparator), Mark: m.markIn(rules, group), Text: strings.Join(texts, "; ")}
}

// ruleSeparator stands between names in Cause.Rule; no name contains it.
const ruleSeparator = ", "

// mark returns the digest of several rules' text.
func (m *mapper) mark(rules []uint32) uint64 {
	marks := make([]uint64, len(rules))
	for i, r := range rules {
		marks[i] = m.rules[r].mark
	}
	return joined(marks)
}

// markIn returns the digest of rules that give a group, and of those that exclude from it: an exclusion that is new in the file changes
// what the others say.
func (m *mapper) markIn(rules []uint32, group uint32) uint64 {
	if len(m.excluders[group]) == 0 {
		return m.mark(rules)
	}
	return m.mark(slices.Concat(rules, m.excluders[group]))
}

// joined makes one mark of those of several rules.
func joined(marks []uint64) uint64 {
	if len(marks) == 1 {
		return marks[0]
	}
	sum := uint64(14695981039346656037) // FNV-1a over the marks
	for _, mark := range marks {
		for shift := 0; shift < 64; shift += 8 {
			sum = (sum ^ mark>>shift&0xff) * 1099511628211
		}
	}
	return sum
}
