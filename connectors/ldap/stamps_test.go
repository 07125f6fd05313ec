package ldap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// aged gives every entry of an LDIF a time of change that is long ago.
func aged(load func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		var b bytes.Buffer
		if err := load(&b); err != nil {
			return err
		}
		_, err := io.WriteString(w, strings.ReplaceAll(b.String(), "\n\n", "\nmodifyTimestamp: 20200101000000Z\n\n"))
		return err
	}
}

// plainTown is a directory that does not tell what changed.
func plainTown(t *testing.T) (*slapd.Server, *connectortest.Reader) {
	t.Helper()
	s := slapd.Start(t, slapd.Options{WithoutSync: true, Load: aged(slapd.Population{People: 3000, Groups: 20, Members: 8, Nested: 3}.Write)})
	later := time.Duration(0)
	source, err := settingsFor(t, s).Open(connectors.Env{Name: "corp", Attributes: []string{"departmentNumber"}, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Now().Add(later) }})
	if err != nil {
		t.Fatal(err)
	}
	r := connectortest.Follow(t, source)
	r.Full()
	later = 5 * time.Minute // all bear the same time, which counts as fresh until it is seen to be old
	if r.Changes(); compared(r) {
		t.Error(r.Receipt.Proof.Note)
	}
	return s, r
}

func compared(r *connectortest.Reader) bool {
	return strings.Contains(r.Receipt.Proof.Note, "compared by modifyTimestamp")
}

func TestWhereNothingTellsOfChangesTimesAreCompared(t *testing.T) {
	s, r := plainTown(t)
	s.Replace(slapd.PersonDN(3), slapd.Attributes{"departmentNumber": {"IT"}})
	r.Changes()
	if r.SameAsFull(); !compared(r) || r.Receipt.Coverage != directory.Complete || r.Diff.Changed != 1 {
		t.Errorf("%+v, %+v", r.Receipt.Proof, r.Diff)
	}
	s.Delete(slapd.PersonDN(4))
	s.Replace(slapd.PersonDN(5), slapd.Attributes{"objectClass": {"inetOrgPerson"}, "pwdAccountLockedTime": {"000001010000Z"}})
	r.Changes()
	if r.SameAsFull(); !compared(r) || r.Diff.LostPeople != 1 || r.Diff.Disabled != 1 {
		t.Errorf("%+v, %+v", r.Receipt.Proof, r.Diff)
	}
}

func TestComparedTimesEndWhereAFullReadEndsWhateverHappens(t *testing.T) {
	s, r := plainTown(t)
	if n := walkAbout(t, s, r, 20, func() bool { return compared(r) }); n < 15 {
		t.Errorf("only %d of 20 reads were increments", n)
	}
}

// clocked is a simulator whose clock, and ours, stand still until somebody moves them.
func clocked(t *testing.T) (*ldapsim.Company, *connectortest.Reader, *time.Time) {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	company := &ldapsim.Company{Directory: ldapsim.NewDirectory(slapd.Suffix, clock)}
	add := func(dn string, a ldapsim.Attributes) {
		if err := company.Add(dn, a); err != nil {
			t.Fatal(err)
		}
	}
	add(slapd.PeopleDN, ldapsim.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"people"}})
	add(slapd.ReaderDN, ldapsim.Attributes{"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"reader"}, "userPassword": {slapd.ReaderPassword}})
	for n := range 100 {
		add(slapd.PersonDN(n), ldapsim.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"P"}, "mail": {fmt.Sprintf("p%d@example.com", n)}})
	}
	server, err := ldapsim.Start(ldapsim.Options{Directory: company.Directory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	source, err := simSettings(t, server).Open(connectors.Env{Name: "corp", Attributes: []string{"title"}, Log: slog.New(slog.DiscardHandler), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	r := connectortest.Follow(t, source)
	r.Full()
	now = now.Add(5 * time.Minute)
	r.Changes() // until then all count as fresh
	return company, r, &now
}

// Times have no fractions: the second change in one second leaves no trace. It is found all the same.
func TestASecondChangeInTheSameSecondIsFound(t *testing.T) {
	company, r, now := clocked(t)
	*now = now.Add(5 * time.Minute)
	for _, title := range []string{"Head", "Chief", "Hand"} {
		if err := company.Replace(slapd.PersonDN(7), "title", title); err != nil {
			t.Fatal(err)
		}
		r.Changes()
		if r.SameAsFull(); !compared(r) {
			t.Error(r.Receipt.Proof.Note)
		}
	}
	if r.Records > 150 {
		t.Errorf("%d records: all are taken for fresh", r.Records)
	}
}

func TestOnceAnHourEverythingIsRead(t *testing.T) {
	_, r, now := clocked(t)
	*now = now.Add(59 * time.Minute)
	if r.Changes(); !compared(r) {
		t.Errorf("after 59 minutes: %q", r.Receipt.Proof.Note)
	}
	*now = now.Add(time.Minute)
	if r.Changes(); compared(r) || !strings.Contains(r.Receipt.Proof.Note, "an hour") {
		t.Errorf("%q", r.Receipt.Proof.Note)
	}
	if r.Changes(); !compared(r) {
		t.Errorf("%q", r.Receipt.Proof.Note)
	}
	*now = now.Add(-2 * time.Hour)
	if r.Changes(); compared(r) {
		t.Error("a clock that was put back is trusted")
	}
}

// A server that got a change late from another one gives it the time that it had there.
func TestAChangeThatArrivesLateIsFound(t *testing.T) {
	company, r, now := clocked(t)
	*now = now.Add(20 * time.Minute)
	r.Changes()
	*now = now.Add(-24 * time.Minute)
	if err := company.Replace(slapd.PersonDN(7), "title", "Head"); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(25 * time.Minute)
	r.Changes()
	if r.SameAsFull(); !compared(r) || r.Diff.Changed != 1 {
		t.Errorf("%+v %q", r.Diff, r.Receipt.Proof.Note)
	}
}

func TestTimesComparedWithAPositionThatIsNoneLeadToAFullRead(t *testing.T) {
	_, r, _ := clocked(t)
	var p stamps
	if err := json.Unmarshal(r.Receipt.Next.Token, &p); err != nil || len(p.Sums) == 0 {
		t.Fatal(err, p)
	}
	p.Again = slices.Repeat([]int{-1, 1 << 40}, 2)
	odd, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"garbage": "{", "empty": "{}", "odd buckets": string(odd)} {
		again := connectortest.Follow(t, r.Source)
		again.Full()
		again.From(directory.Cursor{Shape: r.Receipt.Next.Shape, Token: []byte(token)})
		if again.SameAsFull(); compared(again) != (name == "odd buckets") {
			t.Errorf("%s: %q", name, again.Receipt.Proof.Note)
		}
	}
}
