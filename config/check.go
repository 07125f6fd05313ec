package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// finding reports what a connector found about a setting of its block, after `before` problems were known.
func (r *report) finding(before int, path string, f connectors.Finding) {
	if f.Path != "" {
		path = join(path, f.Path)
	}
	switch f.Level {
	case connectors.Problem:
		r.addNew(before, path, f.Text, f.Hint)
	case connectors.Warning:
		r.warn(path, f.Text, f.Hint)
	}
}

// checker examines the decoded file as a whole.
type checker struct {
	*report
	*file
	declared map[string]*groupBlock // of groups
}

func newChecker(r *report, f *file) checker {
	c := checker{r, f, make(map[string]*groupBlock, len(f.Groups))}
	for i := range f.Groups {
		c.declared[f.Groups[i].Name] = &f.Groups[i].Value
	}
	return c
}

// add reports a problem unless the same place, or one around it, could not be decoded: that is then the cause.
func (c checker) add(path, text, hint string) {
	if !c.caused(len(c.found), path) {
		c.report.add(path, text, hint)
	}
}

// check reports everything that decoding cannot see.
func (c checker) check() {
	c.installation()
	c.kisi()
	c.sources()
	c.leavers()
	c.leaversLater()
	c.groups()
	c.reserved()
	c.sensitiveDoors()
	c.rules()
	c.limits()
	c.approvals()
	c.schedule()
	c.tell()
	c.expectations()
}

var (
	installationName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	sourceName       = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)
	headerText       = regexp.MustCompile(`^[\x21-\x7e]([\x20-\x7e]{0,98}[\x21-\x7e])?$`)
	domainName       = regexp.MustCompile(`^[^\s@*/:.]+(\.[^\s@*/:.]+)+$`)
)

func (c checker) installation() {
	if !installationName.MatchString(c.Installation) {
		c.add("installation", fmt.Sprintf("%q cannot be the name of an installation", shorten(c.Installation)),
			"use up to 32 of a-z, 0-9 and -, beginning and ending with a letter or digit, such as berlin-1")
	}
}

func (c checker) kisi() {
	k := c.Kisi
	if d := k.Organization.Domain; d == "" || strings.ContainsAny(d, "/: \t@") {
		c.add("kisi.organization.domain", fmt.Sprintf("%q cannot be the domain of an organization", shorten(d)), "`kisi-sync check` prints it; it is the last part of https://web.kisi.io/organizations/DOMAIN")
	}
	c.url("kisi.url", k.URL)
	c.between("kisi.rate", k.Rate, 1, 5)
	if id := k.Integration.Identifier; id != "" && !headerText.MatchString(id) {
		c.add("kisi.integration.identifier", "cannot be sent to Kisi", "use up to 100 letters, digits and signs of ASCII")
	}
	if contact := k.Integration.Contact; contact != "" && (email.Problem(contact) != "" || !headerText.MatchString(contact)) {
		c.add("kisi.integration.contact", fmt.Sprintf("%q is not an e-mail address", shorten(contact)), "")
	}
}

// url accepts Kisi's own address and servers of this machine: the key opens doors and is sent nowhere else.
func (c checker) url(path, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		c.add(path, fmt.Sprintf("%q is not the address of a server", shorten(text)), "write "+defaultURL+", or remove the key")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		c.add(path, "has more than scheme, host and port", "write "+u.Scheme+"://"+u.Host)
	case loopback(u.Hostname()):
	case u.Scheme == "http":
		c.add(path, "http would send the API key in clear", "write "+defaultURL+"; http is for tests on loopback only")
	case !strings.EqualFold(u.Host, "api.kisi.io"):
		c.add(path, "the API key is sent to api.kisi.io only, not to "+shorten(u.Host), "remove the key; another host must be on loopback, for tests")
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c checker) between(path string, n, low, high int) {
	if n < low || n > high {
		c.add(path, fmt.Sprintf("expected a number from %d to %d, got %d", low, high, n), "")
	}
}

// longestWait is how long a leaver may keep the doors.
const longestWait = 90 * 24 * time.Hour

func (c checker) leavers() {
	l := c.Leavers
	for path, wait := range map[string]patience{"disabled": patience(l.Disabled.Suspend), "deleted": l.Deleted.Suspend, "vanished": l.Vanished.Suspend,
		"left_scope": l.LeftScope.Suspend, "no_doors": l.NoDoors.Suspend} {
		if time.Duration(wait) > longestWait {
			c.add("leavers."+path+".suspend", "a leaver would keep the doors for "+formatDuration(time.Duration(wait)), "at most "+formatDuration(longestWait))
		}
	}
	for path, wait := range map[string]patience{"deleted": l.Deleted.Suspend, "vanished": l.Vanished.Suspend} {
		if wait < 0 {
			c.warn("leavers."+path+".suspend", "whoever leaves the directory in this way keeps every door until somebody suspends the user in Kisi", "")
		}
	}
}

