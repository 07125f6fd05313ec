package ldap

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// ear listens to a source in the background.
type ear struct {
	t     *testing.T
	pings chan struct{}
	ended chan error
	stop  context.CancelFunc
}

// listen begins to watch and returns once it is said to listen.
func listen(t *testing.T, s connectors.Source) *ear {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e := &ear{t: t, pings: make(chan struct{}, 1000), ended: make(chan error, 1), stop: cancel}
	go func() { e.ended <- s.(connectors.Watcher).Watch(ctx, func() { e.pings <- struct{}{} }) }()
	t.Cleanup(cancel)
	e.wantPing("listening")
	return e
}

func (e *ear) wantPing(what string) {
	e.t.Helper()
	select {
	case <-e.pings:
	case err := <-e.ended:
		e.t.Fatalf("%s: the watch ended: %v", what, err)
	case <-time.After(20 * time.Second):
		e.t.Fatalf("%s: nothing was told", what)
	}
}

// quiet waits until nothing was told for some time, and returns how often something was.
func (e *ear) quiet(d time.Duration) (pings int) {
	e.t.Helper()
	for {
		select {
		case <-e.pings:
			pings++
		case err := <-e.ended:
			e.t.Fatalf("the watch ended: %v", err)
		case <-time.After(d):
			return pings
		}
	}
}

func (e *ear) wantEnd() error {
	e.t.Helper()
	select {
	case err := <-e.ended:
		return err
	case <-time.After(20 * time.Second):
		e.t.Fatal("the watch goes on")
		return nil
	}
}

func TestARealServerTellsOfEveryChangeAtOnce(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 40, Groups: 6, Members: 8}.Write})
	e := listen(t, open(t, settingsFor(t, s)))
	for _, c := range []struct {
		what string
		do   func()
	}{
		{"a joiner", func() {
			s.Add(slapd.PersonDN(100), slapd.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"N"}, "sn": {"N"}})
		}},
		{"a membership", func() { s.Replace(slapd.GroupDN(1), slapd.Attributes{"member": {slapd.PersonDN(100)}}) }},
		{"somebody is disabled", func() {
			s.Replace(slapd.PersonDN(3), slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
		}},
		{"somebody is deleted", func() { s.Delete(slapd.PersonDN(4)) }},
		{"a rename", func() { s.Move(slapd.PersonDN(5), "uid=anna", "") }},
		{"a group is deleted", func() { s.Delete(slapd.GroupDN(2)) }},
		{"a container", func() {
			s.Add("ou=berlin,"+slapd.PeopleDN, slapd.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"berlin"}})
		}},
	} {
		e.quiet(50 * time.Millisecond)
		c.do()
		e.wantPing(c.what)
	}
}

// A server that sent its content to everybody who connects would be brought down by a restart of its watchers.
func TestConnectingDoesNotReadTheDirectory(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 2000, Groups: 6, Members: 8}.Write})
	o := settingsFor(t, s)
	line, url := tap(t, strings.TrimPrefix(s.URL(), "ldap://"))
	o.URL = url
	e := listen(t, open(t, o))
	if n := e.quiet(200 * time.Millisecond); n > 0 {
		t.Errorf("%d pings without a change", n)
	}
	if n := line.answered.Load(); n == 0 || n > 20_000 {
		t.Errorf("the server said %d bytes to somebody who listens to a directory of 2,000 people", n)
	}
}

func TestPeopleAndGroupsInTwoPlacesAreBothWatched(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 5, Groups: 2, Members: 2}.Write})
	o := settingsFor(t, s)
	o.Base, o.People.Base, o.Groups.Base = "", slapd.PeopleDN, slapd.GroupsDN
	e := listen(t, open(t, o))
	for what, change := range map[string]func(){
		"a person": func() { s.Replace(slapd.PersonDN(1), slapd.Attributes{"title": {"Head"}}) },
		"a group":  func() { s.Replace(slapd.GroupDN(1), slapd.Attributes{"description": {"x"}}) },
	} {
		e.quiet(50 * time.Millisecond)
		change()
		e.wantPing(what)
	}
	e.quiet(50 * time.Millisecond)
	s.Replace(slapd.ReaderDN, slapd.Attributes{"description": {"elsewhere"}})
	if n := e.quiet(200 * time.Millisecond); n > 0 {
		t.Errorf("%d pings for a change of what is not read", n)
	}
}

func TestWhoLeavesTheFilterIsTold(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 5}.Write})
	o := settingsFor(t, s)
	o.People.Filter = "(&(objectClass=inetOrgPerson)(employeeType=employee))"
	e := listen(t, open(t, o))
	s.Replace(slapd.PersonDN(1), slapd.Attributes{"employeeType": {"retired"}})
	e.wantPing("somebody left the filter")
}

func TestAWatchEndsWithAServerAndBeginsAgainWithIt(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 5}.Write})
	source := open(t, settingsFor(t, s))
	for name, again := range map[string]func(){"restart": s.Restart, "crash": s.Crash} {
		e := listen(t, source)
		again()
		if err := e.wantEnd(); err == nil || !strings.Contains(err.Error(), s.SecureURL()) {
			t.Errorf("%s: the watch ended with %v", name, err)
		}
		e = listen(t, source)
		s.Replace(slapd.PersonDN(1), slapd.Attributes{"title": {name}})
		e.wantPing("a change after a " + name)
		e.stop()
		if err := e.wantEnd(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: a watch that was cancelled says %v", name, err)
		}
	}
}

// The line has been quiet for longer than a server may be silent.
func TestAnIdleWatchGoesOn(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 5}.Write})
	o := settingsFor(t, s)
	o.Timeout = time.Second
	e := listen(t, open(t, o))
	if n := e.quiet(2500 * time.Millisecond); n > 0 {
		t.Errorf("%d pings without a change", n)
	}
	s.Delete(slapd.PersonDN(1))
	e.wantPing("a change after a long silence")
}

func TestADirectoryThatIsNotSetUpForItIsUnwatchable(t *testing.T) {
	s := slapd.Start(t, slapd.Options{WithoutSync: true})
	err := open(t, settingsFor(t, s)).(connectors.Watcher).Watch(t.Context(), func() { t.Error("a ping") })
	if !errors.Is(err, connectors.ErrUnwatchable) {
		t.Error(err)
	}
}

func TestASourceThatIsNotToBeWatchedIsNoWatcher(t *testing.T) {
	o := &Settings{URL: "ldaps://ldap.example.com", Preset: "openldap", Base: slapd.Suffix, Login: Login{Anonymous: true}, PageSize: 1, Timeout: time.Second, Watch: true}
	if _, ok := open(t, o).(connectors.Watcher); !ok {
		t.Error("watch: true is no watcher")
	}
	o.Watch = false
	if _, ok := open(t, o).(connectors.Watcher); ok {
		t.Error("watch: false is a watcher")
	}
}
