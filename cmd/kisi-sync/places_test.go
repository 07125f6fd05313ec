package main

import (
	"testing"

	"go.yaml.in/yaml/v4"
)

// A name that a list prints can be pasted into the file, also within { }.
func TestNamesCanBePastedIntoTheFile(t *testing.T) {
	for _, name := range []string{"HQ / Main entrance", "Floor -1", "-1", "3", "0x1F", "1e3", "1_000", "true", "No", "~", "", " padded ", "a: b", "a #b", "{x}", "it's", `"q"`,
		"- a", "?", "@home", "`x`", "100%", "München", "a, b", "[1]", "*", "&", "!", "|", ">", "2026-01-01", "12:30", ".inf", "=", "a:", "-", "<<"} {
		var got struct{ Stop any }
		if err := yaml.Unmarshal([]byte("{stop: "+inYAML(name)+"}"), &got); err != nil || got.Stop != name {
			t.Errorf("%q is printed as %s and read as %#v, %v", name, inYAML(name), got.Stop, err)
		}
	}
}
