package ldap

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/adsim"
)

// wantBehind is what a read says of a controller that is not believed; "" if it is.
func wantBehind(t *testing.T, r *connectortest.Reader, part string) {
	t.Helper()
	if got := r.Receipt.Behind; (got == "") != (part == "") || !strings.Contains(got, part) {
		t.Errorf("behind is %q, want %q (%v, %s)", got, part, r.Receipt.Coverage, r.Receipt.Proof.Note)
	}
}

// wantRead is wantCoverage for where a full read by somebody who knows nothing would bring something else.
func wantRead(t *testing.T, r *connectortest.Reader, want directory.Coverage) {
	t.Helper()
	if r.Receipt.Coverage != want {
		t.Errorf("%v instead of %v (%s)", r.Receipt.Coverage, want, r.Receipt.Proof.Note)
	}
}

// usedBy is the way in which a reader asks.
func usedBy(t *testing.T, r *connectortest.Reader) way {
	t.Helper()
	return r.Source.(*watched).ways[0]
}

// disabled are the addresses of all who are.
func disabled(r *connectortest.Reader) string {
	var all []string
	v := r.View()
	for i := range v.People() {
		if v.Person(i).Active() == directory.No {
			name, _, _ := strings.Cut(v.Person(i).Email(), "@")
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func wantDisabled(t *testing.T, r *connectortest.Reader, want string) {
	t.Helper()
	if got := disabled(r); got != want {
		t.Errorf("disabled are %q, want %q", got, want)
	}
}

func TestALeaverIsNotBroughtBackByAControllerThatLags(t *testing.T) {
	eachWay(t, 2, func(t *testing.T, c *company, r *connectortest.Reader) {
		a, b := c.dc(0), c.dc(1)
		a.Disable(simPerson("ana"))
		a.Join(simPerson("Staff"), simPerson("cleo"))
		r.Changes()
		wantDisabled(t, r, "ana")
		c.down(0)
		b.Add(simPerson("dan"), "user", adsim.Attributes{"mail": {"dan@corp.test"}})
		for _, read := range []func(){r.Changes, r.Everything, r.Changes} {
			read()
			wantBehind(t, r, "lags behind")
			wantDisabled(t, r, "ana")
		}
		if got := r.Members("Staff"); len(got) != 3 || len(r.People()) != 3 {
			t.Errorf("staff are %v of %v", got, r.People())
		}
		b.Disable(simPerson("bo")) // somebody must leave there, too
		r.Changes()
		wantBehind(t, r, "lags behind")
		wantDisabled(t, r, "ana bo")
		b.Delete(simPerson("cleo"))
		r.Changes()
		if gone := len(r.People()) == 2; gone == (usedBy(t, r) == byReplication) {
			t.Errorf("cleo was deleted there: %v", r.People())
		}
		b.Replicate(a)
		r.Changes()
		wantBehind(t, r, "")
		wantDisabled(t, r, "ana bo")
		if got := r.Members("Staff"); len(got) != 2 || len(r.People()) != 3 {
			t.Errorf("staff are %v of %v", got, r.People())
		}
		r.Changes()
		wantRead(t, r, directory.Delta)
		c.up(0) // it has not heard of bo, cleo and dan
		r.Changes()
		wantBehind(t, r, "")
		wantDisabled(t, r, "ana bo")
		c.down(1)
		r.Changes()
		wantBehind(t, r, "lags behind")
		wantDisabled(t, r, "ana bo")
		c.up(1)
		a.Replicate(b)
		r.Changes()
		r.SameAsFull()
	})
}

// Leavers that were only heard of at a controller that is behind are not forgotten when the first one is back, which does not know of them.
func TestWhoLeftAtAControllerThatIsBehindDoesNotComeBackWithTheFirst(t *testing.T) {
	eachWay(t, 2, func(t *testing.T, c *company, r *connectortest.Reader) {
		a, b := c.dc(0), c.dc(1)
		a.Disable(simPerson("ana"))
		r.Changes()
		c.down(0)
		b.Disable(simPerson("bo"))
		r.Changes()
		wantBehind(t, r, "lags behind")
		c.up(0)
		c.down(1)
		for _, read := range []func(){r.Changes, r.Everything} {
			read()
			wantBehind(t, r, "lags behind")
			wantDisabled(t, r, "ana bo")
		}
		a.Replicate(b)
		r.Changes()
		wantBehind(t, r, "")
		wantRead(t, r, directory.Delta)
		wantDisabled(t, r, "ana bo")
		r.SameAsFull()
	})
}

func TestAControllerThatIsAheadIsReadAtOnce(t *testing.T) {
	eachWay(t, 2, func(t *testing.T, c *company, r *connectortest.Reader) {
		c.dc(0).Disable(simPerson("ana"))
		r.Changes()
		c.dc(1).Replicate(c.dc(0))
		c.dc(1).Disable(simPerson("bo"))
		c.down(0)
		r.Changes()
		wantBehind(t, r, "")
		wantDisabled(t, r, "ana bo")
		r.SameAsFull()
	})
}

// What does not change anything that is read does not make other controllers old.
func TestAControllerNeedsWhatWasToldAndNoMore(t *testing.T) {
	eachWay(t, 2, func(t *testing.T, c *company, r *connectortest.Reader) {
		c.dc(0).Disable(simPerson("ana"))
		r.Changes()
		c.dc(1).Replicate(c.dc(0))
		c.dc(0).Replicate(c.dc(1))
		r.Changes()
		c.down(0)
		r.Changes()
		wantBehind(t, r, "")
	})
}

func TestOfSeveralControllersOneIsAskedThatIsNotBehind(t *testing.T) {
	eachWay(t, 3, func(t *testing.T, c *company, r *connectortest.Reader) {
		c.dc(0).Disable(simPerson("ana"))
		r.Changes()
		c.dc(2).Replicate(c.dc(0))
		c.down(0)
		for _, want := range []directory.Coverage{directory.Complete, directory.Delta} {
			r.Changes()
			wantBehind(t, r, "")
			wantRead(t, r, want)
			if got := cameFrom(r.Receipt.Next); got != c.servers[2].SecureURL() {
				t.Errorf("%s was asked", got)
			}
		}
		wantDisabled(t, r, "ana")
		c.down(2)
		r.Changes()
		wantBehind(t, r, c.servers[1].SecureURL()+" lags behind")
		wantDisabled(t, r, "ana")
	})
}

// A controller that is lost for good takes with it what nobody else was told. Somebody has to say that this is how it is.
func TestAPersonAcceptsWhatAControllerTookWithIt(t *testing.T) {
	eachWay(t, 2, func(t *testing.T, c *company, r *connectortest.Reader) {
		c.dc(0).Disable(simPerson("ana"))
		r.Changes()
		c.down(0)
		r.Everything()
		wantDisabled(t, r, "ana")
		r.Accept()
		wantDisabled(t, r, "")
		c.dc(1).Disable(simPerson("bo"))
		r.Changes()
		wantBehind(t, r, "")
		wantRead(t, r, directory.Delta)
		wantDisabled(t, r, "bo")
	})
}

func TestADiskThatIsPutBackBringsNobodyBack(t *testing.T) {
	eachWay(t, 1, func(t *testing.T, c *company, r *connectortest.Reader) {
		dc := c.dc(0)
		disk := dc.Image()
		dc.Disable(simPerson("ana"))
		dc.Leave(simPerson("Staff"), simPerson("bo"))
		r.Changes()
		dc.PutBack(disk)
		for _, read := range []func(){r.Changes, r.Everything} {
			read()
			wantBehind(t, r, "was put back to an older state: it is at change")
			wantDisabled(t, r, "ana")
		}
		dc.Disable(simPerson("cleo"))
		for range 2 {
			r.Changes()
			wantBehind(t, r, "was put back to an older state")
			wantDisabled(t, r, "ana cleo")
		}
		r.Accept()
		wantDisabled(t, r, "cleo")
		r.SameAsFull()
	})
}

// putBackUnseen puts a disk back after a change that was read, and gives all numbers a second time before anybody reads again.
func (c *company) putBackUnseen(r *connectortest.Reader, change func(dc *adsim.Controller)) {
	dc := c.dc(0)
	disk := dc.Image()
	change(dc)
	r.Changes()
	dc.PutBack(disk)
	dc.Disable(simPerson("bo"))
	for range 10 {
		dc.Replace(simPerson("cleo"), adsim.Attributes{"department": {"HR"}})
	}
	r.Changes()
}

func TestADiskThatWasPutBackIsFoundOutByWhatItLost(t *testing.T) {
	eachWay(t, 1, func(t *testing.T, c *company, r *connectortest.Reader) {
		c.putBackUnseen(r, func(dc *adsim.Controller) { dc.Disable(simPerson("ana")) })
		wantBehind(t, r, "has given the same numbers to other changes")
		wantDisabled(t, r, "ana bo")
		r.Accept()
		wantDisabled(t, r, "bo")
		r.SameAsFull()
	})
}

// An object that was lost brings nobody back, and may only be hidden. But what changed since cannot be told by numbers.
func TestWhereObjectsAreMissingEverythingIsRead(t *testing.T) {
	eachWay(t, 1, func(t *testing.T, c *company, r *connectortest.Reader) {
		c.putBackUnseen(r, func(dc *adsim.Controller) { dc.Add(simPerson("eve"), "user", nil) })
		wantBehind(t, r, "")
		if usedBy(t, r) == byReplication { // this account does not see what was deleted, so much may be missing
			return
		}
		wantRead(t, r, directory.Complete)
		wantDisabled(t, r, "bo")
		r.SameAsFull()
		r.Changes()
		wantRead(t, r, directory.Delta)
	})
}

func TestARestoredControllerIsBelievedWhenItHasCaughtUp(t *testing.T) {
	eachWay(t, 2, func(t *testing.T, c *company, r *connectortest.Reader) {
		a, b := c.dc(0), c.dc(1)
		disk := a.Image()
		a.Disable(simPerson("ana"))
		r.Changes()
		b.Replicate(a)
		c.down(1)
		a.Restore(disk)
		r.Changes()
		wantBehind(t, r, "lags behind")
		wantDisabled(t, r, "ana")
		a.Replicate(b)
		r.Changes()
		wantBehind(t, r, "")
		wantRead(t, r, directory.Complete)
		wantDisabled(t, r, "ana")
		r.SameAsFull()
	})
}

// Where an account may not see how far a controller is, nothing can be held against it.
func TestWhoMayNotSeeHowFarAControllerIsReadsItAsItIs(t *testing.T) {
	says := func(c *company) string { return checkSays(t, c.reader(byReplication).Source) }
	if got := says(aDomain(t, 2, accountFor(byReplication))); strings.Contains(got, "how far") {
		t.Errorf("nothing is missing, and check says %q", got)
	}
	c := aDomain(t, 2, adsim.Account{Replicate: true, SeesNoVector: true})
	if got := says(c); !strings.Contains(got, "does not say how far it knows the other controllers' changes") {
		t.Errorf("check says %q", got)
	}
	r := c.reader(byReplication)
	r.Full()
	c.down(0)
	r.Changes()
	wantBehind(t, r, "")
	wantRead(t, r, directory.Complete)
}

// checkSays is everything that check says of a source.
func checkSays(t *testing.T, s connectors.Source) string {
	t.Helper()
	var all []string
	for _, f := range s.(connectors.Checker).Check(t.Context()) {
		all = append(all, f.Text)
	}
	return strings.Join(all, "\n")
}

// Where everything is read each time, the past is remembered all the same.
func TestWithoutIncrementsNobodyIsBroughtBackEither(t *testing.T) {
	c := aDomain(t, 2, adsim.Account{})
	r := c.reader(byReplication)
	r.Full()
	if !r.Receipt.Next.IsZero() {
		t.Fatal("there are increments")
	}
	c.dc(0).Disable(simPerson("ana"))
	r.Changes()
	c.down(0)
	r.Changes()
	wantBehind(t, r, "lags behind")
	wantDisabled(t, r, "ana")
}

func TestTheVectorOfAControllerIsRead(t *testing.T) {
	v2 := "\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00" + "0123456789abcdef" + "\x05\x01\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00"
	v1 := "\x01" + v2[1:40]
	for name, raw := range map[string]string{"version 1": v1, "version 2": v2} {
		if got := vector([]byte(raw)); len(got) != 1 || got["30313233343536373839616263646566"] != 261 {
			t.Errorf("%s is %v", name, got)
		}
	}
	for _, bad := range []string{"", v2[:47], v2 + "x", "\x03" + v2[1:], strings.Replace(v2, "\x05\x01\x00\x00\x00\x00\x00\x00", "\x05\x01\x00\x00\x00\x00\x00\xff", 1), "\x02\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00"} {
		if got := vector([]byte(bad)); len(got) != 0 {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

func TestATokenThatIsNoneTellsNothingOfThePast(t *testing.T) {
	for _, bad := range []string{"", "{", `{"told": 7}`, `[{"told": [{"usn": 3}]}]`} {
		if got := pastOf(directory.Cursor{Token: []byte(bad)}); len(got) != 0 {
			t.Errorf("%s: %+v", bad, got)
		}
	}
	raw, err := json.Marshal(position{Told: []told{{Domain: "d", Database: "b", USN: 7, Traces: []trace{{"x", 5}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := pastOf(directory.Cursor{Token: raw}); len(got) != 1 || got[0].USN != 7 || len(got[0].Traces) != 1 {
		t.Errorf("%+v", got)
	}
}
