package access

import "strings"

// Setting is a switch of a group that Kisi's API can write (kisi-api §5.1, §5.2). When a door may be opened, and how far away a phone may be,
// the API does not say: only whether the group is restricted by it.
type Setting uint8

// The settings. They are kept on disk by number: new ones go to the end.
const (
	AppAccess         Setting = iota // login_enabled: the app opens its doors
	TimeRestricted                   // time_restriction_enabled
	Geofenced                        // geofence_restriction_enabled
	ReaderRestricted                 // reader_restriction_enabled
	PrimaryDeviceOnly                // primary_device_restriction_enabled
	ManagedDeviceOnly                // managed_device_restriction_enabled
	TapToAccess                      // tap_to_access_restriction_enabled
	settings
)

var settingNames = [...]struct{ field, key, words string }{
	{"login_enabled", "app_access", "app access"},
	{"time_restriction_enabled", "time", "time restriction"},
	{"geofence_restriction_enabled", "geofence", "geofence restriction"},
	{"reader_restriction_enabled", "reader", "reader restriction"},
	{"primary_device_restriction_enabled", "primary_device", "primary device restriction"},
	{"managed_device_restriction_enabled", "managed_device", "managed device restriction"},
	{"tap_to_access_restriction_enabled", "tap_to_access", "tap to access restriction"},
}

// AllSettings returns every setting, in the order of the constants.
func AllSettings() []Setting {
	all := make([]Setting, settings)
	for i := range all {
		all[i] = Setting(i)
	}
	return all
}

// Field returns what the API calls the setting.
func (s Setting) Field() string { return settingNames[s].field }

// Key returns what the configuration file and the command line call the setting.
func (s Setting) Key() string { return settingNames[s].key }

func (s Setting) String() string { return settingNames[s].words }

// widens says that the setting, turned on, lets people in who were not let in before. A restriction does that when it is turned off.
func (s Setting) widens(on bool) bool { return on == (s == AppAccess) }

// Settings are the settings of a group as far as somebody says them: Said has a bit for each one that is said, On for each that is on. The zero
// Settings say nothing.
type Settings struct{ Said, On uint8 }

// With returns the settings with one more that is said.
func (s Settings) With(one Setting, on bool) Settings {
	s.Said |= 1 << one
	if s.On &^= 1 << one; on {
		s.On |= 1 << one
	}
	return s
}

// Is says whether a setting is on, and whether that is said at all.
func (s Settings) Is(one Setting) (on, said bool) { return s.On&(1<<one) != 0, s.Said&(1<<one) != 0 }

// Empty says that nothing is said.
func (s Settings) Empty() bool { return s.Said == 0 }

// Over returns t with what s says in place of what t says of the same.
func (s Settings) Over(t Settings) Settings {
	return Settings{Said: s.Said | t.Said, On: s.On | t.On&^s.Said}
}

// Only returns what s says of the settings that are in said.
func (s Settings) Only(said uint8) Settings { return Settings{Said: s.Said & said, On: s.On & said} }

// Unlike returns what s says, and t says otherwise or not at all.
func (s Settings) Unlike(t Settings) Settings {
	return s.Only(^(t.Said &^ (s.On ^ t.On)))
}

// Split returns what of s lets people in, and what keeps them out.
func (s Settings) Split() (widening, narrowing Settings) {
	for _, one := range AllSettings() {
		if on, said := s.Is(one); said && one.widens(on) {
			widening = widening.With(one, on)
		} else if said {
			narrowing = narrowing.With(one, on)
		}
	}
	return widening, narrowing
}

// String says them: "time restriction on, app access off".
func (s Settings) String() string {
	var all []string
	for _, one := range AllSettings() {
		if on, said := s.Is(one); said {
			all = append(all, one.String()+map[bool]string{true: " on", false: " off"}[on])
		}
	}
	return strings.Join(all, ", ")
}
