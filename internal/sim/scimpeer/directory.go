package scimpeer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// Directory is what an administrator does to one directory on a server, behind a front that counts and spoils calls. People and groups are
// called by names of the test's. It belongs to one goroutine.
type Directory struct {
	*simhttp.Front
	URL   string            // of the front, with /scim
	Token string            // of this directory
	Paths map[string]string // of people and groups below URL, by name

	server *simhttp.Server
}

// Directory returns an empty directory of a name that no other has. The caller closes it.
func (s *Server) Directory(name string) (*Directory, error) {
	target, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	d := &Directory{Front: simhttp.New(), Token: Token + name, Paths: map[string]string{}}
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	pass.ModifyResponse = func(r *http.Response) error { // an answer may be rewritten
		r.Header.Del("Content-Length")
		return nil
	}
	for _, pattern := range []string{"GET /scim/Users", "GET /scim/Groups", "GET /scim/Groups/{id}", "/scim/"} {
		d.Handle(pattern, pass.ServeHTTP)
	}
	if d.server, err = simhttp.Start(d.Front); err != nil {
		return nil, err
	}
	d.URL = d.server.URL + "/scim"
	return d, nil
}

// Close ends the front.
func (d *Directory) Close() { d.server.Close() }

// Do sends a request as an administrator; a nil body is none.
func (d *Directory) Do(method, path string, body any) (map[string]any, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(method, d.URL+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.Token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		return nil, fmt.Errorf("%s %s: %d %s, %v", method, path, resp.StatusCode, answer, err)
	}
	if len(answer) == 0 {
		return nil, nil
	}
	var all object
	err = json.Unmarshal(answer, &all)
	return all, err
}

type object = map[string]any

// The schemas of what an administrator sends (RFC 7643, RFC 7644).
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// user is somebody whose address is name@domain.
func user(name, domain, department string) object {
	u := object{"schemas": []string{userSchema, enterpriseSchema}, "userName": name, "active": true, "displayName": "The " + name,
		"emails": []object{{"value": name + "@" + domain, "type": "work", "primary": true}}}
	if department != "" {
		u[enterpriseSchema] = object{"department": department}
	}
	return u
}

// AddUser adds somebody called The NAME, with the address name@domain and a department, if it is not "".
func (d *Directory) AddUser(name, domain, department string) error {
	return d.make(name, "/Users", user(name, domain, department))
}

// PutUser writes somebody anew.
func (d *Directory) PutUser(name, domain, department string) error {
	_, err := d.Do("PUT", d.Paths[name], user(name, domain, department))
	return err
}

func (d *Directory) make(name, path string, body object) error {
	made, err := d.Do("POST", path, body)
	if err == nil {
		d.Paths[name] = path + "/" + fmt.Sprint(made["id"])
	}
	return err
}

// AddGroup adds a group with members, of whom those that are not there are left out.
func (d *Directory) AddGroup(name string, members ...string) error {
	return d.make(name, "/Groups", d.group(name, members))
}

// SetMembers gives a group these members and no other.
func (d *Directory) SetMembers(group string, members ...string) error {
	_, err := d.Do("PUT", d.Paths[group], d.group(group, members))
	return err
}

func (d *Directory) group(name string, members []string) object {
	all := []object{}
	for _, each := range members {
		if path := d.Paths[each]; path != "" {
			all = append(all, object{"value": path[strings.LastIndexByte(path, '/')+1:]})
		}
	}
	return object{"schemas": []string{groupSchema}, "displayName": name, "members": all}
}

// Replace sets one attribute of a user or a group.
func (d *Directory) Replace(name, path string, value any) error {
	_, err := d.Do("PATCH", d.Paths[name], object{"schemas": []string{patchSchema}, "Operations": []object{{"op": "replace", "path": path, "value": value}}})
	return err
}

// Rename calls somebody by another name from now on; what the directory knows of it is to be changed apart.
func (d *Directory) Rename(name, to string) {
	d.Paths[to] = d.Paths[name]
	delete(d.Paths, name)
}

// Remove deletes a user or a group.
func (d *Directory) Remove(name string) error {
	_, err := d.Do("DELETE", d.Paths[name], nil)
	return err
}
