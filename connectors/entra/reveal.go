package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// What is shown of one object besides what is read of all.
const (
	alsoOfUsers = "mail,otherMails,proxyAddresses,userType,givenName,surname,jobTitle,department,companyName,officeLocation,city,country,employeeId,employeeType," +
		"employeeHireDate,employeeOrgData,onPremisesSyncEnabled," + extensions + ",createdDateTime"
	alsoOfGroups = "mail,groupTypes,securityEnabled,createdDateTime"
)

// Reveal implements connectors.Revealer: the properties that rules may want to read, as Graph answers them.
func (s *source) Reveal(ctx context.Context, of *directory.Record) ([]directory.Attr, error) {
	from, chosen := "/v1.0/users/", s.query.users+","+alsoOfUsers
	if of.Kind == directory.GroupIs {
		from, chosen = "/v1.0/groups/", "id,displayName,visibility,"+alsoOfGroups
	}
	var whole json.RawMessage
	link := s.to.graph + from + url.PathEscape(of.ID) + "?" + parameters("$select", strings.Join(unique(strings.Split(chosen, ",")), ","))
	if err := s.get(ctx, link, &whole); err != nil {
		return nil, err
	}
	return inOrder(whole)
}

// inOrder takes an object apart in the order of the answer. What has no text is shown as JSON.
func inOrder(whole json.RawMessage) ([]directory.Attr, error) {
	var all object
	if err := json.Unmarshal(whole, &all); err != nil {
		return nil, fmt.Errorf("the answer is no object: %w", err)
	}
	read := json.NewDecoder(bytes.NewReader(whole))
	if _, err := read.Token(); err != nil {
		return nil, err
	}
	var out []directory.Attr
	for read.More() {
		name, err := read.Token()
		if err != nil {
			return nil, err
		}
		var skipped json.RawMessage
		if err := read.Decode(&skipped); err != nil {
			return nil, err
		}
		if key, ok := name.(string); ok && !strings.HasPrefix(key, "@") && !all.null(key) {
			out = append(out, directory.Attr{Name: key, Values: shown(all[key])})
		}
	}
	return out, nil
}

// shown is a value for people: the texts of a list one by one.
func shown(raw json.RawMessage) []string {
	if found, err := values("", raw); err == nil {
		return found
	}
	return []string{string(raw)}
}
