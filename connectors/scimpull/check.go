package scimpull

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// Check asks what the service provider can do, and for the first user and group: three calls.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	f, ok := s.checkConfig(ctx)
	if !ok {
		return f
	}
	for _, l := range []*list{s.users, s.groups} {
		f = append(f, s.checkList(ctx, l))
	}
	return f
}

// checkConfig reads the ServiceProviderConfig (RFC 7643 section 5). Some servers have none, and some let nobody see it; that is no obstacle.
func (s *source) checkConfig(ctx context.Context) ([]connectors.Finding, bool) {
	config, err := s.client.get(ctx, "/ServiceProviderConfig", nil)
	var said *apiError
	if errors.As(err, &said) && said.status != http.StatusUnauthorized {
		return []connectors.Finding{{Level: connectors.Warning, Path: "url", Text: "what it can do is not to be seen: " + said.Error(),
			Hint: "that is no obstacle if users and groups are read below; else look whether url is what stands before /Users"}}, true
	}
	if err != nil {
		return []connectors.Finding{trouble(err)}, false
	}
	filter := config.Object("filter")
	supported, told := scim.Bool(filter.Get("supported"))
	text := "a SCIM service provider"
	if most, ok := whole(filter.Get("maxResults")); ok && most > 0 {
		text += fmt.Sprintf(", which gives at most %d at once", most)
	}
	f := []connectors.Finding{{Level: connectors.Good, Path: "url", Text: text}}
	if told && !supported && (s.users.filter != "" || s.groups.filter != "") {
		f = append(f, connectors.Finding{Level: connectors.Warning, Path: "people.filter", Text: "the service provider says that it cannot filter",
			Hint: "what the filter does not match is left out here, but everything is read"})
	}
	return f, true
}

func (s *source) checkList(ctx context.Context, l *list) connectors.Finding {
	p, err := s.client.page(ctx, l, 1, 2)
	if err != nil {
		return trouble(err)
	}
	what := map[string]string{"User": "users", "Group": "groups"}[l.kind]
	f := connectors.Finding{Level: connectors.Good, Path: "url", Text: fmt.Sprintf("%d %s", p.total, what)}
	for _, r := range p.resources {
		if !l.wanted(r) {
			return connectors.Finding{Level: connectors.Warning, Path: "url", Text: fmt.Sprintf("the service provider gives %s that the filter does not match", what),
				Hint: "it may not know the filter, or compare otherwise; what does not match is left out here"}
		}
	}
	return f
}

// trouble says what an error means for whoever can mend it.
func trouble(err error) connectors.Finding {
	f := connectors.Tell(err, "url")
	var said *apiError
	switch {
	case !errors.As(err, &said):
	case said.status == http.StatusUnauthorized:
		f.Path, f.Hint = "login", "the service provider does not take this token or password: make a new one there"
	case said.status == http.StatusForbidden:
		f.Path, f.Hint = "login", "give the account the right to read users and groups"
	case said.status == http.StatusNotFound:
		f.Hint = "look whether url is what stands before /Users"
	case said.status == http.StatusBadRequest && said.why == scim.InvalidFilter:
		f.Path, f.Hint = "people.filter", "the service provider does not know this filter, or not this attribute"
	}
	return f
}
