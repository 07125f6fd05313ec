package ldap

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/adsim"
)

var walks = flag.Int("walks", 4, "how many random walks through several controllers are made, for each way of asking")

// Writes at any controller, replication that is late, in part or not at all, controllers that come and go, disks that are put back: each increment
// must be what the controller shows, nobody may come back whose disabling was read, and in the end everything must be as it is.
func TestWhateverControllersDoNobodyIsBroughtBackAndNothingIsLost(t *testing.T) {
	var sum deeds
	for _, w := range ways() {
		t.Run(string(w), func(t *testing.T) {
			for seed := range *walks {
				controllerWalk{t: t, way: w, seed: uint64(seed), sum: &sum}.run()
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
	t.Logf("%+v", sum)
	if sum.deltas == 0 || sum.behind == 0 || sum.failovers == 0 || sum.putBacks == 0 || sum.unseen*10 > sum.putBacks {
		t.Errorf("%+v", sum)
	}
}

// deeds is what happened in all walks.
type deeds struct{ reads, deltas, behind, failovers, putBacks, unseen, accepted int }

type controllerWalk struct {
	t    *testing.T
	way  way
	seed uint64
	sum  *deeds

	c      *company
	r      *connectortest.Reader
	random *rand.Rand
	people []adsim.GUID
	next   int
	disks  map[int]adsim.Image
	broken map[int]bool // disks that were put back behind the directory's back, until they are made anew
	lost   bool         // something that was read may be nowhere any more
	served string
	seen   map[adsim.GUID]adsim.Write // the write by which somebody was disabled when it was read
	did    []string
}

func (k controllerWalk) run() {
	k.random = rand.New(rand.NewPCG(17, k.seed))
	k.c = aDomain(k.t, 3, accountFor(k.way))
	k.disks, k.broken, k.seen = map[int]adsim.Image{}, map[int]bool{}, map[adsim.GUID]adsim.Write{}
	for range 12 {
		k.hire(k.c.dc(0))
	}
	k.r = k.c.reader(k.way)
	k.r.Full()
	k.learn()
	for range 60 {
		k.c.now = k.c.now.Add(time.Duration(k.random.IntN(90)) * time.Second)
		k.step()
		if k.t.Failed() {
			k.t.Fatal(k.did)
		}
	}
	k.end()
	if k.t.Failed() {
		k.t.Fatal(k.did)
	}
}

func (k *controllerWalk) say(format string, args ...any) {
	k.did = append(k.did, fmt.Sprintf(format, args...))
}

// anyOf is a controller.
func (k *controllerWalk) anyOf() int { return k.random.IntN(3) }

func (k *controllerWalk) step() {
	n := k.anyOf()
	dc := k.c.dc(n)
	switch d := k.random.IntN(100); {
	case d < 40:
		k.write(n)
	case d < 60:
		from := k.anyOf()
		k.say("%d<-%d", n, from)
		dc.Replicate(k.c.dc(from))
	case d < 65:
		from := k.anyOf()
		k.say("%d<~%d", n, from)
		dc.ReplicateSome(k.c.dc(from), 1+k.random.IntN(3))
	case d < 72:
		k.fail(n)
	case d < 77:
		k.say("image %d", n)
		k.disks[n] = dc.Image()
	case d < 82:
		k.putBack(n)
	case d < 84:
		k.restore(n)
	case d < 94:
		k.read(false)
	default:
		k.read(true)
	}
}

func (k *controllerWalk) hire(dc *adsim.Controller) {
	k.next++
	name := fmt.Sprint("w", k.next)
	k.people = append(k.people, dc.Add(simPerson(name), "user", adsim.Attributes{"mail": {name + "@corp.test"}}))
}

func (k *controllerWalk) write(n int) {
	dc, id := k.c.dc(n), k.people[k.random.IntN(len(k.people))]
	dn := dc.Find(id)
	kind := k.random.IntN(9)
	if dn == "" || kind == 0 {
		k.say("%d: hire", n)
		k.hire(dc)
		return
	}
	name, _, _ := strings.Cut(dn, ",")
	k.say("%d: %d of %s", n, kind, name)
	switch kind {
	case 1, 2, 3:
		dc.Disable(dn)
	case 4:
		dc.Enable(dn)
	case 5:
		dc.Replace(dn, adsim.Attributes{"department": {fmt.Sprint(k.random.IntN(5))}})
	case 6:
		dc.Join(simPerson("Staff"), dn)
	case 7:
		dc.Leave(simPerson("Staff"), dn)
	case 8:
		to := "CN=Users," + simDomain
		if strings.Contains(dn, "CN=Users") {
			to = simStaff
		}
		dc.Move(dn, name+","+to)
	}
}

// fail makes a controller be there, or not; one is there always.
func (k *controllerWalk) fail(n int) {
	k.say("only %d is up", n)
	for i := range 3 {
		k.c.down(i)
	}
	k.c.up(n)
	if more := k.anyOf(); more != n {
		k.say("and %d", more)
		k.c.up(more)
	}
}

func (k *controllerWalk) putBack(n int) {
	disk, ok := k.disks[n]
	if !ok || len(k.broken) > 0 {
		return
	}
	k.say("put back %d", n)
	k.c.dc(n).PutBack(disk)
	k.broken[n], k.lost = true, true
	delete(k.disks, n)
	k.sum.putBacks++
	for range k.random.IntN(12) {
		k.write(n)
	}
}

func (k *controllerWalk) restore(n int) {
	if k.broken[n] {
		k.say("rebuild %d", n)
		k.c.dc(n).Rebuild(k.c.dc((n + 1) % 3))
		delete(k.broken, n)
		return
	}
	if disk, ok := k.disks[n]; ok {
		k.say("restore %d", n)
		k.c.dc(n).Restore(disk)
		k.lost = true
		delete(k.disks, n)
	}
}

// read reads what changed or everything, and holds it against what the controller shows.
func (k *controllerWalk) read(everything bool) {
	k.sum.reads++
	if everything {
		k.r.Everything()
	} else {
		k.r.Changes()
	}
	k.say("read %v %s", k.r.Receipt.Coverage, k.r.Receipt.Behind)
	if k.r.Receipt.Behind != "" {
		k.sum.behind++
		k.compare()
		k.hear()
		return
	}
	if k.r.Receipt.Coverage == directory.Delta {
		k.sum.deltas++
	}
	if now := cameFrom(k.r.Receipt.Next); now != k.served {
		k.sum.failovers++
	}
	if k.learn(); !k.broken[k.asked()] {
		k.sameAs(k.asked())
	}
}

// asked is the controller that was read.
func (k *controllerWalk) asked() int {
	k.served = cameFrom(k.r.Receipt.Next)
	return slices.Index(k.c.o.URLs, k.served)
}

// compare expects that nobody is enabled whose disabling was read, unless the controller goes by a later word.
func (k *controllerWalk) compare() {
	off := map[string]bool{}
	for _, name := range strings.Fields(disabled(k.r)) {
		off[name] = true
	}
	here := k.r.People()
	for i, id := range k.people {
		name := fmt.Sprint("w", i+1)
		was, known := k.seen[id]
		if !known || off[name] || !slices.Contains(here, name+"@corp.test") {
			continue
		}
		if k.r.Receipt.Behind != "" {
			k.t.Errorf("%s was disabled and is not any more by a read that is behind", name)
			continue
		}
		if now := k.c.dc(k.asked()).Last(id, "userAccountControl"); !now.Beats(was) {
			if k.broken[k.asked()] { // all that could have told was changed once more
				k.sum.unseen++
				k.seen = map[adsim.GUID]adsim.Write{}
				return
			}
			k.t.Errorf("%s was disabled and is not any more, and nobody enabled %s", name, name)
		}
	}
}

// learn takes note of who is disabled now, by which write.
func (k *controllerWalk) learn() {
	k.compare()
	off := strings.Fields(disabled(k.r))
	for i, id := range k.people {
		if delete(k.seen, id); slices.Contains(off, fmt.Sprint("w", i+1)) {
			k.seen[id] = k.c.dc(k.asked()).Last(id, "userAccountControl")
		}
	}
}

// hear takes note of leavers who were believed of a controller that is behind.
func (k *controllerWalk) hear() {
	server, _, _ := strings.Cut(k.r.Receipt.Behind, " ")
	at := k.c.dc(slices.Index(k.c.o.URLs, server))
	off := strings.Fields(disabled(k.r))
	for i, id := range k.people {
		if _, known := k.seen[id]; !known && slices.Contains(off, fmt.Sprint("w", i+1)) {
			k.seen[id] = at.Last(id, "userAccountControl")
		}
	}
}

// sameAs expects what a first read of one controller brings.
func (k *controllerWalk) sameAs(n int) {
	k.t.Helper()
	only := *k.c
	o := *k.c.o
	o.URLs, only.o = k.c.o.URLs[n:n+1], &o
	fresh := only.reader(k.way)
	fresh.Full()
	if d := cmp.Diff(connectortest.Dump(fresh.Snapshot), connectortest.Dump(k.r.Snapshot)); d != "" {
		k.t.Errorf("controller %d (-) and what was read of it (+) differ:\n%s", n, d)
	}
}

// end lets everybody know everything, and reads.
func (k *controllerWalk) end() {
	for n := range 3 {
		k.c.up(n)
		if k.broken[n] {
			k.restore(n)
		}
	}
	for range 3 {
		for a := range 3 {
			for b := range 3 {
				k.c.dc(a).Replicate(k.c.dc(b))
			}
		}
	}
	k.say("end")
	k.r.Changes()
	if k.r.Receipt.Behind != "" {
		if k.sum.accepted++; !k.lost {
			k.t.Errorf("everything is known everywhere, and yet: %s", k.r.Receipt.Behind)
		}
		k.compare()
		k.r.Accept()
	}
	if k.lost { // controllers that do not find out that a disk was put back differ for ever
		k.r.Everything()
		k.sameAs(k.asked())
		return
	}
	for n := range 3 {
		k.sameAs(n)
	}
}