// leaversLater looks at what becomes of people some time after their suspension.
func (c checker) leaversLater() {
	const shortest = 24 * time.Hour
	for _, l := range c.Leavers.ladders() {
		if l.rungs.Delete >= 0 && l.rungs.Delete < shortest {
			c.add(l.deletePath, "a Kisi user that is deleted cannot be brought back, and who returns would have to be set up anew",
				"wait "+formatDuration(shortest)+" at least, better some months; a suspended user opens nothing")
		}
		if l.rungs.Delete >= 0 && l.rungs.Revoke > l.rungs.Delete {
			c.add(l.revokePath, "the rights would be taken after the user is deleted", "write less than in "+l.deletePath+", or never")
		}
	}
}

func (c checker) approvals() {
	by := c.Approvals.By
	if c.written("approvals.by") && len(by) == 0 {
		c.add("approvals.by", "nobody may approve anything", "name somebody, or remove the key if everybody may who can run kisi-sync")
	}
	for i, name := range by {
		if strings.TrimSpace(name) != name || name == "" {
			c.add(index("approvals.by", i), fmt.Sprintf("%q is not a name", name), "write the name of an account, without spaces around it")
		}
	}
	c.repeats("approvals.by", by)
}

func (c checker) limits() {
	const most = 10_000_000
	c.between("limits.disabled.people", c.Limits.Disabled.People, 0, most)
	c.between("limits.removals.people", c.Limits.Removals.People, 0, most)
	c.between("limits.removals.percent_of_group", c.Limits.Removals.PercentOfGroup, 0, 100)
	c.between("limits.removals.groups_above", c.Limits.Removals.GroupsAbove, 0, most)
	c.between("limits.grants.people", c.Limits.Grants.People, 0, most)
	if s := c.Limits.Sensitive; s != nil {
		c.between("limits.sensitive.people", s.People, 0, most)
	}
	if w := time.Duration(c.Limits.Window); w < time.Hour || w > 30*24*time.Hour {
		c.add("limits.window", "expected a duration from 1h to 30d, got "+formatDuration(w), "")
	}
}

// cronParser reads the five fields of crontab(5) and words such as @daily and @every.
func cronParser() cron.Parser {
	return cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
}

func (c checker) schedule() {
	zone := c.Schedule.Zone
	if _, err := loadZone(zone); err != nil {
		c.add("schedule.time_zone", fmt.Sprintf("unknown time zone %q", shorten(zone)), "write it as in Europe/Berlin, or UTC")
		zone = "UTC"
	}
	c.cron("schedule.changes", c.Schedule.Changes, zone)
	c.cron("schedule.full", c.Schedule.Full, zone)
}

// loadZone refuses Local: the same file must mean the same on another machine.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("no name of a time zone")
	}
	return time.LoadLocation(name)
}

func (c checker) cron(path, text, zone string) {
	const hint = `write five fields (minute hour day month weekday) such as "0 3 * * *", or "@every 1m"`
	schedule, err := parseCron(text, zone)
	if err != nil {
		c.add(path, fmt.Sprintf("%q is not a schedule: %s", shorten(text), cronReason(err)), hint)
		return
	}
	// The moment is arbitrary: only whether there is a next one, and how far apart two are.
	first := schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	switch second := schedule.Next(first); {
	case first.IsZero() || second.IsZero():
		c.add(path, fmt.Sprintf("%q never comes to pass", shorten(text)), hint)
	case second.Sub(first) < 5*time.Second:
		c.add(path, fmt.Sprintf("%q is oftener than every 5 seconds", shorten(text)), "sources that can watch report changes by themselves")
	}
}

// parseCron reads a schedule whose times are of a zone.
func parseCron(text, zone string) (cron.Schedule, error) {
	switch {
	case strings.Contains(text, "="):
		return nil, fmt.Errorf("the zone is said by schedule.time_zone")
	case len(text) > 200:
		return nil, fmt.Errorf("it is too long")
	case strings.TrimSpace(text) == "":
		return nil, fmt.Errorf("it is empty")
	}
	return cronParser().Parse("CRON_TZ=" + zone + " " + strings.TrimSpace(text))
}

// cronReason takes the prefix that parseCron adds out of a message.
func cronReason(err error) string {
	reason := err.Error()
	if at := strings.Index(reason, "CRON_TZ="); at >= 0 {
		reason = strings.TrimRight(reason[:at], " :[\"")
	}
	return reason
}

// groupNames reports names that are not declared, or listed twice.
func (c checker) groupNames(path string, names []string) {
	for i, name := range names {
		c.groupName(index(path, i), name)
	}
	c.repeats(path, names)
}

// declares says that the file declares a group, or one whose name may become this one.
func (c checker) declares(name string) bool {
	if _, ok := c.declared[name]; ok {
		return true
	}
	return slices.ContainsFunc(c.Groups, func(g row[groupBlock]) bool {
		made := making(g)
		return made.Makes(name)
	})
}

// making is as much of a group as its name is made of.
func making(g row[groupBlock]) mapping.Group {
	return mapping.Group{Name: g.Name, OneOf: g.Value.OneOf.list, AnyOf: g.Value.OneOf.any}
}

// repeats reports what is listed twice.
func (c checker) repeats(path string, words []string) {
	seen := make(map[string]bool, len(words))
	for i, word := range words {
		if seen[word] {
			c.add(index(path, i), fmt.Sprintf("%q is there twice", word), "keep one of them")
		}
		seen[word] = true
	}
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
