package scimpeer

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTheLibrariesAnswer(t *testing.T) {
	o := StartOracle(t)
	if ok, err := o.Match(`userName eq "ana" and not (active eq false)`, []byte(`{"userName":"ana","active":true}`)); !ok || err != nil {
		t.Errorf("match: %v, %v", ok, err)
	}
	if _, err := o.Match(`userName eq`, []byte(`{}`)); !errors.Is(err, ErrRefused) {
		t.Errorf("half a filter: %v", err)
	}
	if text, err := o.Normal(`(a pr) and (b pr or c pr)`); text != `a pr and (b pr or c pr)` || err != nil {
		t.Errorf("normal: %q, %v", text, err)
	}
	after, err := o.Patch([]byte(`[{"op":"replace","path":"active","value":false}]`), []byte(`{"active":true}`))
	if string(after) != `{"active":false}` || err != nil {
		t.Errorf("patch: %s, %v", after, err)
	}
}

func TestTheServiceProviderKeepsWhatItIsGiven(t *testing.T) {
	s := Start(t)
	call := func(method, path, body string) (int, string) {
		r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+Token)
		r.Header.Set("Content-Type", "application/scim+json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	status, body := call("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana","active":true}`)
	if status != 201 {
		t.Fatalf("a user: %d %s", status, body)
	}
	if status, body = call("GET", "/Users?filter="+`userName+eq+%22ana%22`, ""); status != 200 || !strings.Contains(body, `"totalResults":1`) {
		t.Errorf("a query: %d %s", status, body)
	}
	if status, body = call("GET", "/ServiceProviderConfig", ""); status != 200 || !strings.Contains(body, "oauthbearertoken") {
		t.Errorf("what it can: %d %s", status, body)
	}
}
