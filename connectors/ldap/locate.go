package ldap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Servers of a domain by DNS (RFC 2782, and for Active Directory [MS-ADTS] section 6.3.2.3). The names that DNS gives are only believed below
// the domain that the file names: DNS is not protected, and a certificate proves whose a name is, not whose a directory is.

// candidates are the servers in the order in which they are to be tried. prefer is the one that is taken first of those that are as good.
func (s *source) candidates(ctx context.Context, prefer string) ([]string, error) {
	if s.settings.Domain == "" {
		return s.settings.servers(), nil
	}
	found, err := s.lookUp(ctx)
	if err != nil {
		if prefer != "" && ctx.Err() == nil {
			return []string{prefer}, nil // name servers come and go, too
		}
		return nil, err
	}
	best := slices.DeleteFunc(slices.Clone(found), func(f located) bool { return f.priority != found[0].priority })
	var urls []string
	for _, f := range found {
		urls = append(urls, f.url)
	}
	if slices.ContainsFunc(best, func(f located) bool { return f.url == prefer }) {
		urls = slices.DeleteFunc(urls, func(u string) bool { return u == prefer })
		urls = slices.Insert(urls, 0, prefer)
	}
	return urls, nil
}

// located is a server that DNS names; a lower priority is better.
type located struct {
	url      string
	priority uint16
}

// lookUp asks DNS. The order is that of priorities, and by chance and weight among equal ones, as RFC 2782 wants it; the resolver takes care of it.
func (s *source) lookUp(ctx context.Context) ([]located, error) {
	scheme, services := s.settings.service()
	var all []error
	for _, service := range services {
		name := service + "._tcp." + s.settings.place()
		_, records, err := s.resolver.LookupSRV(ctx, "", "", name)
		if err != nil {
			all = append(all, err)
			continue
		}
		return s.believe(name, scheme, service, records)
	}
	return nil, &hinted{fmt.Errorf("look for the servers of %s: %w", s.settings.Domain, errors.Join(all...)),
		"see that this machine asks name servers that know the domain, or name the servers under urls"}
}

// believe makes addresses of records. A record that names a port is for ldap:// where the service is _ldap: ldaps:// has its own there.
func (s *source) believe(name, scheme, service string, records []*net.SRV) (found []located, err error) {
	for _, r := range records {
		host := strings.ToLower(strings.TrimSuffix(r.Target, "."))
		port := r.Port
		if scheme == "ldaps" && service == "_ldap" {
			port = 636
		}
		if !strings.HasSuffix(host, "."+s.settings.Domain) {
			err = &hinted{fmt.Errorf("%s names %s, which is not below %s", name, host, s.settings.Domain), "DNS is not protected, so such a server is not believed: name it under urls if it is yours"}
			continue
		}
		found = append(found, located{fmt.Sprintf("%s://%s:%d", scheme, host, port), r.Priority})
	}
	if len(found) == 0 && err == nil {
		err = fmt.Errorf("%s names no server", name) // RFC 2782: a target of "." says that there is none
	}
	if len(found) > 0 {
		err = nil
	}
	return found, err
}

// service is the scheme, and what DNS calls it. Active Directory announces _ldap alone.
func (s *Settings) service() (scheme string, names []string) {
	if strings.TrimSuffix(strings.ToLower(s.URL), "://") == "ldap" {
		return "ldap", []string{"_ldap"}
	}
	return "ldaps", []string{"_ldaps", "_ldap"}
}

// place is the domain, or the site within it.
func (s *Settings) place() string {
	if s.Site != "" {
		return s.Site + "._sites." + s.Domain
	}
	return s.Domain
}

// cameFrom is the server that a position is of, "" if it does not say.
func cameFrom(c directory.Cursor) string {
	var p struct {
		Server string `json:"server"`
	}
	_ = json.Unmarshal(c.Token, &p) // a token that is none has no server
	return p.Server
}
