// Package metrics keeps figures about a daemon and writes them as Prometheus reads them (text exposition format, version 0.0.4).
//
// All families that there are stand in one list, so that dashboards and alerts can be checked against it. A label's value is a word of
// ours or a name of the file, never a person. It listens nowhere and reads no clock.
package metrics

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind is what a figure may do: a Counter only grows, a Gauge goes up and down, a Histogram counts by size.
type Kind string

// The kinds, by the words of the format.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Family is a figure, for each value of its labels.
type Family struct {
	Name, Help string
	Kind       Kind
	Labels     []string
	Buckets    []float64 // of a Histogram: upper bounds, ascending; infinity is not among them
}

// Book holds the counters and histograms of a process. It is safe for concurrent use.
type Book struct {
	mu       sync.Mutex
	families []Family
	counts   map[string]map[string]*series // by family and labels
}

// series is one figure of a family.
type series struct {
	labels []string
	value  float64
	counts []uint64 // of a Histogram, by bucket, infinity last
}

// NewBook returns a Book of some families, which must have names of their own.
func NewBook(families []Family) *Book {
	b := &Book{families: families, counts: map[string]map[string]*series{}}
	for _, f := range families {
		b.counts[f.Name] = map[string]*series{}
	}
	return b
}

// Add adds to a counter. It panics when the name or the number of labels is not that of a family: a test would catch it.
func (b *Book) Add(name string, n float64, labels ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.series(b.family(name, labels), labels).value += n
}

// Observe counts a value in a histogram, with the same panic.
func (b *Book) Observe(name string, value float64, labels ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.family(name, labels)
	s := b.series(f, labels)
	if s.counts == nil {
		s.counts = make([]uint64, len(f.Buckets)+1)
	}
	i, _ := slices.BinarySearch(f.Buckets, value)
	s.counts[i]++
	s.value += value
}

// Set is how a gauge, or a counter that somebody else keeps, is given at the moment of writing.
type Set func(name string, value float64, labels ...string)

// Write writes all figures: what was counted, and what measure says now. Families without any are left out. measure must not call b.
func (b *Book) Write(w io.Writer, measure func(Set)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := map[string]map[string]*series{}
	measure(func(name string, value float64, labels ...string) {
		b.family(name, labels)
		if now[name] == nil {
			now[name] = map[string]*series{}
		}
		now[name][strings.Join(labels, "\x00")] = &series{labels: slices.Clone(labels), value: value}
	})
	out := bufio.NewWriter(w)
	for i := range b.families {
		f := &b.families[i]
		all := now[f.Name]
		if all == nil {
			all = b.counts[f.Name]
		}
		f.write(out, all)
	}
	return out.Flush()
}

func (b *Book) family(name string, labels []string) *Family {
	for i := range b.families {
		if f := &b.families[i]; f.Name == name {
			if len(labels) != len(f.Labels) {
				panic(fmt.Sprintf("metrics: %s has the labels %v, not %v", name, f.Labels, labels))
			}
			return f
		}
	}
	panic("metrics: no family is called " + name)
}

func (b *Book) series(f *Family, labels []string) *series {
	key := strings.Join(labels, "\x00")
	s := b.counts[f.Name][key]
	if s == nil {
		s = &series{labels: slices.Clone(labels)}
		b.counts[f.Name][key] = s
	}
	return s
}

func (f *Family) write(out *bufio.Writer, all map[string]*series) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f.Name, helpEscape(f.Help), f.Name, f.Kind)
	for _, key := range sortedKeys(all) {
		s := all[key]
		if f.Kind != Histogram {
			fmt.Fprintf(out, "%s%s %s\n", f.Name, f.labels(s.labels, ""), number(s.value))
			continue
		}
		sum := uint64(0)
		for i, n := range s.counts {
			sum += n
			bound := math.Inf(1)
			if i < len(f.Buckets) {
				bound = f.Buckets[i]
			}
			fmt.Fprintf(out, "%s_bucket%s %d\n", f.Name, f.labels(s.labels, number(bound)), sum)
		}
		fmt.Fprintf(out, "%s_sum%s %s\n%s_count%s %d\n", f.Name, f.labels(s.labels, ""), number(s.value), f.Name, f.labels(s.labels, ""), sum)
	}
}

func sortedKeys(all map[string]*series) []string {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// labels writes {name="value",...}; le is the bound of a bucket.
func (f *Family) labels(values []string, le string) string {
	var parts []string
	for i, name := range f.Labels {
		parts = append(parts, name+`="`+valueEscape(values[i])+`"`)
	}
	if le != "" {
		parts = append(parts, `le="`+le+`"`)
	}
	if len(parts) == 0 {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func helpEscape(s string) string { return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(s) }

func valueEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(s)
}
