package config

import (
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/mapping"
)

// defaultURL is the only public address of Kisi's API (kisi-api: https://docs.kisi.io/api).
const defaultURL = "https://api.kisi.io"

func (f *file) setDefaults() {
	f.ByHand = byHandBlock{Suspended: "keep", AccessRemoved: "keep", AccessAdded: "report"}
	f.Existing = "manage_our_rights"
	f.Leavers.Disabled.Suspend = 0
	f.Leavers.Deleted.Suspend = 0
	f.Leavers.Vanished.Suspend = patience(24 * time.Hour)
	f.Leavers.LeftScope.Suspend, f.Leavers.NoDoors.Suspend = patience(mapping.Never), patience(mapping.Never)
	f.Leavers.Revoke, f.Leavers.Delete = patience(mapping.Never), patience(mapping.Never)
	f.Schedule = scheduleBlock{Changes: "@every 1m", Full: "0 3 * * *", Zone: "UTC"}
	f.Log = logBlock{Format: "auto", Level: "info"}
	f.Metrics.setDefaults()
	f.Notify = notifyBlock{SummaryAt: "08:00", Again: span(24 * time.Hour)}
	f.Limits = limitsBlock{
		Window:   span(24 * time.Hour),
		Disabled: peopleLimit{People: 200},
		Removals: removalsBlock{People: 20, PercentOfGroup: 10, GroupsAbove: 10},
		Grants:   peopleLimit{People: 200},
	}
}

func (k *kisiBlock) setDefaults() { k.URL, k.Rate = defaultURL, 4 }

func (g *groupBlock) setDefaults() {
	g.IfMissing, g.Manage = "error", []managed{"members"}
}

func (m *memberBlock) setDefaults() { m.Role = "door_access" }

func (r *ruleBlock) setDefaults() { r.Role = "door_access" }

func (a *attributeDate) setDefaults() { a.IfMissing, a.IfUnreadable = "refuse", "refuse" }

func (g *groupBlock) manages(what managed) bool { return slices.Contains(g.Manage, what) }
