package archtest

import (
	"maps"
	"slices"
	"strings"
)

// The floors. A package imports only packages that are at least one floor below it.
const (
	ground    = iota // belongs to no side: pacing, secrets, comparing names and addresses
	words            // of sources, and of the target
	minds            // pure, or only shape
	hands            // touch the world
	conductor        // bring hands and minds together
	offices          // what people and machines ask of us
	threshold        // how the program ends: exit codes, and errors in words for people
	voice            // how it speaks and asks, and what it prints for scripts
	rooms            // what single verbs are made of
	roof             // flags, verbs, introductions
	cellar           // for tests and the demo
)

// floors says where each package lives. A path that ends in /* stands for the folders right in it that have no line of their own.
func floors() map[string]int {
	return map[string]int{
		"internal/dn":         ground,
		"internal/email":      ground,
		"internal/inbound":    ground,
		"internal/ldapwire":   ground,
		"internal/metrics":    ground,
		"internal/pacer":      ground,
		"internal/pages":      ground,
		"internal/scim":       ground,
		"internal/sdnotify":   ground,
		"internal/winservice": ground,
		"internal/secret":     ground,
		"internal/sheet":      ground,
		"internal/syslog":     ground,

		"internal/access":    words,
		"internal/directory": words,
		"internal/listed":    words,
		"internal/webapi":    words, // no word, but made of what lies on the ground

		"connectors":      minds,
		"internal/record": minds,
		"internal/review": minds,
		"mapping":         minds,
		"sync/plan":       minds,

		"connectors/*":    hands,
		"internal/anchor": hands,
		"internal/kisi":   hands,
		"internal/logs":   hands,
		"internal/store":  hands,
		"internal/notify": hands,
		"sync/apply":      hands,

		"connectors/all": conductor,
		"sync/engine":    conductor,

		"config":          offices,
		"internal/admin":  offices,
		"internal/daemon": offices,

		"cmd/kisi-sync/internal/exit":  threshold,
		"cmd/kisi-sync/internal/shape": voice,
		"cmd/kisi-sync/internal/voice": voice,
		"cmd/kisi-sync/internal/*":     rooms,

		"bench":             roof,
		"cmd/kisi-sync":     roof,
		"packaging/release": roof,

		"connectors/connectortest": cellar,
		"internal/archtest":        cellar,
		"internal/killtest":        cellar,
		"internal/sim/*":           cellar,
	}
}

// floorOf returns the floor of a folder.
func floorOf(folder string) (int, bool) {
	all := floors()
	if floor, ok := all[folder]; ok {
		return floor, true
	}
	if cut := strings.LastIndexByte(folder, '/'); cut >= 0 {
		floor, ok := all[folder[:cut]+"/*"]
		return floor, ok
	}
	return 0, false
}

func floorName(floor int) string {
	return [...]string{"ground", "words", "minds", "hands", "conductor", "offices", "threshold", "voice", "rooms", "roof", "cellar"}[floor]
}

// checkFloors reports packages without a floor, and imports that do not go down.
func checkFloors(t *Tree) []Violation {
	var all []Violation
	for _, p := range t.Packages {
		floor, ok := floorOf(p.Folder)
		if !ok {
			all = append(all, Violation{Where: p.Folder, What: "belongs to no floor"})
			continue
		}
		for _, f := range p.code() {
			all = append(all, t.upward(f, floor)...)
		}
	}
	return all
}

// upward reports the imports of a file that go up or sideways.
func (t *Tree) upward(f *File, floor int) []Violation {
	var all []Violation
	imports := f.imports()
	for _, imported := range slices.Sorted(maps.Keys(imports)) {
		folder, ok := t.local(imported)
		if !ok {
			continue
		}
		below, known := floorOf(folder)
		switch {
		case !known:
			all = append(all, t.at(imports[imported], "imports %s, which belongs to no floor", folder))
		case allowed(f, floor, below):
		default:
			all = append(all, t.at(imports[imported], "%s (%s) imports %s (%s)", f.Folder, floorName(floor), folder, floorName(below)))
		}
	}
	return all
}

// allowed says whether a file may import a package. The cellar uses what it simulates and tests, up to the hands; only the demo
// goes down into it.
func allowed(f *File, from, to int) bool {
	switch {
	case from == cellar:
		return to == cellar || to <= hands
	case to == cellar:
		return f.Folder == "cmd/kisi-sync/internal/demo"
	}
	return to < from
}

// checkStrangers keeps the words of sources and of the target apart, tests included.
func checkStrangers(t *Tree) []Violation {
	var all []Violation
	strangers := map[string]string{"internal/directory": "internal/access", "internal/access": "internal/directory"}
	for f := range t.files {
		stranger, ok := strangers[f.Folder]
		if spec, imports := f.imports()[t.Module+"/"+stranger]; ok && imports {
			all = append(all, t.at(spec, "%s imports %s", f.Folder, stranger))
		}
	}
	return all
}

// checkPurity keeps the world out of the packages that decide.
func checkPurity(t *Tree) []Violation {
	impure := []string{"context", "net", "os", "io/fs", "io/ioutil", "log", "math/rand", "crypto/rand", "syscall"}
	var all []Violation
	for f := range t.files {
		if f.Test || !slices.Contains([]string{"mapping", "sync/plan"}, f.Folder) {
			continue
		}
		imports := f.imports()
		for _, imported := range slices.Sorted(maps.Keys(imports)) {
			if slices.ContainsFunc(impure, func(p string) bool { return imported == p || strings.HasPrefix(imported, p+"/") }) {
				all = append(all, t.at(imports[imported], "%s imports %s", f.Folder, imported))
			}
		}
		for _, use := range f.uses("time", clock()...) {
			all = append(all, t.at(use, "%s uses time.%s", f.Folder, use.Sel.Name))
		}
	}
	return all
}

// clock are the names of package time that read the machine's clock.
func clock() []string { return []string{"Now", "Since", "Until"} }

// readsTheClock lists the folders whose code may read the clock, with the reason.
func readsTheClock() map[string]string {
	return map[string]string{
		"bench":           "it measures",
		"cmd/kisi-sync":   "the roof hands time.Now down",
		"connectors/ldap": "deadlines of connections are moments of the real clock",
		"internal/admin":  "deadlines of connections are moments of the real clock",
		"internal/syslog": "deadlines of connections are moments of the real clock",
		"internal/webapi": "it waits; its tests run in the bubble of testing/synctest",
		"internal/pacer":  "it waits; its tests run in the bubble of testing/synctest",
	}
}

// checkClock reports code that reads the machine's clock, and tests that sleep outside of a bubble. To pass time.Now on as the
// default of an injected clock is not to read it.
func checkClock(t *Tree) []Violation {
	var all []Violation
	for f := range t.files {
		if f.Test {
			_, bubble := f.imports()["testing/synctest"]
			for _, use := range f.uses("time", "Sleep") {
				if !bubble {
					all = append(all, t.at(use, "a test sleeps"))
				}
			}
			continue
		}
		floor, _ := floorOf(f.Folder)
		if _, may := readsTheClock()[f.Folder]; may || floor == cellar {
			continue
		}
		for _, call := range f.calls("time", clock()...) {
			all = append(all, t.at(call, "%s reads the clock", f.Folder))
		}
	}
	return all
}
