package okta

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever stands in a Link header, no page is looked for at another place than the org.
func FuzzTheNextPageIsOfTheSameOrg(f *testing.F) {
	for _, seed := range []string{
		`<https://acme.okta.com/api/v1/users?after=x>; rel="next"`, `<https://acme.okta.com/a>; rel="self", <https://acme.okta.com/b>; rel=next`,
		`<https://acme.okta.com.evil.test/>; rel="next"`, `<https://acme.okta.com@evil.test/>; rel="next"`, `</api/v1/users>; rel="next"`, `<`, `>;rel=next`, `<%zz>; rel="next"`,
	} {
		f.Add(seed)
	}
	c := &client{origin: "https://acme.okta.com"}
	f.Fuzz(func(t *testing.T, header string) {
		next, err := c.next(&http.Response{Header: http.Header{"Link": {header}}})
		if err != nil || next == "" {
			return
		}
		req, err := http.NewRequest(http.MethodGet, next, nil)
		if err != nil {
			return // it is not sent then
		}
		if req.URL.Scheme != "https" || req.URL.Host != "acme.okta.com" || !strings.Contains(header, next) {
			t.Errorf("%q leads to %q", header, next)
		}
	})
}

// Whatever stands in a profile, its values are texts that are not empty.
func FuzzValuesAreTexts(f *testing.F) {
	for _, seed := range []string{`"IT"`, `7`, `true`, `null`, `["a",1,null,["b"]]`, `{"a":1}`, `"`, ``, `1e999`, `"\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, v := range values(raw) {
			if v == "" {
				t.Errorf("%q has an empty value", raw)
			}
		}
	})
}
