package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// put writes accounts as they are.
func (f *fixture) put(accounts ...access.Account) {
	f.t.Helper()
	must(f.t, f.update(context.Background(), "test", func(t *txn) error {
		for i := range accounts {
			if err := t.saveAccount(&accounts[i]); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (f *fixture) ledger() *access.Ledger {
	f.t.Helper()
	l, err := f.Ledger(context.Background())
	must(f.t, err)
	return l
}

// account returns one account, which must be there.
func (f *fixture) account(id access.RemoteID) access.Account {
	f.t.Helper()
	a, ok := f.ledger().Account(id)
	if !ok {
		f.t.Fatalf("no account of %d", id)
	}
	return *a
}

// fill sets every field of a value to something that is not zero, so that a field which a codec forgets is found.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n % 3))
		if v.Uint() == 0 {
			v.SetUint(3)
		}
	default:
		panic("a kind of field that no account has had: " + v.Kind().String())
	}
}

func TestEveryFieldOfAnAccountIsKept(t *testing.T) {
	f, n := newFixture(t), 0
	var a access.Account
	fill(reflect.ValueOf(&a).Elem(), &n)
	f.put(a)
	f.reopen()
	if d := cmp.Diff(a, f.account(a.Known.ID)); d != "" {
		t.Error(d)
	}
}

func TestSameMemberLooksAtEveryFieldButWhenItWasSeen(t *testing.T) {
	n := 0
	var whole access.Member
	fill(reflect.ValueOf(&whole).Elem(), &n)
	for i := range reflect.TypeFor[access.Member]().NumField() {
		other := whole
		reflect.ValueOf(&other).Elem().Field(i).SetZero()
		name := reflect.TypeFor[access.Member]().Field(i).Name
		if got, want := sameMember(&whole, &other), name == "Seen"; got != want {
			t.Errorf("without %s: same is %v", name, got)
		}
	}
}

func causes() *rapid.Generator[*access.Cause] {
	return rapid.Custom(func(t *rapid.T) *access.Cause {
		if rapid.IntRange(0, 4).Draw(t, "none") == 0 {
			return nil
		}
		return &access.Cause{Kind: access.CauseKind(rapid.IntRange(0, 10).Draw(t, "cause")), Rule: rapid.SampledFrom([]string{"", "hq", "servers, hq"}).Draw(t, "rule"),
			Mark: rapid.SampledFrom([]uint64{0, 7, math.MaxUint64}).Draw(t, "mark"), Text: rapid.StringN(0, 5, 20).Draw(t, "text")}
	})
}

func grants() *rapid.Generator[access.Grant] {
	instant := rapid.Map(rapid.SampledFrom([]uint32{0, 1, 1_800_000_000, math.MaxUint32}), func(n uint32) access.Instant { return access.Instant(n) })
	return rapid.Custom(func(t *rapid.T) access.Grant {
		return access.Grant{Assignment: access.RemoteID(rapid.Int64().Draw(t, "assignment")), Group: access.RemoteID(rapid.Int64Range(1, 5).Draw(t, "group")),
			Role: rapid.SampledFrom([]access.Role{access.NoRole, access.DoorAccess, access.GroupManager, access.AnotherRole}).Draw(t, "role"),
			From: instant.Draw(t, "from"), Until: instant.Draw(t, "until")}
	})
}

func accountsOf(t *rapid.T) access.Account {
	word := rapid.SampledFrom([]string{"", "a", "ana@x.com", "Ünï", strings.Repeat("x", 70_000)})
	a := access.Account{Known: access.Member{ID: access.RemoteID(rapid.Int64Range(1, 40).Draw(t, "id")), Email: word.Draw(t, "email"),
		Name: word.Draw(t, "name"), Enabled: rapid.Bool().Draw(t, "enabled"), SCIMBlocked: rapid.Bool().Draw(t, "scim"),
		Protected: access.Protection(rapid.IntRange(0, 3).Draw(t, "protected")), Seen: access.Instant(rapid.Uint32().Draw(t, "seen")),
		Stamp:  access.Stamp{Installation: word.Draw(t, "installation"), Anchor: access.Anchor(word.Draw(t, "anchor"))},
		Grants: rapid.SliceOfN(grants(), 0, 3).Draw(t, "grants")}}
	a.Link = access.Link{Level: access.Level(rapid.IntRange(0, 4).Draw(t, "level")), Name: word.Draw(t, "link name"),
		Since: access.Instant(rapid.Uint32().Draw(t, "since")), Suspended: causes().Draw(t, "suspended")}
	for _, text := range rapid.SliceOfN(word, 0, 2).Draw(t, "anchors") {
		a.Link.Anchors = append(a.Link.Anchors, access.Anchor(text))
	}
	for range rapid.IntRange(0, 3).Draw(t, "owned") {
		g := grants().Draw(t, "owned grant")
		if len(a.Known.Grants) > 0 && rapid.Bool().Draw(t, "as known") {
			g = a.Known.Grants[0]
		}
		a.Owned = append(a.Owned, access.OwnedGrant{Group: g.Group, Assignment: g.Assignment, Role: g.Role, From: g.From, Until: g.Until,
			Level: access.Level(rapid.IntRange(0, 4).Draw(t, "owned level")), Cause: causes().Draw(t, "owned cause"), Since: access.Instant(rapid.Uint32().Draw(t, "owned since"))})
	}
	return a
}

func TestAccountsAreReadAsTheyWereSaved(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(t)
		defer func() { must(t, f.Check(context.Background())); f.abandon() }()
		want := map[access.RemoteID]access.Account{}
		for range rapid.IntRange(1, 12).Draw(r, "accounts") {
			a := accountsOf(r)
			if isGone(&a.Known) {
				a.Link.Anchors = nil // whose anchors another may have
			}
			f.put(a)
			want[a.Known.ID] = a
			if rapid.IntRange(0, 3).Draw(r, "restart") == 0 {
				f.reopen()
			}
		}
		got := map[access.RemoteID]access.Account{}
		last := access.RemoteID(0)
		for _, a := range f.ledger().Accounts {
			if a.Known.ID <= last {
				r.Fatal("not in order of id")
			}
			last = a.Known.ID
			got[last] = a
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			r.Fatal(d)
		}
	})
}

func TestEqualCausesAreOnePointer(t *testing.T) {
	f := newFixture(t)
	for id := range access.RemoteID(20) {
		cause := access.Cause{Kind: access.ByRule, Rule: "hq"}
		f.put(access.Account{Known: access.Member{ID: id + 1}, Owned: []access.OwnedGrant{{Group: 1, Cause: &cause}}})
	}
	all := f.ledger().Accounts
	for i := range all {
		if all[i].Owned[0].Cause != all[0].Owned[0].Cause {
			t.Fatal("a cause was made twice")
		}
	}
}

func TestADamagedOrLostAccountIsAnErrorAndNeverASmallerLedger(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	f.put(access.Account{Known: access.Member{ID: 1, Email: "a@x.com"}, Owned: []access.OwnedGrant{{Group: 3, Cause: &access.Cause{Rule: "hq"}}}}, access.Account{Known: access.Member{ID: 2}})
	must(t, f.update(ctx, "test", func(t *txn) error { return t.saveGroup(&access.GroupAccount{ID: 9, Name: "HQ"}) }))
	for _, bucket := range []string{accountBucket, groupBucket, causeBucket} {
		var key, row []byte
		f.raw(func(tx *bolt.Tx) error {
			k, v := tx.Bucket([]byte(bucket)).Cursor().First()
			key, row = append(key, k...), append(row, v...)
			return nil
		})
		for what, damage := range map[string]func(b *bolt.Bucket) error{
			"changed":   func(b *bolt.Bucket) error { return b.Put(key, append(row[:len(row)-1:len(row)-1], row[len(row)-1]^1)) },
			"taken out": func(b *bolt.Bucket) error { return b.Delete(key) },
		} {
			f.raw(func(tx *bolt.Tx) error { return damage(tx.Bucket([]byte(bucket))) })
			if _, err := f.Ledger(ctx); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s of %s: %v", what, bucket, err)
			}
			f.raw(func(tx *bolt.Tx) error { return tx.Bucket([]byte(bucket)).Put(key, row) })
		}
	}
	f.ledger()
}

