package kisi_test

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

func deletion(id access.RemoteID, stamp access.Stamp) access.Call {
	return access.Call{Change: access.Change{Kind: access.DeleteMember, Object: access.ObjectKey{Member: id, Email: ana().After.Email},
		Before: &access.Fields{Stamp: stamp}}}
}

// Between the plan and the call somebody may have let the person in again, or have taken over the user.
func TestAUserIsDeletedOnlyAsThePlanSawIt(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		id, stamp := b.do(t, ana()).ID, ana().After.Stamp
		refused := func(why string, call access.Call, want error) {
			t.Helper()
			if _, err := b.target.Do(t.Context(), call); !isOnly(err, want) {
				t.Errorf("%s: %v", why, err)
			}
			if _, there := b.World().User(ana().After.Email); !there {
				t.Fatalf("%s, and deleted", why)
			}
		}
		refused("enabled", deletion(id, stamp), access.ErrRefused)
		b.do(t, of(access.DisableMember, access.ObjectKey{Member: id}, &access.Fields{}))
		refused("another stamp", deletion(id, access.NewStamp("other", "corp:1")), access.ErrRefused)
		refused("no stamp in the plan", deletion(id, access.Stamp{}), access.ErrRefused)
		for _, protected := range append(b.Admins, b.Owner, b.KeyUser) {
			refused("protected", deletion(access.RemoteID(protected), stamp), access.ErrRefused)
		}
		refused("not shown", deletion(4711, stamp), access.ErrUnknownOutcome)
		if _, err := b.target.Do(t.Context(), deletion(id, stamp)); err != nil {
			t.Fatal(err)
		}
		if _, there := b.World().User(ana().After.Email); there {
			t.Error("still there")
		}
	})
}
