package store

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestARowIsBoundToItsKey(t *testing.T) {
	var e encoder
	e.begin()
	e.text("payload")
	row := seal([]byte("ana"), e.row)
	if payload, ok := unseal([]byte("ana"), row); !ok || len(payload) != 8 {
		t.Errorf("%q %v", payload, ok)
	}
	if _, ok := unseal([]byte("bob"), row); ok {
		t.Error("a row was taken under another key")
	}
	for i := range row {
		broken := slices.Clone(row)
		broken[i] ^= 0x10
		if _, ok := unseal([]byte("ana"), broken); ok {
			t.Errorf("byte %d was changed and nobody noticed", i)
		}
	}
}

func TestMembersAreReadAsTheyWereCutIntoChunks(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var all []directory.Ref
		for value := range rapid.MapOfN(rapid.SampledFrom([]string{"uid=", "", "cn=é", "\x00"}), rapid.Bool(), 1, 3).Draw(r, "heads") {
			for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 1<<20), rapid.ID[int]).Draw(r, "numbers") {
				all = append(all, directory.Ref{Kind: directory.ByDN, Value: value + string(rune('a'+n%26)) + string(rune(n)) + ",ou=people,dc=x"})
			}
		}
		slices.SortFunc(all, func(a, b directory.Ref) int { return slices.Compare([]byte(a.Value), []byte(b.Value)) })
		var got []directory.Ref
		var reader memberReader
		last := ""
		c := chunker{put: func(key, row []byte) error {
			if string(key) <= last {
				r.Fatalf("key %q after %q", key, last)
			}
			last = string(key)
			payload, ok := unseal(key, row)
			if !ok || !reader.read(payload, func(m directory.Ref) {
				got = append(got, directory.Ref{Kind: m.Kind, Value: string([]byte(m.Value))})
			}) {
				r.Fatal("unreadable")
			}
			return nil
		}}
		for _, m := range all {
			if err := c.add("group", m); err != nil {
				r.Fatal(err)
			}
		}
		if err := c.flush(); err != nil || !slices.Equal(all, got) {
			r.Fatalf("%q, %q, %v", all, got, err)
		}
	})
}

func TestAChunkEndsAlsoWhereNoMemberAsksForIt(t *testing.T) {
	chunks, most, count := 0, 0, 0
	var reader memberReader
	c := chunker{put: func(key, row []byte) error {
		chunks++
		n := 0
		payload, _ := unseal(key, row)
		reader.read(payload, func(directory.Ref) { n++ })
		most = max(most, n)
		return nil
	}}
	for n := 0; count < 3*chunkMost; n++ {
		m := directory.Ref{Kind: directory.ByID, Value: fmt.Sprintf("%08d", n)}
		if beginsChunk(m) {
			continue
		}
		must(t, c.add("group", m))
		count++
	}
	must(t, c.flush())
	if chunks != 3 || most != chunkMost {
		t.Errorf("%d chunks of %d members, the largest of %d", chunks, count, most)
	}
}

// FuzzRows feeds every reader of rows with garbage whose checksum is right: none panics, and none makes more than a few things
// per byte.
func FuzzRows(f *testing.F) {
	var e encoder
	e.object(&directory.Record{Email: "a@x.com", Handles: []directory.Ref{{Kind: 1, Value: "h"}},
		Attrs: []directory.Attr{{Name: "a", Values: []string{"v", ""}}}}, newClock().now(), newNames(nil))
	f.Add(e.row)
	e.tombstone(directory.Tombstone{ID: "x", Why: directory.Vanished, Since: newClock().now()})
	f.Add(e.row)
	e.begin()
	e.member(directory.Ref{}, directory.Ref{Kind: 2, Value: "uid=a,dc=x"})
	e.member(directory.Ref{Kind: 2, Value: "uid=a,dc=x"}, directory.Ref{Kind: 2, Value: "uid=b,dc=x"})
	f.Add(e.row)
	a := access.Account{Known: access.Member{Email: "a@x.com", Stamp: access.Stamp{Installation: "i", Anchor: "a"}, Grants: []access.Grant{{Group: 1, Role: access.AnotherRole}}},
		Link: access.Link{Anchors: []access.Anchor{"a"}, Name: "n"}, Owned: []access.OwnedGrant{{Group: 1, Role: access.AnotherRole}}}
	if err := (&txn{}).accountRow(&e, &a); err != nil {
		f.Fatal(err)
	}
	f.Add(e.row)
	f.Fuzz(func(t *testing.T, row []byte) {
		if len(row) < sumSize {
			return
		}
		key := numberKey(1)
		seal(key, row)
		payload := row[sumSize:]
		objects := objectReader{names: []string{"a"}}
		if r, _, ok := objects.read("id", payload); ok && len(r.Handles)+len(r.Attrs) > len(row) {
			t.Errorf("%d bytes made %d handles and %d attributes", len(row), len(r.Handles), len(r.Attrs))
		}
		readTombstone("id", payload)
		var members memberReader
		n := 0
		members.read(payload, func(directory.Ref) { n++ })
		if n > len(row) {
			t.Errorf("%d bytes made %d members", len(row), n)
		}
		accounts := accountReader{causeAt: func(n uint64) (*access.Cause, bool) { return nil, n == 0 }}
		var a access.Account
		if accounts.read(key, row, &a) && len(a.Known.Grants)+len(a.Owned)+len(a.Link.Anchors) > len(row) {
			t.Errorf("%d bytes made %+v", len(row), a)
		}
		readCause(key, row)
		groupOf(row)
	})
}
