package scim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	source "github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// told is a record in a few words.
func told(r *directory.Record) string {
	text := fmt.Sprintf("%d %s", r.Kind, r.Name)
	if r.Kind == directory.PersonIs {
		text += " <" + r.Email + "> " + r.Active.String()
		for _, a := range r.Attrs {
			text += fmt.Sprintf(" %s=%q", a.Name, a.Values)
		}
	}
	return text
}

func TestAUserBecomesAPersonWithTheAddressTheNameAndWhatRulesAskFor(t *testing.T) {
	p := newProvider(t, "badge", "department", "emails", "manager", "name.givenName", "urn:acme:params:scim:User:badge")
	for _, c := range []struct{ body, want string }{
		{`"userName":"ana@x.example"`, `1 ana@x.example <ana@x.example> yes emails=[]`},
		{`"userName":"ana","active":"False"`, `1 ana <> no`},
		{`"userName":"ana","emails":[{"value":"home@x.example","type":"home"},{"value":"work@x.example","type":"Work"}]`, `1 ana <work@x.example> yes emails=["home@x.example" "work@x.example"]`},
		{`"userName":"ana","emails":[{"value":"work@x.example","type":"work"},{"value":"best@x.example","primary":true}]`, `1 ana <best@x.example> yes emails=["work@x.example" "best@x.example"]`},
		{`"userName":"a","name":{"givenName":"Ana","familyName":"Reis"}`, `1 Ana Reis <> yes name.givenName=["Ana"]`},
		{`"userName":"a","displayName":"Ana R.","name":{"formatted":"X"},"` + enterprise + `":{"department":"IT","manager":{"value":"7"}}`, `1 Ana R. <> yes department=["IT"] manager=["7"]`},
		{`"userName":"a","urn:acme:params:scim:User":{"badge":4711},"badge":true`, `1 a <> yes badge=["true"] urn:acme:params:scim:User:badge=["4711"]`},
	} {
		id := p.want(201, "POST", "/Users", `{`+coreUser+`,`+c.body+`}`).body.Text("id")
		all, receipt := p.fetched(directory.Cursor{})
		if want := strings.Replace(c.want, " emails=[]", "", 1); len(all) == 0 || told(&all[0]) != want || !receipt.Gathering || receipt.Coverage != directory.Complete {
			t.Errorf("%s: %v, want %s", c.body, all, want)
		}
		p.want(204, "DELETE", "/Users/"+id, "")
	}
}

