package directory

import (
	"slices"
	"testing"
	"time"
)

// sealed reads records completely into a snapshot.
func sealed(t testing.TB, source string, last *Snapshot, records ...Record) *Snapshot {
	t.Helper()
	b := Build(source, last)
	put(t, b, records...)
	s, _, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(100, 0)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnAddressThatTwoOfOneSourceBearNamesNobodyInAnotherEither(t *testing.T) {
	alias := []Ref{{ByMail, "info@x.com"}}
	corp := sealed(t, "corp", nil, Record{Kind: PersonIs, ID: "1", Handles: alias}, Record{Kind: PersonIs, ID: "2", Handles: alias},
		Record{Kind: GroupIs, ID: "g"}, Record{Kind: MemberIs, ID: "g", Member: alias[0]})
	csv := sealed(t, "csv", nil, Record{Kind: PersonIs, ID: "3", Email: "info@x.com"})
	if got := Join(corp, csv).Members(0); len(got) != 0 {
		t.Errorf("members %v", got)
	}
	named := 0
	corp.Dangling(func(ref Ref, groups int) { named += groups })
	if named != 1 {
		t.Errorf("dangling %d", named)
	}
}

func TestAMemberWhomOnlyAnotherSourceKnowsIsFoundThereByAddress(t *testing.T) {
	corp := sealed(t, "corp", nil, Record{Kind: GroupIs, ID: "g"}, Record{Kind: MemberIs, ID: "g", Member: Ref{ByMail, "ana@x.com"}},
		Record{Kind: MemberIs, ID: "g", Member: Ref{ByUID, "ana"}})
	csv := sealed(t, "csv", nil, Record{Kind: PersonIs, ID: "3", Email: "Ana@X.com", Handles: []Ref{{ByUID, "ana"}}})
	if got := Join(corp, csv).Members(0); !slices.Equal(got, []uint32{0}) {
		t.Errorf("members %v", got)
	}
	twice := sealed(t, "other", nil, Record{Kind: PersonIs, ID: "9", Email: "ana@x.com"})
	if got := Join(corp, csv, twice).Members(0); len(got) != 0 {
		t.Errorf("two have the address: members %v", got)
	}
}

func TestAGroupIsFoundByItsAddressThoughNobodyNamesIt(t *testing.T) {
	v := Join(sealed(t, "corp", nil, Record{Kind: GroupIs, ID: "g", Email: "Staff@x.com"}, Record{Kind: GroupIs, ID: "h", Email: "both@x.com"},
		Record{Kind: PersonIs, ID: "1", Email: "both@x.com"}, Record{Kind: PersonIs, ID: "2"}))
	if g, ok := v.FindGroup("corp", Ref{ByMail, "staff@x.com"}); !ok || g.ID() != "g" {
		t.Errorf("%v", ok)
	}
	for _, address := range []string{"both@x.com", "never@x.com", ""} {
		if g, ok := v.FindGroup("corp", Ref{ByMail, address}); ok {
			t.Errorf("%q is %s", address, g.ID())
		}
	}
}
