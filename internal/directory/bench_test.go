package directory

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// fill puts a company: people with ten attributes, of which two are their own, each a member of five groups by DN.
func fillCompany(tb testing.TB, b *Builder, people, groups int) {
	tb.Helper()
	const perPerson = 5
	for g := range groups {
		put(tb, b, Record{Kind: GroupIs, ID: groupID(g), Name: fmt.Sprint("Group ", g)}, Record{Kind: MembersFrom, ID: groupID(g)})
	}
	attrs := make([]Attr, 10)
	for p := range people {
		dn := Ref{ByDN, fmt.Sprintf("uid=user%07d,ou=people,dc=corp,dc=example,dc=com", p)}
		for i := range attrs {
			attrs[i] = Attr{fmt.Sprintf("attribute%d", i), []string{fmt.Sprint("value ", p%(10+i*37))}}
		}
		attrs[0].Values[0], attrs[1].Values[0] = fmt.Sprint(p), fmt.Sprint("E", p)
		rec := Record{Kind: PersonIs, ID: fmt.Sprintf("3f2a%08x-1111-4000-8000-person", p), Email: fmt.Sprintf("user%07d@corp.example.com", p),
			Name: fmt.Sprintf("First%d Last%d", p%997, p), Active: Yes, Handles: []Ref{dn}, Attrs: attrs, Changed: time.Unix(int64(p+1), 0)}
		put(tb, b, rec)
		for k := range perPerson {
			put(tb, b, Record{Kind: MemberIs, ID: groupID((p*perPerson + k*7919) % groups), Member: dn})
		}
	}
}

func groupID(g int) string { return fmt.Sprintf("8c1d%08x-0000-4000-8000-group", g) }

func readCompany(tb testing.TB, last *Snapshot, people, groups int) *Snapshot {
	tb.Helper()
	b := Build("corp", last)
	fillCompany(tb, b, people, groups)
	s, _, err := b.Seal(Receipt{Coverage: Complete, At: time.Unix(100, 0)}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// heap returns the bytes in use after a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func benchCompany(b *testing.B, people, groups int) {
	var s *Snapshot
	b.Run("first read", func(b *testing.B) {
		for b.Loop() {
			s = readCompany(b, nil, people, groups)
		}
	})
	b.Run("same read again", func(b *testing.B) {
		for b.Loop() {
			readCompany(b, s, people, groups)
		}
	})
	b.Run("one change", func(b *testing.B) {
		for b.Loop() {
			build := Build("corp", s)
			put(b, build, Record{Kind: MemberIs, ID: groupID(3), Member: Ref{ByID, "new"}})
			if _, _, err := build.Seal(Receipt{Coverage: Delta}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("members of all groups", func(b *testing.B) {
		v := Join(s)
		for b.Loop() {
			for g := range v.Groups() {
				v.Members(g)
			}
		}
	})
	b.Run("memory", func(b *testing.B) {
		s = nil
		before := heap()
		s = readCompany(b, nil, people, groups)
		b.ReportMetric(float64(heap()-before)/(1<<20), "snapshot-MB")
		b.ReportMetric(float64(s.people.size())/(1<<20), "people-MB")
		b.ReportMetric(float64(s.refs.size())/(1<<20), "refs-MB")
		b.ReportMetric(float64(4*len(s.members.items))/(1<<20), "members-MB")
		b.ReportMetric(0, "ns/op")
	})
	runtime.KeepAlive(s)
}

func (t *texts) size() int { return cap(t.bytes) + 4*cap(t.ends) }
func (l *lists) size() int { return 4*cap(l.items) + 4*cap(l.ends) }
func (t *refs) size() int  { return cap(t.kind) + t.value.size() + 4*cap(t.node) }
func (n *nodes) size() int {
	total := n.id.size() + n.email.size() + n.name.size() + cap(n.active) + 8*cap(n.changed) + 8*cap(n.doubted) + n.handles.size()
	for i := range n.attrs {
		total += n.attrs[i].values.size() + 4*cap(n.attrs[i].one) + n.attrs[i].many.size()
	}
	return total
}

func BenchmarkCompanyOf100kPeopleAnd500kMemberships(b *testing.B) { benchCompany(b, 100_000, 2_000) }

func BenchmarkCompanyOf1MPeopleAnd5MMemberships(b *testing.B) { benchCompany(b, 1_000_000, 20_000) }

func BenchmarkMembersOfNestedGroups(b *testing.B) {
	build := Build("corp", nil)
	for g := range 1000 {
		put(b, build, Record{Kind: GroupIs, ID: groupID(g)})
		for k := range 50 {
			put(b, build, Record{Kind: PersonIs, ID: fmt.Sprint(g, "-", k)}, Record{Kind: MemberIs, ID: groupID(g), Member: Ref{ByID, fmt.Sprint(g, "-", k)}})
		}
		for _, child := range []int{2*g + 1, 2*g + 2, g / 2} { // a tree with ways back up
			put(b, build, Record{Kind: MemberIs, ID: groupID(g), Member: Ref{ByID, groupID(child % 1000)}})
		}
	}
	s, _, err := build.Seal(Receipt{Coverage: Complete}, nil)
	if err != nil {
		b.Fatal(err)
	}
	v := Join(s)
	for b.Loop() {
		if n := len(v.Members(0)); n != 50_000 {
			b.Fatal(n)
		}
	}
}
