package mapping

import (
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestAGroupIsFoundByNumberPlaceAndNameOrName(t *testing.T) {
	c := kisi()
	c.Groups = append(c.Groups, access.Group{ID: 105, Name: "Lab"}, access.Group{ID: 106, Name: "Night Shift", Place: 1})
	for text, want := range map[string]string{
		"101": "101", "HQ Staff": "101", "hq  staff": "101", "Lab / Lab": "104", "Night Shift": "106", "hq / night shift": "106", "105": "105", "Lab": "105",
		"lab": `"lab" may be 104 (Lab / Lab), 105 (Lab): write the number`, "Nigt Shift": `there is no group "Nigt Shift"; the nearest are "HQ / Night Shift"`,
		"0": "there is no group", "": "there is no group",
	} {
		g, err := FindGroup(c, text)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = map[access.RemoteID]string{101: "101", 104: "104", 105: "105", 106: "106"}[g.ID]
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
