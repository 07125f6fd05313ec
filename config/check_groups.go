package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

func (c checker) sources() {
	if len(c.Sources) == 0 && c.written("sources") {
		c.add("sources", "there is no source", "declare at least one directory")
	}
	for _, s := range c.Sources {
		path := join("sources", s.Name)
		if !sourceName.MatchString(s.Name) {
			c.add(path, fmt.Sprintf("%q cannot be the name of a source", shorten(s.Name)), "use up to 32 of a-z, 0-9, _ and -")
		}
		if id := s.Value.common.ID; id != "" && !sourceName.MatchString(id) {
			c.add(join(path, "id"), fmt.Sprintf("%q cannot be an id", shorten(id)), "use up to 32 of a-z, 0-9, _ and -")
		}
		c.source(path, s.Value.common)
	}
}

// sourceID returns what people of a source are remembered by.
func sourceID(s row[sourceBlock]) string { return cmp.Or(s.Value.common.ID, s.Name) }

func (c checker) source(path string, s sourceCommon) {
	c.domains(join(path, "emails"), s.Emails)
	for i, old := range s.Was {
		at := join(path, "was")
		if len(s.Was) > 1 {
			at = index(at, i)
		}
		if !sourceName.MatchString(old) {
			c.add(at, fmt.Sprintf("%q was never the name of a source", shorten(old)), "names of sources are up to 32 of a-z, 0-9, _ and -")
		}
	}
	c.repeats(join(path, "was"), s.Was)
	if after := time.Duration(s.StaleAfter); after != 0 && after < time.Minute {
		c.add(join(path, "stale_after"), "expected a duration of at least 1m, got "+formatDuration(after), "")
	}
	c.readEvery(join(path, "read_every"), time.Duration(s.ReadEvery), time.Duration(s.StaleAfter))
}

// readEvery refuses what would make a healthy source stale, or read it all the time.
func (c checker) readEvery(path string, every, stale time.Duration) {
	switch {
	case every == 0:
	case every < 5*time.Second:
		c.add(path, "expected a duration of at least 5s, got "+formatDuration(every), "sources that can watch report changes by themselves")
	case stale != 0 && stale <= every:
		c.add(path, fmt.Sprintf("the source would always be stale: read every %s, stale after %s", formatDuration(every), formatDuration(stale)), "read it oftener than that")
	}
}

func (c checker) domains(path string, e emailDomains) {
	if !e.any && len(e.domains) == 0 {
		c.add(path, "the source may speak for no address at all", "list the domains of its people, or write any")
	}
	folded := make([]string, len(e.domains))
	for i, domain := range e.domains {
		if !domainName.MatchString(domain) {
			c.add(index(path, i), fmt.Sprintf("%q is not a domain", shorten(domain)), "write it as in example.com, without @ and *; subdomains are listed, too")
		}
		folded[i] = email.Fold(domain)
	}
	c.repeats(path, folded)
}

func (c checker) groups() {
	for _, g := range c.Groups {
		path := join("groups", g.Name)
		if problem := nameProblem(g.Name); problem != "" {
			c.add(path, problem, "write the name as Kisi shows it")
		}
		c.group(path, g.Value)
		if len(g.Value.Members) > 0 && !g.Value.OneOf.IsZero() {
			c.add(join(path, "members"), "people by name can be in a group of one name only", "declare that group by itself, or write a rule for them")
		}
		c.openings(path, g.Value)
		c.groupMembers(path, g.Value)
	}
}

// sensitiveDoors checks the doors to be careful with.
func (c checker) sensitiveDoors() {
	for i, door := range c.SensitiveDoors {
		c.door(index("sensitive_doors", i), door)
	}
	c.repeats("sensitive_doors", c.SensitiveDoors)
}

// door reports a text that can name no door.
func (c checker) door(path, text string) {
	if !isDoor(text) {
		c.add(path, fmt.Sprintf("%q is not a door", shorten(text)), `write "Place / Door" or its number; `+"`kisi-sync doors` lists them")
	}
}

// nameProblem says why a text cannot be the name of something in Kisi.
func nameProblem(name string) string {
	switch {
	case name == "":
		return "the name is empty"
	case strings.TrimSpace(name) != name:
		return "the name begins or ends with a space"
	case strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "the name contains a character that cannot be seen"
	case utf8.RuneCountInString(name) > 255:
		return "the name is longer than 255 characters"
	}
	return ""
}