func TestAnObservationBringsAccountsUpToDateAndMakesNone(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	f.put(access.Account{Known: access.Member{ID: 1, Email: "old@x.com", Seen: 50}, Owned: []access.OwnedGrant{{Group: 7}}})
	state := &access.State{At: 100, Covers: access.Scope{Members: []access.RemoteID{1, 2}}, Members: []access.Member{
		{ID: 1, Email: "new@x.com", Enabled: true, Grants: []access.Grant{{Group: 7, Assignment: 70}}}, {ID: 2, Email: "stranger@x.com"}}}
	must(t, f.SaveObserved(ctx, state))
	want := access.Account{Known: state.Members[0], Owned: []access.OwnedGrant{{Group: 7}}}
	want.Known.Seen = 100
	if d := cmp.Diff([]access.Account{want}, f.ledger().Accounts); d != "" {
		t.Error(d)
	}
}

func TestAnObservationNeverOverwritesAYoungerRow(t *testing.T) {
	for _, all := range []bool{false, true} {
		f, ctx := newFixture(t), context.Background()
		written := access.Member{ID: 1, Email: "written@x.com", Seen: 200}
		f.put(access.Account{Known: written}, access.Account{Known: access.Member{ID: 2, Email: "gone@x.com", Seen: 200}})
		must(t, f.SaveObserved(ctx, &access.State{At: 100, Covers: access.Scope{All: all, Members: []access.RemoteID{1, 2}},
			Members: []access.Member{{ID: 1, Email: "before@x.com"}}}))
		if d := cmp.Diff(written, f.account(1).Known); d != "" || f.account(2).Known.Email == "" {
			t.Errorf("all %v: %s %+v", all, d, f.account(2))
		}
	}
}

