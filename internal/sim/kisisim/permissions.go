package kisisim

import "strings"

// permissionNames returns every key of a role's permissions, the complete list of §4.1.
func permissionNames() []string {
	var names []string
	for _, thing := range strings.Fields(readWrite) {
		names = append(names, thing+"_read", thing+"_write")
	}
	for _, thing := range strings.Fields(readOnly) {
		names = append(names, thing+"_read")
	}
	return append(names, strings.Fields(doorActions)...)
}

const readWrite = `access_keys amenities apple_passes bookings cameras capacities card_assignments cards
	communication_policies csv_card_import csv_user_import custom_roles elevator_stops elevators
	event_retention_policies floors group_elevator_stops group_links group_locks group_terminals group_zones groups
	guests hardware third_party_hf_uid_read_configurations incident_policies incidents integrations
	intercom_assignment kiosk_shortcuts locks logins managed_devices marketplace_app_shares marketplace_installations
	marketplace_shortcuts mobile_cache_policies places reports role_assignments scanned_card scheduled_report schedules
	shares team_memberships teams terminals users visualization_page_reporters visualization_page_shares zones
	camera_snapshots`

const readOnly = `analytics camera_snapshot_sets dashboards events incident_occurrences intercom_completed_call_stream
	place_dashboard subscriptions`

const doorActions = `cards_activate elevator_stops_permit invites_write locks_unlock terminals_trigger zones_override
	zones_reset`

// permit grants the permissions whose names one of the patterns matches; a pattern is a name, "*", or "*_read".
func permit(patterns ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range permissionNames() {
		all[name] = false
		for _, p := range patterns {
			tail, wild := strings.CutPrefix(p, "*")
			all[name] = all[name] || name == p || wild && strings.HasSuffix(name, tail)
		}
	}
	return all
}
