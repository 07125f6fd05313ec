package main

import (
	"errors"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

func TestAKeyIsRenewedWhenItIsAnotherOneThanThatOfTheLastCall(t *testing.T) {
	value, err := "one", error(nil)
	k := &apiKey{read: func() (secret.String, error) { return secret.New(value), err }}
	expect := func(when string, want bool) {
		t.Helper()
		if got := k.renewed(); got != want {
			t.Errorf("%s: renewed is %t, want %t", when, got, want)
		}
	}
	use := func() {
		t.Helper()
		if _, err := k.use(); err != nil {
			t.Fatal(err)
		}
	}
	expect("no call was made", false)
	use()
	expect("the same key", false)
	value = "two"
	expect("another key", true)
	err = errors.New("no such file")
	expect("a key that cannot be read", false)
	err = nil
	use()
	expect("the other key was used", false)
}
