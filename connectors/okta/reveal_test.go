package okta

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
)

func TestWhatOktaShowsOfOneIsShownWhole(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	profile := person("ana")
	profile["floors"], profile["nickName"] = []any{"1", "2"}, nil
	ana := o.AddUser("DEPROVISIONED", profile)
	staff := o.AddGroup("Staff", "APP_GROUP")
	s := o.open(o.settings())
	for _, c := range []struct {
		of   directory.Record
		want []string
	}{
		{directory.Record{Kind: directory.PersonIs, ID: ana}, []string{"{id [" + ana + "]}", "{status [DEPROVISIONED]}", "{profile.floors [1 2]}", "{profile.lastName [ana]}"}},
		{directory.Record{Kind: directory.GroupIs, ID: staff}, []string{"{id [" + staff + "]}", "{type [APP_GROUP]}", "{profile.name [Staff]}"}},
	} {
		all, err := s.Reveal(t.Context(), &c.of)
		got := fmt.Sprint(all)
		for _, want := range c.want {
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("no %s in %s, %v", want, got, err)
			}
		}
		if strings.Contains(got, "credentials") || strings.Contains(got, "nickName") || strings.Contains(got, "_links") {
			t.Errorf("got %s", got)
		}
	}
	if _, err := s.Reveal(t.Context(), &directory.Record{Kind: directory.PersonIs, ID: "00unobody"}); err == nil {
		t.Error("nobody is shown")
	}
}