func (c checker) group(path string, g groupBlock) {
	switch {
	case g.ID < 0:
		c.add(join(path, "id"), fmt.Sprintf("%d is not an id", g.ID), "Kisi's ids begin with 1; `kisi-sync groups` lists them")
	case g.ID == 0 && c.written(join(path, "id")):
		c.add(join(path, "id"), "0 is not an id", "Kisi's ids begin with 1; `kisi-sync groups` lists them")
	case g.ID == 0 && g.Scope.IsZero() && !c.written(join(path, "scope")):
		c.add(join(path, "scope"), "is missing", "write organization, or {place: NAME} for a group of one place")
	case g.ID != 0 && g.IfMissing == "create":
		c.add(join(path, "if_missing"), "a group with an id cannot be created; Kisi chooses ids", "remove the id, or write error")
	}
	words := make([]string, len(g.Manage))
	for i, what := range g.Manage {
		words[i] = string(what)
	}
	c.repeats(join(path, "manage"), words)
	if len(g.Manage) == 0 {
		c.add(join(path, "manage"), "nothing of the group is ours to manage", "write [members], [doors] or [members, doors], or remove the group")
	}
}

func (c checker) written(path string) bool {
	_, ok := c.spots[path]
	return ok
}

// openings checks doors and stops. Doors without manage: [doors] would silently do nothing; manage: [doors] without any would
// close the group's doors.
func (c checker) openings(path string, g groupBlock) {
	doors, stops := join(path, "doors"), join(path, "elevator_stops")
	if !g.manages("doors") {
		for _, p := range []string{doors, stops} {
			if c.written(p) {
				c.add(p, "is not ours to manage", "add doors to manage, or remove this key")
			}
		}
	} else if !c.written(doors) && !c.written(stops) {
		c.add(join(path, "manage"), "manages doors but says none", "list doors, or write doors: [] if the group is to open none")
	}
	for i, door := range g.Doors {
		c.door(index(doors, i), door)
	}
	c.repeats(doors, g.Doors)
	for i, stop := range g.ElevatorStops {
		if c.has(index(stops, i)) {
			continue
		}
		if stop.Elevator == "" && stop.Place == "" && stop.Stop != "" {
			continue // by number
		}
		if stop.Place == "" || stop.Elevator == "" || stop.Stop == "" {
			c.add(index(stops, i), "a name is empty", "`kisi-sync elevators` lists them")
		} else if slices.Contains(g.ElevatorStops[:i], stop) {
			c.add(index(stops, i), "is there twice", "keep one of them")
		}
		c.samePlace(join(index(stops, i), "place"), g.Scope.place, stop.Place)
	}
}

// samePlace reports what a group of another place cannot hold (kisi-api §5.2).
func (c checker) samePlace(path, group, opening string) {
	if group != "" && opening != "" && group != opening {
		c.add(path, fmt.Sprintf("a group of place %q cannot open something of place %q", group, opening), "give the group the scope organization")
	}
}

// isDoor says whether a text can name a door: "Place / Door", or a number.
func isDoor(text string) bool {
	if id, err := strconv.ParseInt(text, 10, 64); err == nil {
		return id > 0
	}
	place, door, found := strings.Cut(text, " / ")
	return found && strings.TrimSpace(place) != "" && strings.TrimSpace(door) != ""
}

// rules checks what mapping cannot see; see compile for the rest.
func (c checker) rules() {
	if c.Rules == nil && c.written("rules") {
		c.add("rules", "there are no rules", "write rules: [] if really nobody is to have anything")
	}
	given := map[gift]string{}
	for i := range c.Rules {
		path := join(index("rules", i), "grant")
		for k, name := range c.Rules[i].Grant {
			c.grant(index(path, k), name, &c.Rules[i], given)
		}
	}
}

// gift is what a rule gives to whom, apart from when.
type gift struct {
	from   selector
	where  string
	except string
	role   role
	group  string
}

// grant reports a group whose members are not ours, and one that an earlier rule gives to the same people: with other dates, the
// wider ones would win, and one of the two would silently do nothing.
func (c checker) grant(path, name string, r *ruleBlock, given map[gift]string) {
	g, declared := c.declared[name]
	if !declared {
		return
	}
	if !g.manages("members") && !c.has(join(join("groups", name), "manage")) {
		c.add(path, fmt.Sprintf("the members of %q are not ours to manage", name), "add members to the group's manage, or remove it here")
	}
	this := gift{r.From, strings.TrimSpace(r.Where), fmt.Sprint(r.Except), r.Role, name}
	if earlier, twice := given[this]; twice && earlier != r.Name {
		c.add(path, fmt.Sprintf("%q is given to the same people by rule %q", name, earlier), "keep one of them; of two dates the wider would win")
	}
	given[this] = r.Name
}
