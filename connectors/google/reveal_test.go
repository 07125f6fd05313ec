package google

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
)

func TestWhatGoogleShowsOfOneIsShownWhole(t *testing.T) {
	w := newWorkspace(t)
	ana := w.AddUser(googlesim.User{Email: address("ana"), Given: "Ana", Family: "Reis", Aliases: []string{"a@example.com"}, Custom: map[string]map[string]any{"Doors": {"floor": 3}},
		Fields: map[string]any{"organizations": []any{map[string]any{"department": "IT"}}}})
	doors := w.AddGroup(address("doors"), "Doors", address("ana"))
	s := w.open(w.settings())
	for _, c := range []struct {
		of   directory.Record
		want []string
	}{
		{directory.Record{Kind: directory.PersonIs, ID: ana}, []string{"{primaryEmail [ana@example.com]}", "{name.familyName [Reis]}", "{aliases [a@example.com]}",
			`{customSchemas.Doors [{"floor":3}]}`, `{organizations [{"department":"IT"}]}`}},
		{directory.Record{Kind: directory.GroupIs, ID: doors}, []string{"{email [doors@example.com]}", "{name [Doors]}", "{directMembersCount [1]}"}},
	} {
		all, err := s.Reveal(t.Context(), &c.of)
		got := fmt.Sprint(all)
		for _, want := range c.want {
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("no %s in %s, %v", want, got, err)
			}
		}
		if strings.Contains(got, "etag") || strings.Contains(got, "kind") {
			t.Errorf("got %s", got)
		}
	}
	if _, err := s.Reveal(t.Context(), &directory.Record{Kind: directory.PersonIs, ID: "7"}); err == nil {
		t.Error("nobody is shown")
	}
}
