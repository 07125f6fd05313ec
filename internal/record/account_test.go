package record

import (
	"slices"
	"testing"
)

func TestWhoBecameRootIsBothAccounts(t *testing.T) {
	for sudo, want := range map[string]string{
		"lea": "lea as root", "lea@corp.example.com": "lea@corp.example.com as root", `CORP\lea`: `CORP\lea as root`,
		"": "root", "root": "root", "a b": "root", "lea as root": "root", "lea\n": "root", "-x": "root",
	} {
		if got := AsRoot("root", sudo); got != want {
			t.Errorf("%q: %q, want %q", sudo, got, want)
		}
	}
	if got := Accounts("lea as root"); !slices.Equal(got, []string{"lea", "root"}) {
		t.Error(got)
	}
	if got := Accounts("lea"); !slices.Equal(got, []string{"lea"}) {
		t.Error(got)
	}
}
