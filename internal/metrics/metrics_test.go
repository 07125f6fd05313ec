package metrics

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFiguresAreWrittenAsPrometheusReadsThem(t *testing.T) {
	b := NewBook([]Family{
		{Name: "a_total", Help: "First\nline \\ second.", Kind: Counter, Labels: []string{"kind", "cause"}},
		{Name: "b_seconds", Help: "Times.", Kind: Histogram, Buckets: []float64{0.5, 1, 2}},
		{Name: "c", Help: "Now.", Kind: Gauge, Labels: []string{"source"}},
		{Name: "never", Help: "Not there.", Kind: Gauge},
	})
	b.Add("a_total", 2, "give", "rule")
	b.Add("a_total", 1, "give", `say "no"`+"\n"+`\`)
	b.Add("a_total", 1, "give", "rule")
	for _, v := range []float64{0.1, 1, 1.5, 99} {
		b.Observe("b_seconds", v)
	}
	var out bytes.Buffer
	if err := b.Write(&out, func(set Set) { set("c", 0.25, "corp"); set("c", -3, "b") }); err != nil {
		t.Fatal(err)
	}
	want := `# HELP a_total First\nline \\ second.
# TYPE a_total counter
a_total{kind="give",cause="rule"} 3
a_total{kind="give",cause="say \"no\"\n\\"} 1
# HELP b_seconds Times.
# TYPE b_seconds histogram
b_seconds_bucket{le="0.5"} 1
b_seconds_bucket{le="1"} 2
b_seconds_bucket{le="2"} 3
b_seconds_bucket{le="+Inf"} 4
b_seconds_sum 101.6
b_seconds_count 4
# HELP c Now.
# TYPE c gauge
c{source="b"} -3
c{source="corp"} 0.25
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAFigureThatIsNotInTheListIsAMistake(t *testing.T) {
	for what, do := range map[string]func(*Book){
		"a name":   func(b *Book) { b.Add("kisisync_step_total", 1) },
		"a label":  func(b *Book) { b.Add(Steps, 1, "give access") },
		"a gauge":  func(b *Book) { _ = b.Write(&bytes.Buffer{}, func(set Set) { set("x", 1) }) },
		"no label": func(b *Book) { b.Observe(Revocation, 1, "corp") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing was said", what)
				}
			}()
			do(NewBook(Families()))
		}()
	}
}

func TestNamesFollowTheHouse(t *testing.T) {
	name, seen := regexp.MustCompile(`^kisisync_[a-z_]+$`), map[string]bool{}
	for _, f := range Families() {
		switch {
		case !name.MatchString(f.Name), seen[f.Name]:
			t.Errorf("%s is no name, or there twice", f.Name)
		case (f.Kind == Counter) != strings.HasSuffix(f.Name, "_total"):
			t.Errorf("%s is a %s", f.Name, f.Kind)
		case !strings.HasSuffix(f.Help, "."), f.Kind == Histogram && len(f.Buckets) == 0:
			t.Errorf("%s: help %q, buckets %v", f.Name, f.Help, f.Buckets)
		}
		seen[f.Name] = true
	}
}

func TestManyMayCountAtOnce(t *testing.T) {
	b := NewBook(Families())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				b.Add(Steps, 1, "give access", "rule", "done")
				b.Observe(Revocation, 3)
				if err := b.Write(&bytes.Buffer{}, func(set Set) { set(HeldSteps, 1) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var out bytes.Buffer
	if err := b.Write(&out, func(Set) {}); err != nil || !strings.Contains(out.String(), `outcome="done"} 800`) {
		t.Errorf("%v: %s", err, out.String())
	}
}
