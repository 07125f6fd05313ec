package main

import (
	"context"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// crowd gives two guests, an access link and a team of three a group's doors.
func crowd(k *kisisim.Sim, name string) {
	group := kisisim.Group(k.GroupID(name))
	for _, guest := range []string{"Mira", "Noor"} {
		k.AddGrant(kisisim.GrantSpec{To: kisisim.Guest(k.AddGuest(guest, "")), On: group})
	}
	k.AddGroupLink(group.ID, "Courier", time.Time{})
	team := k.AddTeam("Night shift", kisisim.User(k.UserID("olga@example.com")), kisisim.User(k.UserID("hand@example.com")),
		kisisim.Guest(k.AddGuest("Otto", "")))
	k.AddGrant(kisisim.GrantSpec{To: kisisim.Team(team), On: group})
}

// cmdPast gives the trail lines from before the story begins.
func cmdPast(ts *testscript.TestScript, _ bool, args []string) {
	for _, days := range args {
		n, err := strconv.Atoi(days)
		ts.Check(err)
		st, err := store.Open(ts.MkAbs("kisi-sync.db"), store.Options{Now: func() time.Time { return time.Now().AddDate(0, 0, -n) }})
		ts.Check(err)
		ts.Check(st.Audit(context.Background(), record.AuditLine{Kind: record.DidAccept, What: "what was done " + days + " days ago", Outcome: record.Done}))
		ts.Check(st.Close())
	}
}

// cmdAgo names days.
func cmdAgo(ts *testscript.TestScript, _ bool, args []string) {
	for _, days := range args {
		n, err := strconv.Atoi(days)
		ts.Check(err)
		ts.Setenv("AGO"+days, time.Now().AddDate(0, 0, -n).Format(time.DateOnly))
	}
}
