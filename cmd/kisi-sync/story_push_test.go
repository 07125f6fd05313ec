package main

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdPush is a provider: it sends a request with the token in the file token, to /scim/okta/v2 of the daemon. The variables TOKEN and PROVIDER
// name another file and another source. What comes back is in the file answer, and the id of a resource in it in the variable that the
// request names.
//
//	push CODE METHOD PATH [FILE [NAME]]
func cmdPush(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := ""
	if len(args) > 3 {
		body = os.Expand(ts.ReadFile(args[3]), ts.Getenv)
	}
	status, answer := push(ts, args[1], args[2], body)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), answer, 0o600))
	if status != want {
		ts.Fatalf("%s %s: %d, want %d: %s", args[1], args[2], status, want, answer)
	}
	if len(args) > 4 {
		var made struct{ ID string }
		ts.Check(json.Unmarshal(answer, &made))
		ts.Setenv(args[4], made.ID)
	}
}

func push(ts *testscript.TestScript, method, path, body string) (status int, answer []byte) {
	provider, token := cmp.Or(ts.Getenv("PROVIDER"), "okta"), cmp.Or(ts.Getenv("TOKEN"), "token")
	req, err := http.NewRequest(method, "https://127.0.0.1:"+ts.Getenv("METRICS")+"/scim/"+provider+"/v2/"+path, bytes.NewBufferString(body))
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(token)))
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: stageOf(ts).trust}}}
	var resp *http.Response
	_ = eventually(func() bool { // a provider tries again while nobody listens
		resp, err = client.Do(req)
		return !errors.Is(err, syscall.ECONNREFUSED)
	})
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(resp.Body)
	ts.Check(err)
	return resp.StatusCode, answer
}

// cmdCompany has the provider push so many people, p1@push.example and so on, and a group Staff of all; the variable P has their ids in turn,
// and STAFF that of the group.
func cmdCompany(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var ids, members []string
	for i := range n {
		name := "p" + strconv.Itoa(i+1)
		status, answer := push(ts, http.MethodPost, "Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+
			`@push.example","name":{"givenName":"P`+strconv.Itoa(i+1)+`","familyName":"Pushed"},"active":true}`)
		var made struct{ ID string }
		if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
			ts.Fatalf("%d %s", status, answer)
		}
		ts.Setenv("P"+strconv.Itoa(i+1), made.ID)
		ids, members = append(ids, made.ID), append(members, `{"value":"`+made.ID+`"}`)
	}
	status, answer := push(ts, http.MethodPost, "Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Staff","members":[`+
		strings.Join(members, ",")+`]}`)
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
		ts.Fatalf("%d %s", status, answer)
	}
	ts.Setenv("P", strings.Join(ids, " "))
	ts.Setenv("STAFF", made.ID)
}

// cmdDisable has the provider disable everybody of cmdCompany.
func cmdDisable(ts *testscript.TestScript, _ bool, _ []string) {
	for id := range strings.FieldsSeq(ts.Getenv("P")) {
		status, answer := push(ts, http.MethodPatch, "Users/"+id,
			`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
		if status != http.StatusOK {
			ts.Fatalf("%d %s", status, answer)
		}
	}
}
