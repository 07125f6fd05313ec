package config

import (
	"cmp"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/members"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// Settings are a configuration file without problems. They are not changed after they were made, and hold no secret, only
// where each is kept.
type Settings struct {
	File     string // as it was named
	Dir      string // the absolute folder where relative paths of the file begin
	Kisi     Kisi
	Sources  []Source // in the file's order
	Schedule Schedule
	Expect   []Expectation
	// Approvals say who may approve what is held.
	Approvals Approvals
	State     string // the absolute path of the store
	Log       Log
	Warnings  []Problem // what may hurt later, sorted by line
	Digest    [32]byte  // of the text, with that of all files that it includes

	file      file
	rules     *mapping.Rules
	zone      *time.Location
	lookupEnv func(string) (string, bool)
	included  []string
	exists    func(path string) bool
	ends      map[string]time.Time // of secrets, by their keys
}

// Kisi is the organization and how to talk to it.
type Kisi struct {
	Domain  string // of the organization that the key must belong to
	APIKey  secret.Ref
	URL     string  // scheme, host and port, without a slash at the end
	Rate    float64 // calls a second
	Program Program
}

// Program is what Kisi is told about this integration; both may be empty.
type Program struct{ Identifier, Contact string }

// Source is one source.
type Source struct {
	Name   string   // as rules and messages say
	ID     string   // as keys say
	Was    []string // as keys said before the source was renamed
	Type   string
	Config connectors.Config
	// StaleAfter is the age from which on nothing is concluded from what the last whole read did not have; 0: never.
	StaleAfter time.Duration
	// ReadEvery is how often the daemon asks for changes; 0: as the schedule says.
	ReadEvery time.Duration
	// Stated says that its people stand in the file itself: whoever is missing was taken out of it.
	Stated bool
}

// Outdated says that what is known of the source is too old at some age: its people are then left as they are.
func (s *Source) Outdated(age time.Duration) bool { return s.StaleAfter > 0 && age > s.StaleAfter }

// Schedule is when the daemon runs. The schedules know their zone.
type Schedule struct {
	Changes, Full cron.Schedule
	Zone          *time.Location
}

// Log is how the daemon logs.
type Log struct {
	Format string // auto, text, json, journal
	Level  slog.Level
	Syslog Collector // which gets the same lines
}

// Approvals say who may approve what is held.
type Approvals struct{ By []string } // empty: whoever may run the command

// Allow says that somebody, by the name of the account, may approve. Who became root by sudo may as either.
func (a Approvals) Allow(name string) bool {
	return len(a.By) == 0 || slices.ContainsFunc(record.Accounts(name), func(one string) bool { return slices.Contains(a.By, one) })
}

// settings makes the typed parts. It is called for files with problems, too: what cannot be made is left out.
func (l Loader) settings(r *report, f *file) (*Settings, error) {
	dir, err := folder(cmp.Or(l.Place, r.file))
	if err != nil {
		return nil, err
	}
	s := &Settings{File: r.file, Dir: dir, file: *f, zone: time.UTC, lookupEnv: l.LookupEnv, exists: l.Exists}
	if s.exists == nil {
		s.exists = onDisk
	}
	if zone, err := loadZone(f.Schedule.Zone); err == nil {
		s.zone = zone
	}
	s.Kisi = Kisi{
		Domain: f.Kisi.Organization.Domain, APIKey: f.Kisi.APIKey, URL: strings.TrimRight(f.Kisi.URL, "/"), Rate: float64(f.Kisi.Rate),
		Program: Program(f.Kisi.Integration),
	}
	for _, b := range f.Sources {
		s.Sources = append(s.Sources, Source{Name: b.Name, ID: sourceID(b), Was: slices.Clone(b.Value.common.Was), Type: b.Value.common.Type, Config: b.Value.settings, StaleAfter: time.Duration(b.Value.common.StaleAfter),
			ReadEvery: time.Duration(b.Value.common.ReadEvery)})
	}
	if named := f.named(); len(named) > 0 {
		s.Sources = append(s.Sources, Source{Name: members.Name, ID: members.Name, Type: members.Name, Config: &members.Settings{Entries: named}, Stated: true})
	}
	s.Schedule = schedule(f.Schedule, s.zone)
	s.Expect = expectations(r, f.Expect)
	s.Approvals = Approvals{By: slices.Clone([]string(f.Approvals.By))}
	s.State = s.statePath()
	s.Log = f.Log.settings()
	s.Log.Syslog = s.collector(f.Log.Syslog, f.Log.CA)
	return s, nil
}

func schedule(b scheduleBlock, zone *time.Location) Schedule {
	changes, errChanges := parseCron(b.Changes, zone.String())
	full, errFull := parseCron(b.Full, zone.String())
	if errChanges != nil || errFull != nil {
		return Schedule{} // reported by check
	}
	return Schedule{Changes: changes, Full: full, Zone: zone}
}

// settings takes a level that is no level for info; check has reported it then.
func (b logBlock) settings() Log {
	l := Log{Format: string(b.Format)}
	if err := l.Level.UnmarshalText([]byte(b.Level)); err != nil {
		l.Level = slog.LevelInfo
	}
	return l
}

// onDisk says whether a file or a folder is there.
func onDisk(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Where the packages have the service's file and its state. A daemon of its own for an organization has a folder below both.
const (
	installedFile  = "/etc/kisi-sync"
	installedState = "/var/lib/kisi-sync"
)

// installed returns the folder in which the service has its state that is installed with this file; "" for a file elsewhere, and where
// the state lies beside the file.
func (s *Settings) installed(name string) string {
	folder := ""
	switch installedFile {
	case filepath.ToSlash(s.Dir):
		folder = installedState
	case filepath.ToSlash(filepath.Dir(s.Dir)):
		folder = filepath.Join(installedState, filepath.Base(s.Dir))
	}
	if folder == "" || !s.exists(folder) || s.exists(filepath.Join(s.Dir, name)) {
		return ""
	}
	return folder
}

// statePath returns where the store is: as the file says, or else in systemd's state directory, or where the service has it whose file
// this is, or beside the file. So the service and whoever types a verb look at the same place.
func (s *Settings) statePath() string {
	const name = "kisi-sync.db"
	path := s.file.State
	if path == "" {
		// STATE_DIRECTORY holds all directories of the unit, separated by colons (systemd.exec(5)).
		states := s.getenv("STATE_DIRECTORY")
		if first, _, _ := strings.Cut(states, ":"); first != "" {
			return filepath.Join(first, name)
		}
		if folder := s.installed(name); folder != "" {
			return filepath.Join(folder, name)
		}
		path = name
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	return filepath.Clean(path)
}

// Secrets is the place against which the file's secrets are resolved.
func (s *Settings) Secrets() secret.Place {
	return secret.Place{Base: s.Dir, LookupEnv: s.lookupEnv}
}

// Policy says how plans are carried out.
func (s *Settings) Policy() plan.Policy {
	return plan.Policy{
		Installation: s.file.Installation,
		Mode:         s.file.Mode.plan(),
		Managed:      s.file.Kisi.NewUsers == "managed",
		Existing:     s.file.Existing.plan(),
		Repair:       s.file.ByHand.AccessRemoved == "repair",
	}
}

// Limits says how many people may lose or gain something within the window.
func (s *Settings) Limits() plan.Limits {
	l, sensitive := s.file.Limits, -1
	if l.Sensitive != nil {
		sensitive = l.Sensitive.People
	}
	return plan.Limits{
		Window:    time.Duration(l.Window),
		Disabled:  l.Disabled.People,
		Removals:  plan.Removals(l.Removals),
		Grants:    l.Grants.People,
		Sensitive: sensitive,
	}
}

// Rules returns the rules, ready to be used; they are those of MappingSpec.
func (s *Settings) Rules() *mapping.Rules { return s.rules }

// MappingSpec says who should hold what. The result shares nothing that may be changed.
func (s *Settings) MappingSpec() mapping.Spec {
	f := &s.file
	spec := mapping.Spec{
		Installation:       f.Installation,
		Precedence:         slices.Clone(f.People.AttributesFrom),
		SamePersonBy:       f.People.SamePersonBy.attribute,
		CreateWithoutDoors: f.People.CreateWithoutDoors,
		Leavers:            f.Leavers.mapping(),
		AdminRoles:         f.AllowAdminRoles,
		SensitiveDoors:     slices.Clone(f.SensitiveDoors),
		Zone:               s.zone,
	}
	for _, b := range f.Sources {
		spec.Sources = append(spec.Sources, specSource(b))
	}
	for _, g := range f.Groups {
		spec.Groups = append(spec.Groups, specGroup(g.Name, g.Value))
	}
	slices.SortFunc(spec.Groups, func(a, b mapping.Group) int { return cmp.Compare(a.Name, b.Name) })
	for _, x := range f.Conditions {
		spec.Conditions = append(spec.Conditions, mapping.Condition{Name: x.Name, Text: x.Value})
	}
	for _, r := range f.Rules {
		spec.Rules = append(spec.Rules, specRule(r))
	}
	f.nameMembers(&spec)
	return spec
}

func (l *leaversBlock) mapping() mapping.Leavers {
	return mapping.Leavers{Disabled: time.Duration(l.Disabled.Suspend), Deleted: time.Duration(l.Deleted.Suspend), Vanished: time.Duration(l.Vanished.Suspend),
		LeftScope: l.LeftScope.Suspend.after(), NoDoors: l.NoDoors.Suspend.after(), After: l.after()}
}

// after returns what becomes of the suspended later, by cause; causes of whose suspended nothing ever becomes are missing.
func (l *leaversBlock) after() map[access.CauseKind]mapping.Rungs {
	all := map[access.CauseKind]mapping.Rungs{}
	for _, ladder := range l.ladders() {
		if ladder.rungs != (mapping.Rungs{Revoke: mapping.Never, Delete: mapping.Never}) {
			all[ladder.cause] = ladder.rungs
		}
	}
	return all
}

// ladder is what becomes of the suspended of one cause, and where the file says so.
type ladder struct {
	cause                  access.CauseKind
	rungs                  mapping.Rungs
	revokePath, deletePath string
}

// ladders returns the five of them, in the order of the file.
func (l *leaversBlock) ladders() []ladder {
	return []ladder{
		l.ladder("disabled", access.Disabled, l.Disabled.rungsBlock),
		l.ladder("deleted", access.Deleted, l.Deleted.rungsBlock),
		l.ladder("vanished", access.Vanished, l.Vanished.rungsBlock),
		l.ladder("left_scope", access.LeftScope, l.LeftScope.rungsBlock),
		l.ladder("no_doors", access.NoDoors, l.NoDoors.rungsBlock),
	}
}

// ladder is that of one cause: as its own block says, else as all of them.
func (l *leaversBlock) ladder(name string, cause access.CauseKind, own rungsBlock) ladder {
	out := ladder{cause, mapping.Rungs{Revoke: time.Duration(l.Revoke), Delete: time.Duration(l.Delete)}, "leavers.revoke", "leavers.delete"}
	if own.Revoke != nil {
		out.rungs.Revoke, out.revokePath = time.Duration(*own.Revoke), "leavers."+name+".revoke"
	}
	if own.Delete != nil {
		out.rungs.Delete, out.deletePath = time.Duration(*own.Delete), "leavers."+name+".delete"
	}
	return out
}

func specSource(b row[sourceBlock]) mapping.Source {
	common := b.Value.common
	source := mapping.Source{Name: b.Name, ID: sourceID(b), Was: slices.Clone([]string(common.Was)), Says: b.Value.says}
	for _, domain := range common.Emails.domains {
		source.Domains = append(source.Domains, email.Fold(domain))
	}
	if common.MayGrant.written {
		source.MayGrant = append([]string{}, common.MayGrant.groups...)
	}
	for _, a := range common.Attributes {
		source.Attributes = append(source.Attributes, mapping.Attribute{Name: a.Name, From: a.Value.From, List: a.Value.List, Format: a.Value.Format})
	}
	if lister, ok := b.Value.settings.(connectors.AccessLister); ok {
		source.Lists = lister.ListsAccess()
	}
	if x, ok := b.Value.settings.(connectors.Readdressable); ok {
		source.Mutable = x.ByAddress()
	}
	if lister, ok := b.Value.settings.(connectors.AttributeLister); ok {
		for _, name := range lister.Attributes() {
			if !slices.Contains(common.Attributes.names(), name) {
				source.Attributes = append(source.Attributes, mapping.Attribute{Name: name, From: name})
			}
		}
	}
	return source
}

func specGroup(name string, g groupBlock) mapping.Group {
	group := mapping.Group{
		Name: name, OneOf: slices.Clone(g.OneOf.list), AnyOf: g.OneOf.any, ID: access.RemoteID(g.ID), Place: g.Scope.place, Everywhere: g.Scope.organization, Create: g.IfMissing == "create",
		Members: g.manages("members"), Openings: g.manages("doors"), Description: g.Description,
		Doors: slices.Clone([]string(g.Doors)), Sensitive: g.Sensitive, Settings: g.settings(),
	}
	for _, stop := range g.ElevatorStops {
		group.Stops = append(group.Stops, mapping.StopName(stop))
	}
	return group
}

func specRule(r ruleBlock) mapping.Rule {
	return mapping.Rule{
		Name: r.Name, From: mapping.Selector(r.From), Where: r.Where, Grant: slices.Clone([]string(r.Grant)), Listed: r.GrantListed,
		Except: specExceptions(r.Except), Exclude: slices.Clone([]string(r.Exclude)), Roles: specRoles(r.GrantRoles),
		Role: r.Role.access(), Begin: specDate(r.FromDate), Until: specDate(r.Until), Notify: r.Notify,
	}
}

func specRoles(blocks []roleGrantBlock) (all []mapping.RoleGrant) {
	for _, b := range blocks {
		all = append(all, mapping.RoleGrant{Role: strings.TrimSpace(b.Role), Place: b.Scope.place})
	}
	return all
}

func specExceptions(blocks []exceptBlock) (all []mapping.Exception) {
	for _, b := range blocks {
		all = append(all, mapping.Exception{Group: mapping.Selector{Source: b.Source, Group: b.Group}, People: slices.Clone(b.People), Where: b.Where})
	}
	return all
}

func specDate(t *date) *mapping.Date {
	if t == nil {
		return nil
	}
	return &mapping.Date{Attribute: t.Attribute, Shift: t.shift(), Format: t.Format, Fixed: t.fixed, Missing: t.IfMissing.mapping(), Unreadable: t.IfUnreadable.mapping()}
}

func (s *Settings) getenv(name string) string {
	lookup := s.lookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	value, _ := lookup(name)
	return value
}
