package config

import (
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// The settings that are one of a few words.

type (
	mode       string
	newUsers   string
	existing   string
	keepOnly   string
	reportOnly string
	removed    string
	ifMissing  string
	managed    string
	role       string
	missing    string
	logFormat  string
	logLevel   string
)

func (mode) words() []string       { return []string{"observe", "add_only", "full"} }
func (newUsers) words() []string   { return []string{"managed", "invited"} }
func (existing) words() []string   { return []string{"manage_our_rights", "report", "adopt"} }
func (keepOnly) words() []string   { return []string{"keep"} }
func (reportOnly) words() []string { return []string{"report"} }
func (removed) words() []string    { return []string{"keep", "repair"} }
func (ifMissing) words() []string  { return []string{"error", "create"} }
func (managed) words() []string    { return []string{"members", "doors"} }
func (role) words() []string       { return []string{"door_access", "group_manager"} }
func (missing) words() []string    { return []string{"refuse", "open"} }
func (logFormat) words() []string  { return []string{"auto", "text", "json", "journal"} }
func (logLevel) words() []string   { return []string{"debug", "info", "warn", "error"} }

// plan returns the word as the planner knows it; whatever is no word of ours writes nothing.
func (m mode) plan() plan.Mode {
	switch m {
	case "full":
		return plan.Full
	case "add_only":
		return plan.AddOnly
	}
	return plan.Observe
}

func (e existing) plan() plan.Existing {
	switch e {
	case "report":
		return plan.ReportOnly
	case "adopt":
		return plan.Adopt
	}
	return plan.ManageOurRights
}

func (r role) access() access.Role {
	if r == "group_manager" {
		return access.GroupManager
	}
	return access.DoorAccess
}

func (m missing) mapping() mapping.Missing {
	if m == "open" {
		return mapping.Open
	}
	return mapping.Refuse
}
