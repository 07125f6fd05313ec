package directory

import (
	"slices"
	"testing"
	"time"
)

func TestNestedGroupsAreClosedOverACycle(t *testing.T) {
	b := Build("corp", nil)
	for _, r := range []Record{
		{Kind: GroupIs, ID: "g1", Handles: []Ref{{ByDN, "cn=a"}}}, {Kind: MemberIs, ID: "g1", Member: Ref{ByDN, "cn=b"}},
		{Kind: MemberIs, ID: "g1", Member: Ref{ByDN, "uid=ana"}},
		{Kind: GroupIs, ID: "g2", Handles: []Ref{{ByDN, "cn=b"}}}, {Kind: MemberIs, ID: "g2", Member: Ref{ByDN, "cn=a"}},
		{Kind: MemberIs, ID: "g2", Member: Ref{ByMail, "bo@x.com"}},
		{Kind: PersonIs, ID: "1", Email: "ana@x.com", Handles: []Ref{{ByDN, "uid=ana"}}, Attrs: []Attr{{"dept", []string{"IT"}}}},
		{Kind: PersonIs, ID: "2", Email: "Bo@x.com"},
	} {
		if err := b.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	s, d, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(100, 0)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := Join(s)
	for g := range 2 {
		if got := v.Members(g); !slices.Equal(got, []uint32{0, 1}) {
			t.Errorf("members of %s: %v", v.Group(g).ID(), got)
		}
	}
	if d.Added != 4 || d.GainedMembers != 4 {
		t.Errorf("%+v", d)
	}
	b = Build("corp", s)
	s2, d, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(200, 0)}, func(Diff) bool { return false })
	if err != nil || s2.Doubts() != 4 || Join(s2).People() != 2 {
		t.Errorf("doubted: %v %+v %d", err, d, s2.Doubts())
	}
	s3, _, _ := Build("corp", s2).Seal(Receipt{Coverage: Complete, At: time.Unix(300, 0)}, nil)
	if tomb, ok := s3.Tombstone("1"); !ok || tomb.Why != Vanished {
		t.Errorf("tombstones %+v", s3.Tombstones())
	}
}
