package kisi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// faulty is a call that meets a fault.
type faulty struct {
	name string
	do   kisisim.Action
	want error // nil: it succeeds all the same
}

func (b *bench) checkFault(t *testing.T, f faulty, method, path string, change access.Change) {
	t.Helper()
	injected := b.Inject(kisisim.Fault{Method: method, Path: path, Do: f.do})
	defer injected.Remove()
	_, err := b.target.Do(t.Context(), access.Call{Change: change})
	if (f.want == nil) != (err == nil) || !isOnly(err, f.want) {
		t.Errorf("%s: got %v, want %v", f.name, err, f.want)
	}
	if injected.Hits() == 0 {
		t.Errorf("%s: the fault met nothing", f.name)
	}
}

func TestACreateThatGoesWrongIsNeverSentTwice(t *testing.T) {
	cases := []faulty{
		{"cut before", kisisim.CutBefore(), access.ErrUnknownOutcome},
		{"cut after", kisisim.CutAfter(), access.ErrUnknownOutcome},
		{"cut in the middle", kisisim.CutMiddle(), access.ErrUnknownOutcome},
		{"no answer", kisisim.Hang(), access.ErrUnknownOutcome},
		{"half of the answer", kisisim.Truncate(), access.ErrUnknownOutcome},
		{"a web page", kisisim.LoginPage(), access.ErrUnknownOutcome},
		{"502", kisisim.BadGateway(), access.ErrUnknownOutcome},
		{"503", kisisim.Unavailable(), access.ErrUnknownOutcome},
		{"500", kisisim.Status(500), access.ErrUnknownOutcome},
		{"an answer without id", kisisim.DropFields("id"), access.ErrUnknownOutcome},
		{"429", kisisim.TooMany(2 * time.Second), nil},
		{"429 with Retry-After", kisisim.TooManyUntil(20 * time.Second), nil},
		{"slow", kisisim.Slow(20 * time.Second), nil},
		{"unknown fields", kisisim.ExtraFields(), nil},
		{"no fields but the id", kisisim.DropFields("name", "email", "metadata", "role_id", "assignee_id", "notes"), nil},
		{"403", kisisim.Status(403), access.ErrRefused},
		{"422 without a word", kisisim.Unprocessable(), access.ErrRefused},
		{"409 of nobody to be seen", kisisim.Status(409), access.ErrRefused},
		{"404", kisisim.Gone(), access.ErrGone},
		{"401", kisisim.Revoke(), access.ErrStop},
	}
	for _, f := range cases {
		t.Run(f.name, func(t *testing.T) {
			withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
				b.checkFault(t, f, "POST", "/users", ana())
				if posts := b.Counts().ByRoute["POST /users"]; posts != 1 && !strings.HasPrefix(f.name, "429") {
					t.Errorf("sent %d times", posts)
				}
			})
		})
	}
}

func TestAChangeThatIsHarmlessTwiceIsRepeated(t *testing.T) {
	cases := []faulty{
		{"cut before", kisisim.CutBefore(), nil},
		{"cut after", kisisim.CutAfter(), nil},
		{"502", kisisim.BadGateway(), nil},
		{"503", kisisim.Unavailable(), nil},
		{"429", kisisim.TooMany(time.Second), nil},
		{"a web page", kisisim.LoginPage(), access.ErrUnknownOutcome},
		{"500", kisisim.Status(500), access.ErrUnknownOutcome},
		{"403", kisisim.Status(403), access.ErrRefused},
		{"422", kisisim.Unprocessable(), access.ErrRefused},
	}
	for _, f := range cases {
		t.Run(f.name, func(t *testing.T) {
			withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
				group := access.RemoteID(b.Groups["Contractors"])
				member := b.do(t, ana()).ID
				right := b.do(t, grant(member, group, time.Time{})).ID
				object := access.ObjectKey{Member: member, Group: group, Assignment: right}
				b.checkFault(t, f, "PATCH", "/users/{id}", of(access.UpdateMember, object, &access.Fields{Name: "Ana K."}))
				b.checkFault(t, f, "DELETE", "/role_assignments/{id}", of(access.RemoveAssignment, object, nil))
				user, _ := b.World().User(ana().After.Email)
				if f.want == nil && (user.Name != "Ana K." || len(user.Grants) != 0) {
					t.Errorf("not done: %+v", user)
				}
			})
		})
	}
}

