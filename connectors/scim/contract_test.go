package scim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
)

func TestContract(t *testing.T) {
	connectortest.Run(t, connectortest.Harness{Attribute: "department", New: func(t *testing.T) connectortest.Directory {
		return &pushing{provider: newProvider(t), ids: map[string]string{}, groups: map[string]bool{}, waiting: map[string][]string{}}
	}})
}

// pushing is a directory that tells of itself by pushing.
type pushing struct {
	*provider
	ids     map[string]string // by the suite's names
	groups  map[string]bool
	waiting map[string][]string // groups of whoever is not there yet: no provider pushes a member before the person
}

// Open opens another source; from then on that one is pushed to.
func (d *pushing) Open(attributes ...string) connectors.Source {
	d.t.Helper()
	d.reopen(attributes...)
	return d.source
}

func (d *pushing) path(name string) string {
	if d.groups[name] {
		return "/Groups/" + d.ids[name]
	}
	return "/Users/" + d.ids[name]
}

func (d *pushing) AddPerson(name, value string) {
	d.t.Helper()
	department := ""
	if value != "" {
		department = `,"` + enterprise + `":{"department":"` + value + `"}`
	}
	d.ids[name] = d.want(http.StatusCreated, "POST", "/Users", `{`+coreUser+`,"userName":"`+name+`","displayName":"The `+name+`","emails":[{"value":"`+name+`@example.com"}]`+department+`}`).body.Text("id")
	d.arrived(name)
}

// arrived puts whoever has come into the groups that waited.
func (d *pushing) arrived(name string) {
	for _, g := range d.waiting[name] {
		d.want(http.StatusNoContent, "PATCH", d.path(g), patch(`{"op":"add","path":"members","value":[{"value":"`+d.ids[name]+`"}]}`))
	}
	delete(d.waiting, name)
}

func (d *pushing) values(group string, members []string) string {
	var all []string
	for _, m := range members {
		if d.ids[m] == "" {
			d.waiting[m] = append(d.waiting[m], group)
			continue
		}
		all = append(all, `{"value":"`+d.ids[m]+`"}`)
	}
	return `[` + strings.Join(all, ",") + `]`
}

func (d *pushing) AddGroup(name string, members ...string) {
	d.t.Helper()
	d.groups[name] = true
	d.ids[name] = d.want(http.StatusCreated, "POST", "/Groups", `{`+coreGroup+`,"displayName":"`+name+`","members":`+d.values(name, members)+`}`).body.Text("id")
	d.arrived(name)
}

func (d *pushing) SetMembers(group string, members ...string) {
	d.t.Helper()
	d.want(http.StatusNoContent, "PATCH", d.path(group), patch(`{"op":"replace","path":"members","value":`+d.values(group, members)+`}`))
}

func (d *pushing) RenamePerson(name, to string) {
	d.t.Helper()
	d.want(http.StatusOK, "PATCH", d.path(name), patch(`{"op":"replace","value":{"userName":"`+to+`","displayName":"The `+to+`","emails":[{"value":"`+to+`@example.com"}]}}`))
	d.renamed(name, to)
}

func (d *pushing) RenameGroup(name, to string) {
	d.t.Helper()
	d.want(http.StatusNoContent, "PATCH", d.path(name), patch(`{"op":"replace","path":"displayName","value":"`+to+`"}`))
	d.renamed(name, to)
}

func (d *pushing) renamed(name, to string) {
	d.ids[to], d.groups[to] = d.ids[name], d.groups[name]
	delete(d.ids, name)
}

func (d *pushing) SetValue(person, value string) {
	d.t.Helper()
	if value == "" {
		d.want(http.StatusOK, "PATCH", d.path(person), patch(`{"op":"remove","path":"`+enterprise+`:department"}`))
		return
	}
	d.want(http.StatusOK, "PATCH", d.path(person), patch(`{"op":"replace","path":"`+enterprise+`:department","value":"`+value+`"}`))
}

func (d *pushing) Disable(person string) {
	d.t.Helper()
	d.want(http.StatusOK, "PATCH", d.path(person), patch(`{"op":"Replace","path":"active","value":"False"}`))
}

func (d *pushing) Remove(name string) {
	d.t.Helper()
	d.want(http.StatusNoContent, "DELETE", d.path(name), "")
	delete(d.ids, name)
}
