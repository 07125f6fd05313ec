package archtest

import "strings"

// Rule is one rule of the house.
type Rule struct {
	Name  string // a word for its broken tree in testdata
	Why   string
	Mend  string
	Check func(*Tree) []Violation
}

// Rules returns all rules.
func Rules() []Rule {
	return []Rule{
		{"floors", "who imports upwards or sideways cannot be understood or tested alone", "move what is needed down, or hand it in as an interface or a func; a new package gets its line in floors.go", checkFloors},
		{"strangers", "directories must not know what they are read for, nor Kisi who fills it; package mapping alone knows both", "put what needs both into mapping", checkStrangers},
		{"purity", "what decides about doors must give the same answer for the same input, and be replayed a year later", "take the time, or what was read, as an argument", checkPurity},
		{"clock", "code that reads the clock cannot be tested at the hour that matters, and tests that sleep are slow and still guess", "take now func() time.Time; in tests use testing/synctest", checkClock},
		{"hidden", "what happens on import cannot be switched off, ordered or tested", "call it, or list it in a table such as connectors/all", checkHidden},
		{"state", "two runs, two tests or two sources in one process must not meet in a variable", "put it into a struct that somebody makes", checkState},
		{"docs", "a newcomer reads package comments first", "say in two to ten lines what the package is, what it promises and what it must not do", checkDocs},
		{"sizes", "what does not fit on a screen or two is not read, and so not reviewed", "cut it where the sentence that describes it says \"and\"; if it really is one thing, give the reason in mayBeLonger", checkSizes},
		{"comments", "an exported name is a promise to somebody who does not read the body", "state the contract: nil, order, repeat, concurrency, ownership, units", checkComments},
		{"modules", "a replaced or private module builds on one machine only, and one language for tests is enough", "require a published version; compare with go-cmp", checkModules},
		{"traces", "the source must say nothing about the machine it was written on, and work on any other", "use a relative path, t.TempDir() or the name of the tool", checkTraces},
	}
}

// Report says in words what was found, why it matters and how to mend it; "" when nothing was.
func (r Rule) Report(found []Violation) string {
	if len(found) == 0 {
		return ""
	}
	var b strings.Builder
	for _, v := range found {
		b.WriteString(v.Where + ": " + v.What + "\n")
	}
	b.WriteString("  why: " + r.Why + "\n  mend: " + r.Mend + "\n")
	return b.String()
}
