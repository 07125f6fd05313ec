package draft

import (
	"cmp"
	"context"
	"fmt"

	"github.com/kisi-sync/kisi-sync/connectors/ldap"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// askLDAP asks for a server and an account, and lets the directory say the rest.
func (i *initiation) askLDAP(ctx context.Context) (*proposedSource, error) {
	if err := i.ask(ctx, &i.URL, "--url", "Its address, such as ldaps://dc1.corp.example.com", ""); err != nil {
		return nil, err
	}
	if err := i.ask(ctx, &i.User, "--user", "An account that may read it (a DN, or name@domain)", ""); err != nil {
		return nil, err
	}
	i.Secret = cmp.Or(i.Secret, i.Name+"-password")
	if err := i.askSecret(ctx, i.Secret, "Password of "+i.User); err != nil {
		return nil, err
	}
	settings := ldap.New().(*ldap.Settings)
	settings.URL, settings.TLS.CA = i.URL, i.CA
	settings.Login = ldap.Login{User: i.User, Password: secret.Ref{File: i.Secret}}
	if err := i.survey(ctx, settings); err != nil {
		return nil, err
	}
	settings.Preset, settings.Base = i.Preset, i.Base
	p := &proposedSource{settings: settings, lines: []string{"preset: " + i.Preset, line("url: %s", i.URL), line("base: %s", i.Base),
		line("login: {user: %s, password: {file: %s}}", i.User, i.Secret)}}
	p.also("tls: {ca: %s}", i.CA)
	return p, nil
}

// survey lets the directory say what it is, and asks where it does not.
func (i *initiation) survey(ctx context.Context, settings *ldap.Settings) error {
	stop := i.ui.During(func() string { return "looking at " + settings.URL })
	seen, err := ldap.Look(ctx, settings, i.env())
	stop()
	if err != nil {
		return fmt.Errorf("source %s: %w", i.Name, err)
	}
	if seen.Preset != "" {
		i.ui.Tell("  it says that it is %s", seen.Preset)
	}
	if err := i.ask(ctx, &i.Preset, "--preset", "What kind it is: openldap, active_directory, freeipa or 389ds", seen.Preset); err != nil {
		return err
	}
	return i.ask(ctx, &i.Base, "--base", "The DN below which people and groups are", seen.Base)
}
