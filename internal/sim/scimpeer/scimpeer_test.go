package scimpeer

import (
	"errors"
	"fmt"
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
	d, err := Start(t).Directory("")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.AddUser("ana", "example.com", "IT"); err != nil {
		t.Fatal(err)
	}
	if found, err := d.Do("GET", `/Users?filter=userName+eq+%22ana%22`, nil); err != nil || found["totalResults"] != 1.0 {
		t.Errorf("a query: %v, %v", found, err)
	}
	if config, err := d.Do("GET", "/ServiceProviderConfig", nil); err != nil || !strings.Contains(fmt.Sprint(config), "oauthbearertoken") {
		t.Errorf("what it can: %v, %v", config, err)
	}
	d.Token = "other"
	if _, err := d.Do("GET", "/Users", nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with another token: %v", err)
	}
}