func TestAnIncrementIsWhatWasPushedSinceAndWhoWasDeletedIsSaidToBe(t *testing.T) {
	p := newProvider(t)
	ana, bob := p.user("ana"), p.user("bob")
	g := p.group("Staff", ana, bob)
	_, first := p.fetched(directory.Cursor{})
	if all, r := p.fetched(first.Next); len(all) != 0 || r.Coverage != directory.Delta {
		t.Errorf("nothing was pushed: %v", all)
	}
	p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"replace","path":"active","value":false}`))
	p.want(204, "DELETE", "/Users/"+bob, "")
	all, second := p.fetched(first.Next)
	if len(all) != 2 || all[0].Active != directory.No || all[1].Kind != directory.Erased || all[1].ID != bob {
		t.Errorf("got %v", all)
	}
	if again, _ := p.fetched(second.Next); len(again) != 0 {
		t.Errorf("again %v", again)
	}
	p.reopen("department") // asked for more, everything is needed
	all, r := p.fetched(second.Next)
	if r.Coverage != directory.Complete || len(all) != 5 || all[len(all)-1].Kind != directory.Erased || all[3].Member.Value != ana {
		t.Errorf("in full: %v", all)
	}
	p.want(204, "DELETE", "/Groups/"+g, "")
}

func TestWhoeverIsDisabledStaysSoUntilAPushSaysOtherwise(t *testing.T) {
	p := newProvider(t)
	ana := p.user("ana")
	p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"replace","path":"active","value":false}`))
	for _, silent := range []string{`{"op":"remove","path":"active"}`, `{"op":"replace","path":"active","value":null}`, `{"op":"replace","value":{"active":null}}`,
		`{"op":"add","path":"active","value":[]}`} {
		if r := p.want(200, "PATCH", "/Users/"+ana, patch(silent)); r.body.Get("active") != false {
			t.Errorf("%s: %s", silent, r.text)
		}
	}
	p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"remove","path":"active"},{"op":"replace","path":"title","value":"Cook"}`))
	all, _ := p.fetched(directory.Cursor{})
	if len(all) != 1 || all[0].Active != directory.No {
		t.Errorf("got %v", all)
	}
	if r := p.want(200, "PATCH", "/Users/"+ana, patch(`{"op":"replace","path":"active","value":"True"}`)); r.body.Get("active") != true || r.body.Text("title") != "Cook" {
		t.Error(r.text)
	}
}

func TestOfATokenOnlyADigestIsKeptAndARevokedOneIsRefusedAtOnce(t *testing.T) {
	p := newProvider(t)
	docs := p.store.Shelves("okta")
	second, text, err := source.NewToken(t.Context(), docs, source.Token{Note: "second", By: "root", Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	p.want(200, "GET", "/Users", "")
	p.want(200, "GET", "/Users", "", "Authorization", "Bearer "+text)
	all, err := source.Tokens(t.Context(), docs)
	if err != nil || len(all) != 2 || all[0].Used.IsZero() || all[1].ID != second.ID {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := source.RevokeToken(t.Context(), docs, p.id); err != nil {
		t.Fatal(err)
	}
	p.want(401, "GET", "/Users", "")
	p.want(200, "GET", "/Users", "", "Authorization", "Bearer "+text)
	if _, err := source.RevokeToken(t.Context(), docs, p.id); !errors.Is(err, source.ErrNoToken) {
		t.Error(err)
	}
	data, err := os.ReadFile(p.store.Path())
	if err != nil || bytes.Contains(data, []byte(text)) || bytes.Contains(data, []byte(p.token)) {
		t.Error("a token stands in the state file", err)
	}
	if strings.Contains(p.log.String(), text) || strings.Contains(p.log.String(), p.token) {
		t.Error("a token stands in the log")
	}
	for range source.MostTokens - 1 {
		if _, _, err = source.NewToken(t.Context(), docs, source.Token{Created: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err = source.NewToken(t.Context(), docs, source.Token{}); !errors.Is(err, source.ErrTooManyTokens) {
		t.Error(err)
	}
}

func TestATokenOfOneSourceOpensNoOther(t *testing.T) {
	one, other := newProvider(t), newProvider(t)
	other.want(401, "GET", "/Users", "", "Authorization", "Bearer "+one.token)
}

func TestOfManyWhoPushOneNameAtOnceOneIsTaken(t *testing.T) {
	p := newProvider(t)
	const many = 40
	var wait sync.WaitGroup
	statuses := make([]int, many)
	for i := range many {
		wait.Go(func() { statuses[i] = p.send("POST", "/Users", userJSON("ana")).status })
	}
	wait.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusCreated || statuses[1] != http.StatusConflict || statuses[many-1] != http.StatusConflict {
		t.Errorf("got %v", statuses)
	}
	if r := p.want(200, "GET", "/Users", ""); total(r) != "1" {
		t.Error(r.text)
	}
}

func TestMembersThatArePushedAtOnceAreAllThere(t *testing.T) {
	p := newProvider(t)
	g := p.group("Staff")
	const many = 40
	var wait sync.WaitGroup
	for i := range many {
		wait.Go(func() {
			id := p.user(fmt.Sprint("u", i))
			p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`))
		})
	}
	wait.Wait()
	if got := len(p.members(g)); got != many {
		t.Errorf("%d members, want %d", got, many)
	}
}

func TestMoreThanTheRateIsAskedToWait(t *testing.T) {
	p := newProvider(t)
	p.pace(10)
	limited := 0
	for range 40 {
		if r := p.send("GET", "/ServiceProviderConfig", ""); r.status == http.StatusTooManyRequests {
			limited++
			if r.header.Get("Retry-After") == "" {
				t.Fatal("without Retry-After")
			}
		}
	}
	if limited == 0 {
		t.Error("nobody was asked to wait")
	}
}

func TestAPushIsToldToWhoeverWatches(t *testing.T) {
	p := newProvider(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pings := make(chan struct{}, 10)
	ended := make(chan error)
	go func() {
		ended <- p.source.(interface {
			Watch(context.Context, func()) error
		}).Watch(ctx, func() { pings <- struct{}{} })
	}()
	<-pings // it listens
	id := p.user("ana")
	<-pings
	p.want(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":true}`)) // which it is
	p.want(409, "POST", "/Users", userJSON("ana"))
	select {
	case <-pings:
		t.Error("told of nothing")
	default:
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWhatIsDamagedIsAnErrorAndNotNobody(t *testing.T) {
	p := newProvider(t)
	p.user("ana")
	p.damage("u/")
	if _, err := p.source.Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { return nil }); err == nil {
		t.Error("read without an error")
	}
	p.want(500, "GET", "/Users", "")
}

func TestAMemberMoreInALargeGroupLooksForNobodyElse(t *testing.T) {
	p := newProvider(t)
	ana, bob := p.user("ana"), p.user("bob")
	g := p.group("Staff", ana)
	p.want(204, "DELETE", "/Users/"+ana, "")
	p.want(204, "PATCH", "/Groups/"+g, patch(`{"op":"add","path":"members","value":[{"value":"`+bob+`","type":"Cat","$ref":"https://elsewhere.example"}]}`))
	r := p.want(200, "GET", "/Groups/"+g, "")
	if got := p.members(g); !slices.Equal(got, []string{bob}) || !strings.Contains(r.text, `"type":"User"`) || strings.Contains(r.text, "elsewhere") {
		t.Error(r.text)
	}
	p.refused(400, "invalidValue", "PATCH", "/Groups/"+g, patch(`{"op":"add","path":"members","value":[{"value":"nobody"}]}`))
}