func TestAnObservationOfEverybodyIsAsYoungForRowsThatItDidNotChange(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	m := access.Member{ID: 1, Email: "a@x.com", Seen: 50}
	f.put(access.Account{Known: m})
	must(t, f.SaveObserved(ctx, &access.State{At: 300, Covers: access.Scope{All: true}, Members: []access.Member{m}}))
	if seen := f.account(1).Known.Seen; seen != 300 {
		t.Errorf("seen at %d", seen)
	}
	late := access.State{At: 250, Covers: access.Scope{Members: []access.RemoteID{1}}}
	must(t, f.SaveObserved(ctx, &late))
	if f.account(1).Known.Email == "" {
		t.Error("an observation that began before the one of everybody was believed")
	}
}

func TestAnObservationThatSaysNothingNewWritesNoAccount(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	var state access.State
	for id := access.RemoteID(1); id <= 100; id++ {
		m := access.Member{ID: id, Email: fmt.Sprintf("%d@x.com", id), Seen: 50, Grants: []access.Grant{{Group: 1, Assignment: id}}}
		state.Members = append(state.Members, m)
		f.put(access.Account{Known: m})
	}
	state.At, state.Covers.All = 100, true
	writes := 0
	f.committed = func() { writes++ }
	must(t, f.SaveObserved(ctx, &state))
	if writes != 1 {
		t.Errorf("%d transactions, one says when everybody was seen", writes)
	}
	state.Members[3].Name, f.sizes.accounts = "Changed", 1
	state.Members = append(state.Members[:50], state.Members[51:]...)
	state.At, writes = 200, 0
	must(t, f.SaveObserved(ctx, &state))
	if writes != 3 || f.account(4).Known.Name != "Changed" || f.account(51).Known.Email != "" {
		t.Errorf("%d transactions, %+v", writes, f.account(51))
	}
}

func TestAMemberWhoWasLookedForAndNotFoundIsGoneAndStaysOurs(t *testing.T) {
	account := access.Account{Known: access.Member{ID: 1, Email: "a@x.com", Enabled: true, Seen: 50, Grants: []access.Grant{{Group: 7, Assignment: 70}}},
		Link: access.Link{Anchors: []access.Anchor{"corp:1"}, Level: access.Created}, Owned: []access.OwnedGrant{{Group: 7, Level: access.Created}}}
	for name, c := range map[string]struct {
		covers access.Scope
		gone   bool
	}{
		"by id":      {access.Scope{Members: []access.RemoteID{1}}, true},
		"everybody":  {access.Scope{All: true}, true},
		"by address": {access.Scope{Emails: []string{"a@x.com"}}, false}, // the address may have been changed in Kisi
		"others":     {access.Scope{Members: []access.RemoteID{2}}, false},
	} {
		f, ctx := newFixture(t), context.Background()
		f.put(account)
		must(t, f.SaveObserved(ctx, &access.State{At: 100, Covers: c.covers}))
		want := account
		if c.gone {
			want.Known = access.Member{ID: 1, Seen: 100}
		}
		if d := cmp.Diff(want, f.account(1)); d != "" || isGone(&want.Known) != c.gone {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestASuspensionThatSomebodyLiftedIsNotOursAnyMore(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	m := access.Member{ID: 1, Email: "a@x.com", Enabled: true, Seen: 50}
	f.put(access.Account{Known: m, Link: access.Link{Suspended: &access.Cause{Kind: access.Disabled}}})
	must(t, f.SaveObserved(ctx, &access.State{At: 100, Covers: access.Scope{All: true}, Members: []access.Member{m}}))
	if a := f.account(1); a.Link.Suspended != nil {
		t.Errorf("%+v", a.Link)
	}
}

func TestOneAnchorOfAGoneMemberAndANewOneIsTheNewOnes(t *testing.T) {
	f := newFixture(t)
	f.put(access.Account{Known: access.Member{ID: 1, Seen: 5}, Link: access.Link{Anchors: []access.Anchor{"corp:1", "csv:1"}}},
		access.Account{Known: access.Member{ID: 2, Email: "a@x.com", Seen: 9}, Link: access.Link{Anchors: []access.Anchor{"corp:1"}}})
	l := f.ledger()
	if a, ok := l.ByAnchor("corp:1"); !ok || a.Known.ID != 2 {
		t.Errorf("corp:1 is %+v", a)
	}
	if a, ok := l.ByAnchor("csv:1"); !ok || a.Known.ID != 1 {
		t.Errorf("csv:1 is %+v", a)
	}
}
