package kisi_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// bench is a furnished organization and a client of it, both under virtual
// time, so that pacing costs nothing.
type bench struct {
	*kisisim.Company
	client *kisi.Client
	target *kisi.Target
}

// withAcme runs f in a bubble of virtual time against the simulator, which
// checks afterwards that the client behaved.
func withAcme(t *testing.T, o kisisim.Options, f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		company := kisisim.Acme(o)
		f(t, newBench(t, company, pacer.Options{}))
		company.CheckT(t)
	})
}

func newBench(t *testing.T, company *kisisim.Company, pace pacer.Options) *bench {
	t.Helper()
	if pace.Base == nil {
		pace.Base = company.Transport()
	}
	client := newClient(t, kisi.Options{Key: key(company.Key), Pace: pace})
	return &bench{Company: company, client: client, target: kisi.NewTarget(client)}
}

func newClient(t *testing.T, o kisi.Options) *kisi.Client {
	t.Helper()
	c, err := kisi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func key(value string) func() (secret.String, error) {
	return func() (secret.String, error) { return secret.New(value), nil }
}

// do carries out a change that must succeed.
func (b *bench) do(t *testing.T, change access.Change) access.Result {
	t.Helper()
	result, err := b.target.Do(t.Context(), access.Call{Change: change})
	if err != nil {
		t.Fatalf("%s: %v", change.Kind, err)
	}
	return result
}

// observe reads a state that must be had.
func (b *bench) observe(t *testing.T, scope access.Scope) *access.State {
	t.Helper()
	state, err := b.target.Observe(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// member observes one member by id.
func (b *bench) member(t *testing.T, id access.RemoteID) *access.Member {
	t.Helper()
	m, found := b.observe(t, access.Scope{Members: []access.RemoteID{id}}).Member(id)
	if !found {
		t.Fatalf("member %d is not there", id)
	}
	return m
}

// ana is somebody to be created.
func ana() access.Change {
	return access.Change{
		Kind:   access.CreateMember,
		Object: access.ObjectKey{Email: "ana.kovač@example.com", Anchor: "corp:1"},
		After: &access.Fields{
			Email: "ana.kovač@example.com", Name: "Ana Kovač", Managed: true, Enabled: true,
			Stamp: access.Stamp{Installation: "berlin-1", Anchor: "corp:1"},
		},
	}
}

func grant(member, group access.RemoteID, until time.Time) access.Change {
	return access.Change{
		Kind:   access.CreateAssignment,
		Object: access.ObjectKey{Member: member, Group: group},
		After:  &access.Fields{Role: access.DoorAccess, Until: access.At(until)},
	}
}

func of(kind access.Kind, object access.ObjectKey, after *access.Fields) access.Change {
	return access.Change{Kind: kind, Object: object, After: after}
}

// isOnly says that err is the one sentinel of package access, and no other.
func isOnly(err, want error) bool {
	for _, sentinel := range []error{access.ErrStop, access.ErrRefused, access.ErrGone, access.ErrExists, access.ErrUnknownOutcome} {
		if errors.Is(err, sentinel) != (sentinel == want) {
			return false
		}
	}
	return true
}

// writes counts the calls that could have changed something.
func (b *bench) writes() int {
	n := 0
	for _, r := range b.Requests() {
		if r.Method != http.MethodGet {
			n++
		}
	}
	return n
}
