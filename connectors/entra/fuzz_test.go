package entra

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Whatever an answer holds, it is an error or records that the Builder takes, and the same twice.
func FuzzAnyPageIsReadOrRefused(f *testing.F) {
	for _, text := range []string{`{"value":[]}`, `{"value":[{"id":"a","displayName":"A","userPrincipalName":"a@x","accountEnabled":true,"mail":"a@x.com","department":["x",1,null]}]}`,
		`{"value":[{"id":"g","displayName":"G","members@delta":[{"id":"a"},{"id":"b","@odata.type":"#microsoft.graph.device"},{"id":"a","@removed":{"reason":"deleted"}}]}]}`,
		`{"value":[{"id":"a","@removed":{"reason":"changed"}},{"id":"A","displayName":null}]}`, `{"value":[{"id":7}]}`, `{"value":[null]}`,
		`{"value":[{"id":"a","displayName":"A","userPrincipalName":"a","accountEnabled":true,"onPremisesExtensionAttributes":{"extensionAttribute1":{}}}]}`} {
		f.Add([]byte(text))
	}
	s := goodSettings()
	s.People.Aliases, s.People.Email = true, []string{byMail, byUPN, byOther}
	of := &source{settings: *s, query: s.query([]string{"department", "employeeOrgData.costCenter", "extensionAttribute1"})}
	of.env.Now = time.Now
	f.Fuzz(func(t *testing.T, data []byte) {
		var p page
		if json.Unmarshal(data, &p) != nil {
			return
		}
		read := func(put func(*directory.Record) error) error {
			r := of.reading(put)
			if err := r.use(p, r.user); err != nil {
				return err
			}
			return nil
		}
		groups := func(put func(*directory.Record) error) error {
			r := of.reading(put)
			return r.use(p, r.group)
		}
		for _, kind := range []func(func(*directory.Record) error) error{read, groups} {
			found := directory.Build("fuzz", nil)
			refused := false
			first := kind(func(r *directory.Record) error {
				err := found.Put(r)
				refused = refused || err != nil
				return err
			})
			second := kind(func(*directory.Record) error { return nil })
			if refused || (first == nil) != (second == nil) {
				t.Errorf("refused by the Builder: %v; first %v, then %v", refused, first, second)
			}
			if _, _, err := found.Seal(directory.Receipt{Coverage: directory.Complete, At: time.Unix(1, 0)}, nil); first == nil && err != nil {
				t.Error(err)
			}
		}
	})
}