func TestAMailedChangeIsNotRepeated(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		group := access.RemoteID(b.Groups["Contractors"])
		member := b.do(t, ana()).ID
		right := b.do(t, grant(member, group, time.Time{})).ID
		change := grant(member, group, time.Now().AddDate(1, 0, 0))
		change.Kind, change.Object.Assignment = access.UpdateAssignment, right
		b.checkFault(t, faulty{"cut after", kisisim.CutAfter(), access.ErrUnknownOutcome}, "PATCH", "/role_assignments/{id}", change)
		if n := b.Counts().ByRoute["PATCH /role_assignments/{id}"]; n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// lists are the calls of a whole observation, by what would be lost.
func lists() []string { return []string{"/users", "/role_assignments", "/groups"} }

func TestAReadingSurvivesWhatGoesWrongOnce(t *testing.T) {
	actions := []kisisim.Action{
		kisisim.CutBefore(), kisisim.CutAfter(), kisisim.CutMiddle(), kisisim.Truncate(), kisisim.LoginPage(),
		kisisim.BadGateway(), kisisim.Unavailable(), kisisim.Status(504), kisisim.TooMany(time.Second), kisisim.TooManyUntil(time.Minute), kisisim.Hang(),
		kisisim.Slow(30 * time.Second), kisisim.RepeatRow(), kisisim.LoseRows(1), kisisim.WrongTotal(1), kisisim.WrongTotal(-1),
		kisisim.NoTotal(), kisisim.DropFields("id"), kisisim.NullFields("id"), kisisim.ExtraFields(),
		kisisim.NullFields("notes", "last_accessed_at", "image", "metadata", "description", "created_by_id", "valid_from", "place_id"),
		kisisim.DropFields("created_at", "metadata", "scim_access_enabled", "description", "users_count", "applies_to", "assignee", "notify"),
	}
	for _, action := range actions {
		for _, path := range lists() {
			t.Run(action.String()+" "+path, func(t *testing.T) {
				withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
					in := b.Inject(kisisim.Fault{Method: "GET", Path: path, Do: action})
					got := b.observe(t, access.Scope{All: true})
					if len(got.Members) != len(b.World().Users) || len(got.Groups) != len(b.World().Groups) || in.Hits() == 0 {
						t.Errorf("%d members, %d groups, %d hits", len(got.Members), len(got.Groups), in.Hits())
					}
				})
			})
		}
	}
}

func TestAReadingThatCannotBeWholeIsNone(t *testing.T) {
	actions := []kisisim.Action{
		kisisim.CutBefore(), kisisim.CutMiddle(), kisisim.Truncate(), kisisim.LoginPage(), kisisim.BadGateway(), kisisim.Unavailable(),
		kisisim.Status(500), kisisim.Status(403), kisisim.Status(400), kisisim.Unprocessable(), kisisim.Gone(),
		kisisim.TooMany(time.Second), kisisim.RepeatRow(), kisisim.LoseRows(1), kisisim.WrongTotal(1), kisisim.WrongTotal(-1),
		kisisim.NoTotal(), kisisim.DropFields("id"), kisisim.NullFields("id"), kisisim.Revoke(),
		kisisim.TooManyUntil(time.Hour),
	}
	for _, action := range actions {
		for _, path := range lists() {
			t.Run(action.String()+" "+path, func(t *testing.T) {
				withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
					b.Inject(kisisim.Fault{Method: "GET", Path: path, Count: kisisim.Always, Do: action})
					started := time.Now()
					got, err := b.target.Observe(t.Context(), access.Scope{All: true})
					if got != nil || !isOnly(err, access.ErrStop) && !isOnly(err, access.ErrGone) || !strings.Contains(err.Error(), path) {
						t.Errorf("got %v, %v", got, err)
					}
					if took := time.Since(started); took > 10*time.Minute {
						t.Errorf("given up after %s", took)
					}
				})
			})
		}
	}
}

