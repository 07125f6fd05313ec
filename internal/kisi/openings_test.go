package kisi_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// altered passes requests on with another query.
type altered struct {
	http.RoundTripper
	query func(string) string
}

func (a altered) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.RawQuery = a.query(r.URL.RawQuery)
	return a.RoundTripper.RoundTrip(r)
}

func TestGroupsThatOpenADoorAreFoundWithACallForEachOfThemWhateverKisisFilterDoes(t *testing.T) {
	for _, c := range []struct {
		name   string
		filter func(query, door string) string
		most   int // calls
	}{
		{"it works", func(query, _ string) string { return query }, 1 + 2},
		{"it is ignored", func(query, door string) string { return strings.ReplaceAll(query, "lock_id="+door+"&", "") }, 1 + 12},
		{"it names nobody", func(query, door string) string { return strings.ReplaceAll(query, "lock_id="+door+"&", "ids=1&") }, 1 + 12},
		{"it leaves out one that is known", func(query, door string) string {
			return strings.ReplaceAll(query, "lock_id="+door+"&", "query=Second&")
		}, 1 + 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
				door := b.AddDoor(b.Places["HQ"], "Archive")
				var among, want []access.RemoteID
				for _, name := range []string{"First", "a", "b", "c", "d", "Second", "e", "f", "g", "h", "i", "j"} {
					spec := kisisim.GroupSpec{Name: name}
					if len(name) > 1 {
						spec.Doors = []int64{door}
					}
					id := access.RemoteID(b.AddGroup(spec))
					if among = append(among, id); len(name) > 1 {
						want = append(want, id)
					}
				}
				told := newBench(t, b.Company, pacer.Options{Base: altered{b.Transport(), func(q string) string {
					if strings.Contains(q, "lock_id=") {
						return c.filter(q, strconv.FormatInt(door, 10))
					}
					return q
				}}})
				before := len(b.Requests())
				got, err := told.target.Opening(t.Context(), kisi.OpeningOf{Thing: access.RemoteID(door), Among: among, Known: want[:1]})
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("%v %s", err, diff)
				}
				if n := len(b.Requests()) - before; n > c.most {
					t.Errorf("%d calls, want %d at most", n, c.most)
				}
			})
		})
	}
}
