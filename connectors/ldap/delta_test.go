package ldap

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// town is a directory with room for changes that touch less than half of it.
func town(t *testing.T, change func(*Settings)) (*slapd.Server, *connectortest.Reader) {
	t.Helper()
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 40, Groups: 6, Members: 8, Nested: 3}.Write})
	o := settingsFor(t, s)
	if change != nil {
		change(o)
	}
	r := connectortest.Follow(t, open(t, o, "departmentNumber"))
	r.Full()
	return s, r
}

func wantCoverage(t *testing.T, r *connectortest.Reader, want directory.Coverage) {
	t.Helper()
	if r.Receipt.Coverage != want {
		t.Errorf("coverage is %v (%s), want %v", r.Receipt.Coverage, r.Receipt.Proof.Note, want)
	}
	r.SameAsFull()
}

func TestAnIncrementBringsOnlyWhatChanged(t *testing.T) {
	s, r := town(t, nil)
	s.Replace(slapd.PersonDN(3), slapd.Attributes{"departmentNumber": {"IT"}})
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	if r.Records != 1 || r.Diff.Changed != 1 {
		t.Errorf("%d records, %+v", r.Records, r.Diff)
	}
}

// OpenLDAP answers with an empty cookie when nothing changed. Storing it would make the next read a full one.
func TestAnEmptyCookieLeavesThePositionAsItIs(t *testing.T) {
	s, r := town(t, nil)
	for range 3 {
		r.Changes()
		wantCoverage(t, r, directory.Delta)
	}
	s.Delete(slapd.PersonDN(3))
	r.Changes()
	wantCoverage(t, r, directory.Delta)
}

// The search of people calls a changed group "deleted", because it does not match; and the other way round.
func TestAChangedGroupIsNotTakenForADeletedOne(t *testing.T) {
	s, r := town(t, nil)
	s.Replace(slapd.GroupDN(1), slapd.Attributes{"member": {slapd.PersonDN(1)}})
	s.Replace(slapd.PersonDN(2), slapd.Attributes{"title": {"Head"}})
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	if r.Diff.LostGroups != 0 || r.Diff.LostPeople != 0 {
		t.Errorf("%+v", r.Diff)
	}
}

func TestWhoLeavesTheFilterOrTheBaseIsGone(t *testing.T) {
	s, r := town(t, func(o *Settings) {
		o.People.Base, o.People.Filter = slapd.PeopleDN, "(&(objectClass=inetOrgPerson)(employeeType=employee))"
	})
	n := len(r.People())
	s.Replace(slapd.PersonDN(3), slapd.Attributes{"employeeType": {"retired"}})
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	s.Move(slapd.PersonDN(4), "uid=p0000004", slapd.GroupsDN)
	r.Changes()
	wantCoverage(t, r, directory.Delta)
	if len(r.People()) != n-2 {
		t.Errorf("%d of %d people are left", len(r.People()), n)
	}
}

// Renaming a container gives everybody below it a new name and changes none of their entries, so no increment would tell.
func TestARenamedContainerLeadsToAFullRead(t *testing.T) {
	s, r := town(t, nil)
	inner := "ou=berlin," + slapd.PeopleDN
	s.Add(inner, slapd.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"berlin"}})
	s.Delete(slapd.PersonDN(1))
	s.Add("uid=p0000001,"+inner, slapd.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"One"}, "sn": {"One"}, "mail": {"p0000001@example.com"}})
	r.Changes()
	s.Move(inner, "ou=hamburg", "")
	s.Replace(slapd.GroupDN(0), slapd.Attributes{"member": {"uid=p0000001,ou=hamburg," + slapd.PeopleDN}})
	r.Changes()
	wantCoverage(t, r, directory.Complete)
	if got := r.Members("g00000"); !slices.Equal(got, []string{"p0000001@example.com"}) {
		t.Errorf("the group with the new name in it is %v", got)
	}
}

// After a restart slapd has lost its log and can only list who is still there. That list is not to be trusted (the next test),
// so everything is read.
func TestAfterARestartEverythingIsRead(t *testing.T) {
	s, r := town(t, nil)
	s.Delete(slapd.PersonDN(3))
	s.Delete(slapd.GroupDN(5))
	s.Restart()
	s.Replace(slapd.PersonDN(4), slapd.Attributes{"departmentNumber": {"IT"}})
	r.Changes()
	wantCoverage(t, r, directory.Complete)
	if r.Diff.LostPeople != 1 || r.Diff.LostGroups != 1 {
		t.Errorf("%+v", r.Diff)
	}
}

