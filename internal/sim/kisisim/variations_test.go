package kisisim

import (
	"fmt"
	"reflect"
	"testing"
)

func TestEveryAssumptionHasAVariationAndEachTurnsOneSwitch(t *testing.T) {
	turned, names := map[string]bool{}, map[string]bool{}
	for i, v := range Variations() {
		if names[v.Name] {
			t.Errorf("%q stands twice", v.Name)
		}
		names[v.Name] = true
		var a Assumptions
		v.Set(&a)
		fields := reflect.ValueOf(a)
		changed := 0
		for f := range fields.NumField() {
			if !fields.Field(f).IsZero() {
				changed++
				turned[fields.Type().Field(f).Name] = true
			}
		}
		wantEqual(t, changed, min(i, 1), v.Name)
	}
	for f := range reflect.TypeFor[Assumptions]().NumField() {
		if name := reflect.TypeFor[Assumptions]().Field(f).Name; !turned[name] {
			t.Errorf("no variation turns %s", name)
		}
	}
}

// TestAWorkingDayPassesUnderEveryVariation goes through what a sync does, in the way a careful client does it.
func TestAWorkingDayPassesUnderEveryVariation(t *testing.T) {
	for _, v := range Variations() {
		t.Run(v.Name, func(t *testing.T) {
			var a Assumptions
			v.Set(&a)
			k := visit(t, a)
			for _, path := range []string{"/login", "/user", "/organization", "/roles", "/groups?limit=250&sort=name",
				"/users?limit=100&sort=name", "/role_assignments?applies_to_type=Group&limit=250&sort=user.name", "/integrations"} {
				k.get(path)
			}
			ana := k.create("ana@example.com", "Ana")
			right := k.let(ana, "Contractors")
			k.want(204, "PATCH", fmt.Sprintf("/users/%d", ana), `{"user":{"name":"Ana B"}}`)
			k.want(204, "DELETE", fmt.Sprintf("/role_assignments/%d", right), nil)
			k.want(204, "PATCH", fmt.Sprintf("/users/%d", ana), `{"user":{"access_enabled":false}}`)
			u, _ := k.World().User("ana@example.com")
			if u.Access || u.Name != "Ana B" || u.Holds("Contractors") {
				t.Errorf("end state %+v", u)
			}
		})
	}
}
