package access

import "testing"

func TestAnAddressFindsTheFirstMemberWhoHasIt(t *testing.T) {
	s := &State{Members: []Member{{ID: 1}, {ID: 2, Email: "ANA@x.com"}, {ID: 3, Email: "ana@X.com"}, {ID: 4, Email: "bo@x.com"}}}
	mail := s.ByMail()
	for address, want := range map[string]RemoteID{"ana@x.com": 2, "bo@x.com": 4} {
		if m, ok := mail.Find(address); !ok || m.ID != want {
			t.Errorf("%s: %+v", address, m)
		}
	}
	for _, address := range []string{"", "zoe@x.com", "ANA@x.com"} {
		if m, ok := mail.Find(address); ok {
			t.Errorf("%q: %+v", address, m)
		}
	}
}
