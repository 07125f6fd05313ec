package main

import (
	"bytes"
	"os"
	"testing"
)

// Windows has no time zones that Go could read, and the image of a container has none at all: a file that says Europe/Berlin was refused
// there. The name of a zone that nothing else speaks of is in a program only together with all of them.
func TestTimeZonesAreInTheProgram(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if zone := append([]byte("Antarctica/"), "Troll"...); !bytes.Contains(text, zone) {
		t.Errorf("%s is not known where the system does not know it", zone)
	}
}