// A server refuses a position with a code far from all others (RFC 4533 section 3.3.2). Were that taken for a lost line, no read would
// succeed before the next full one.
func TestWhatAServerRefusesIsReadInAPlainerWayAndALostLineIsNot(t *testing.T) {
	for code, plainer := range map[uint16]bool{ldap.LDAPResultSyncRefreshRequired: true, ldap.LDAPResultUnwillingToPerform: true,
		ldap.LDAPResultUnavailableCriticalExtension: true, ldap.ErrorNetwork: false, ldap.ErrorUnexpectedResponse: false} {
		err := refused(fmt.Errorf("synchronize people: %w", ldap.NewError(code, errors.New("so it is"))))
		if got := errors.As(err, new(*useless)); got != plainer {
			t.Errorf("%s: everything is read instead: %v", ldap.LDAPResultCodeMap[code], got)
		}
	}
}

// After a crash slapd's first answer and its list of who is there leave out whoever was changed since it last wrote down its
// position. Nobody may vanish by that.
func TestNobodyVanishesWhenAServerForgetsTheLastChanges(t *testing.T) {
	s, r := town(t, nil)
	old := r.Receipt.Next
	s.Replace(slapd.PersonDN(5), slapd.Attributes{"title": {"Head"}})
	s.Restart() // writes the position down
	for n := range 4 {
		s.Replace(slapd.PersonDN(n), slapd.Attributes{"title": {"Head"}})
	}
	s.Crash()
	for _, since := range []directory.Cursor{old, {}, r.Receipt.Next} {
		if r.From(since); len(r.People()) != 40 {
			t.Errorf("%d of 40 people are left (%v)", len(r.People()), r.Receipt.Coverage)
		}
	}
}

// A crash throws slapd's record of the last change back to where it was last written. Our position is then ahead of the server
// and it refuses to go on from there, so everything is read.
func TestAfterACrashEverythingIsRead(t *testing.T) {
	s, r := town(t, nil)
	s.Replace(slapd.PersonDN(5), slapd.Attributes{"title": {"Head"}})
	r.Changes()
	s.Delete(slapd.PersonDN(3))
	s.Replace(slapd.PersonDN(4), slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
	s.Crash()
	r.Changes()
	wantCoverage(t, r, directory.Complete)
	if r.Diff.Disabled != 1 || r.Diff.LostPeople != 1 {
		t.Errorf("%+v", r.Diff)
	}
}

// If nothing happened between that record and our position, a crash is not to be seen: what happened just before it is told with
// the next change of anything, and a deletion by the next full read only. This is all that an increment can miss.
func TestADeletionRightBeforeAnInvisibleCrashIsFoundByTheNextFullRead(t *testing.T) {
	s, r := town(t, nil)
	s.Replace(slapd.PersonDN(4), slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
	s.Delete(slapd.PersonDN(3))
	s.Crash()
	s.Replace(slapd.PersonDN(5), slapd.Attributes{"title": {"Head"}})
	if r.Changes(); r.Diff.Disabled != 1 {
		t.Errorf("a disabled account was missed: %+v", r.Diff)
	}
	if r.Full(); slices.Contains(r.People(), "p0000003@example.com") {
		t.Error("somebody who was deleted is there after a full read")
	}
}

// A cookie that the server does not understand makes it send everything, with nothing that tells so.
func TestALostPositionIsNoticed(t *testing.T) {
	s, r := town(t, nil)
	var position token
	if err := json.Unmarshal(r.Receipt.Next.Token, &position); err != nil {
		t.Fatal(err)
	}
	s.Delete(slapd.PersonDN(3))
	for name, cookie := range map[string]string{
		"garbage": "what is this", "of another server": "rid=000,csn=20200101000000.000000Z#000000#00f#000000",
		"of the future": "rid=000,csn=20990101000000.000000Z#000000#001#000000",
	} {
		for i := range position.Cookies {
			position.Cookies[i] = []byte(cookie)
		}
		raw, err := json.Marshal(position)
		if err != nil {
			t.Fatal(err)
		}
		again := connectortest.Follow(t, r.Source)
		again.Full()
		again.From(directory.Cursor{Shape: r.Receipt.Next.Shape, Token: raw})
		if again.Receipt.Coverage != directory.Complete {
			t.Errorf("%s: %v, %+v", name, again.Receipt.Coverage, again.Receipt.Proof)
		}
		again.SameAsFull()
	}
}

func TestWhenHalfOfTheDirectoryChangesEverythingIsRead(t *testing.T) {
	s, r := town(t, nil)
	for n := range 30 {
		s.Replace(slapd.PersonDN(n), slapd.Attributes{"departmentNumber": {"moved"}})
	}
	r.Changes()
	wantCoverage(t, r, directory.Complete)
	s.Replace(slapd.PersonDN(3), slapd.Attributes{"departmentNumber": {"IT"}})
	r.Changes()
	wantCoverage(t, r, directory.Delta)
}

func TestAPositionIsGoodForOneServerAndOneSearchOnly(t *testing.T) {
	s, r := town(t, nil)
	for name, change := range map[string]func(*Settings){
		"another filter":              func(o *Settings) { o.People.Filter = "(objectClass=person)" },
		"another base":                func(o *Settings) { o.People.Base = slapd.PeopleDN },
		"another name of the server":  func(o *Settings) { o.URL = strings.Replace(o.URL, "127.0.0.1", "localhost", 1) },
		"another attribute for names": func(o *Settings) { o.People.Name = "cn" },
	} {
		o := settingsFor(t, s)
		change(o)
		other := connectortest.Follow(t, open(t, o, "departmentNumber"))
		if other.From(r.Receipt.Next); other.Receipt.Coverage != directory.Complete {
			t.Errorf("%s: %v", name, other.Receipt.Coverage)
		}
	}
}

// A directory that was set up anew under the same address has other ids, also of its bases.
func TestAPositionOfADirectoryThatWasSetUpAnewIsNotUsed(t *testing.T) {
	_, r := town(t, nil)
	var server string
	_, anew := town(t, func(o *Settings) { server = o.URL })
	cursor := r.Receipt.Next
	if cursor.Shape == anew.Receipt.Next.Shape {
		t.Errorf("two directories share a shape (%s)", server)
	}
}

func TestIncrementsAreNotOfferedWhereRemovalsCannotBeTold(t *testing.T) {
	for name, c := range map[string]struct {
		options slapd.Options
		change  func(*Settings)
	}{
		"switched off":         {slapd.Options{}, func(o *Settings) { o.Increments = false }},
		"times cannot be seen": {slapd.Options{WithoutSync: true, Access: []string{`attrs=modifyTimestamp by * none`}}, func(*Settings) {}},
		"a filter by groups":   {slapd.Options{}, func(o *Settings) { o.People.Filter = "(|(uid=*)(memberOf=cn=x,dc=example,dc=com))" }},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Load = slapd.Population{People: 5, Groups: 1, Members: 2}.Write
			s := slapd.Start(t, c.options)
			o := settingsFor(t, s)
			c.change(o)
			r := connectortest.Follow(t, open(t, o))
			r.Full()
			if r.Receipt.Coverage != directory.Complete || !r.Receipt.Next.IsZero() || len(r.People()) != 5 {
				t.Errorf("%v, position %v, %d people", r.Receipt.Coverage, !r.Receipt.Next.IsZero(), len(r.People()))
			}
		})
	}
}

