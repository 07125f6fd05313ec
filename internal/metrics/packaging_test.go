package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// used is an expression of PromQL, and where it stands.
type used struct{ where, expr string }

func dashboard(t *testing.T) (all []used) {
	t.Helper()
	text, err := os.ReadFile("../../packaging/grafana/kisi-sync.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Templating struct {
			List []struct{ Name, Query string }
		}
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, v := range d.Templating.List {
		if strings.Contains(v.Query, "kisisync") {
			all = append(all, used{"variable " + v.Name, v.Query})
		}
	}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || len(p.Targets) == 0 {
			t.Errorf("panel %s: id %d, place %+v, %d targets", p.Title, p.ID, p.GridPos, len(p.Targets))
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			all = append(all, used{"panel " + p.Title, target.Expr}, used{"legend of " + p.Title, target.Expr + legendLabels(target.LegendFormat)})
		}
	}
	return all
}

// legendLabels makes the labels of a legend look like those of an expression.
func legendLabels(legend string) string {
	out := ""
	for _, m := range regexp.MustCompile(`{{\s*(\w+)\s*}}`).FindAllStringSubmatch(legend, -1) {
		out += " by (" + m[1] + ")"
	}
	return out
}

func alerts(t *testing.T) (all []used) {
	t.Helper()
	text, err := os.ReadFile("../../packaging/prometheus/kisi-sync.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	label := regexp.MustCompile(`\$labels\.(\w+)`)
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || !slices.Contains([]string{"warning", "critical"}, r.Labels["severity"]) {
				t.Errorf("%s: says not what it means, what to do, or how bad it is", r.Alert)
			}
			expr := r.Expr
			for _, m := range label.FindAllStringSubmatch(r.Annotations["summary"]+r.Annotations["description"], -1) {
				expr += " by (" + m[1] + ")"
			}
			all = append(all, used{"alert " + r.Alert, expr})
		}
	}
	return all
}

// Whoever is paged looks the alarm up by its name.
func TestEachAlarmIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/alarms.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range alerts(t) {
		if name := strings.TrimPrefix(u.where, "alert "); !strings.Contains(string(page), "| "+name+" | ") {
			t.Errorf("docs/alarms.md does not say what %s means, and what to do", name)
		}
	}
}

// A dashboard that asks for a figure that was renamed shows nothing, and an alert on one never comes.
func TestDashboardAndAlertsUseFiguresThatThereAre(t *testing.T) {
	labels := map[string][]string{}
	for _, f := range Families() {
		labels[f.Name] = f.Labels
		if f.Kind == Histogram {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				labels[f.Name+suffix] = append(slices.Clone(f.Labels), "le")
			}
		}
	}
	all := append(dashboard(t), alerts(t)...)
	if len(all) < 40 {
		t.Fatalf("only %d expressions were found", len(all))
	}
	name, matcher, by := regexp.MustCompile(`kisisync_\w+`), regexp.MustCompile(`[{,]\s*(\w+)\s*(?:=~|!~|!=|=)`), regexp.MustCompile(`by \(([^)]*)\)`)
	for _, u := range all {
		names := name.FindAllString(u.expr, -1)
		var allowed []string
		for _, n := range names {
			if _, ok := labels[n]; !ok {
				t.Errorf("%s: no figure is called %s", u.where, n)
			}
			allowed = append(allowed, labels[n]...)
		}
		if len(names) == 0 {
			t.Errorf("%s: uses no figure: %s", u.where, u.expr)
		}
		var asked []string
		for _, m := range matcher.FindAllStringSubmatch(u.expr, -1) {
			asked = append(asked, m[1])
		}
		for _, m := range by.FindAllStringSubmatch(u.expr, -1) {
			asked = append(asked, strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' })...)
		}
		for _, label := range asked {
			if label != "instance" && label != "job" && !slices.Contains(allowed, label) {
				t.Errorf("%s: %s has no label %s", u.where, names, label)
			}
		}
	}
}

// What has no place on the dashboard and no alert is looked at by nobody.
func TestEveryFigureIsLookedAt(t *testing.T) {
	var text strings.Builder
	for _, u := range append(dashboard(t), alerts(t)...) {
		text.WriteString(u.expr + "\n")
	}
	for _, f := range Families() {
		if !regexp.MustCompile(f.Name+`(_bucket)?\b`).MatchString(text.String()) && !slices.Contains([]string{StartTime, SourceFailures, SourceWatched, Waited}, f.Name) {
			t.Errorf("%s is on no panel and in no alert", f.Name)
		}
	}
}