func TestRowsThatComeAndGoBetweenPages(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		for i := range 250 {
			b.AddUser(kisisim.UserSpec{Email: strings.Repeat("x", i+1) + "@example.com", Name: strings.Repeat("x", i+1)})
		}
		b.Inject(kisisim.Fault{Path: "/users", Nth: 2, Do: kisisim.Call(func(s *kisisim.Sim) {
			s.DeleteUser(s.UserID("x@example.com"))
			s.AddUser(kisisim.UserSpec{Email: "zz@example.com", Name: "zz"})
		})})
		b.Inject(kisisim.Fault{Path: "/users", Nth: 5, Do: kisisim.Call(func(s *kisisim.Sim) {
			s.DeleteUser(s.UserID("xxx@example.com"))
		})})
		got := b.observe(t, access.Scope{All: true})
		for _, u := range b.World().Users {
			if _, found := got.ByMail().Find(u.Email); !found {
				t.Errorf("%s was lost", u.Email)
			}
		}
	})
}

func TestAKeyIsAskedForBeforeEachCall(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		current := "wrong"
		client := newClient(t, kisi.Options{
			Key:  func() (secret.String, error) { return secret.New(current), nil },
			Pace: pacer.Options{Base: b.Transport()},
		})
		if _, err := client.Self(t.Context()); !isOnly(err, access.ErrStop) || strings.Contains(err.Error(), current) {
			t.Errorf("a wrong key: %v", err)
		}
		current = b.Key
		if _, err := client.Self(t.Context()); err != nil {
			t.Errorf("after rotation: %v", err)
		}
		for _, bad := range []string{"", "a b", "a\nb", "schlüssel"} {
			current = bad
			calls := len(b.Requests())
			if _, err := client.Self(t.Context()); !isOnly(err, access.ErrStop) || bad != "" && strings.Contains(err.Error(), bad) || len(b.Requests()) != calls {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestAKeyThatCannotBeReadStopsTheRun(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		missing := &secret.Error{Ref: "file key", Problem: "does not exist"}
		client := newClient(t, kisi.Options{
			Key:  func() (secret.String, error) { return secret.String{}, missing },
			Pace: pacer.Options{Base: b.Transport()},
		})
		_, err := client.Users(t.Context())
		var cause *secret.Error
		if !isOnly(err, access.ErrStop) || !errors.As(err, &cause) || len(b.Requests()) != 0 {
			t.Errorf("got %v after %d calls", err, len(b.Requests()))
		}
	})
}

func TestEveryCallCarriesWhatKisiWantsToSee(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		client := newClient(t, kisi.Options{
			Key: key(b.Key), Integration: "kisi-sync", Contact: "it@example.com", UserAgent: "kisi-sync/1.2",
			Pace: pacer.Options{Base: b.Transport()},
		})
		if _, err := client.Groups(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := http.Header{
			"Accept": {"application/json"}, "Content-Type": {"application/json"}, "User-Agent": {"kisi-sync/1.2"},
			"X-Kisi-Integration-Identifier": {"kisi-sync"}, "X-Kisi-Integration-Contact": {"it@example.com"},
		}
		for name := range want {
			if got := b.Requests()[0].Header.Get(name); got != want.Get(name) {
				t.Errorf("%s: %q, want %q", name, got, want.Get(name))
			}
		}
	})
}

// A 403 of the codes that say that access is disabled or over does not say whose. Kisi is asked by one read.
func TestWhoseAccessIsDisabledIsFoundOutByOneRead(t *testing.T) {
	disabled := kisisim.Answer(403, "application/json", `{"error":"Access disabled","code":"fcd8ff"}`)
	for name, want := range map[string]error{"a person's": access.ErrRefused, "the key's": access.ErrStop} {
		t.Run(name, func(t *testing.T) {
			withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
				b.Inject(kisisim.Fault{Method: "POST", Path: "/users", Do: disabled})
				if errors.Is(want, access.ErrStop) {
					b.Inject(kisisim.Fault{Method: "GET", Path: "/organization", Count: kisisim.Always, Do: disabled})
				}
				_, err := b.target.Do(t.Context(), access.Call{Change: ana()})
				for _, sentinel := range []error{access.ErrStop, access.ErrRefused} {
					if errors.Is(err, sentinel) != (sentinel == want) {
						t.Errorf("want %v, got %v", want, err)
					}
				}
				if n := b.Counts().ByRoute["GET /organization"]; n != 1 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}