// TestIncrementsEndWhereAFullReadEndsWhateverHappens changes a directory at random, with restarts in between.
func TestIncrementsEndWhereAFullReadEndsWhateverHappens(t *testing.T) {
	s, r := town(t, nil)
	deltas := walkAbout(t, s, r, 40, func() bool { return r.Receipt.Coverage == directory.Delta })
	if deltas < 10 {
		t.Errorf("only %d of 40 reads were increments", deltas)
	}
}

// walkAbout changes the first forty people and six groups of a slapd at random, and counts the reads that were increments.
func walkAbout(t *testing.T, s *slapd.Server, r *connectortest.Reader, rounds int, increment func() bool) (increments int) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 11))
	people, next := []string{}, 100_000
	for n := range 40 {
		people = append(people, slapd.PersonDN(n))
	}
	any := func() int { return random.IntN(len(people)) }
	change := func() {
		i := any()
		switch random.IntN(7) {
		case 0:
			next++
			dn := slapd.PersonDN(next)
			s.Add(dn, slapd.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"New"}, "sn": {"New"}, "mail": {fmt.Sprint(next, "@example.com")}})
			people = append(people, dn)
		case 1:
			s.Delete(people[i])
			people = slices.Delete(people, i, i+1)
		case 2:
			next++
			s.Move(people[i], fmt.Sprintf("uid=p%07d", next), "")
			people[i] = slapd.PersonDN(next)
		case 3:
			s.Replace(people[i], slapd.Attributes{"departmentNumber": {fmt.Sprint(random.IntN(5))}})
		case 4:
			s.Replace(people[i], slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
		case 5:
			s.Replace(slapd.GroupDN(random.IntN(6)), slapd.Attributes{"member": distinct([]string{people[any()], people[any()], slapd.GroupDN(random.IntN(6))})})
		case 6:
			s.Restart()
		}
	}
	for range rounds {
		for range 1 + random.IntN(4) {
			change()
		}
		r.Changes()
		if r.SameAsFull(); t.Failed() {
			t.FailNow()
		}
		if increment() {
			increments++
		}
	}
	return increments
}
