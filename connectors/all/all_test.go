package all

import (
	"reflect"
	"testing"
)

// Package config decodes settings into what New points to; two sources of one type must not share it.
func TestEachTypeMakesSettingsOfItsOwn(t *testing.T) {
	for name, make := range Types() {
		one, two := reflect.ValueOf(make()), reflect.ValueOf(make())
		if one.Kind() != reflect.Pointer || one.Elem().Kind() != reflect.Struct {
			t.Fatalf("%s: settings are a %v, want a pointer to a struct", name, one.Type())
		}
		if one.Pointer() == two.Pointer() {
			t.Errorf("%s: two sources share their settings", name)
		}
	}
}

// Empty settings are nobody's; they must be refused and not panic.
func TestNoTypeIsContentWithNothing(t *testing.T) {
	for name, make := range Types() {
		if len(make().Validate()) == 0 {
			t.Errorf("%s: settings without a single key have no finding", name)
		}
	}
}
