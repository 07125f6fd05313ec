package draft

import (
	"cmp"
	"context"

	"github.com/kisi-sync/kisi-sync/connectors/entra"
	"github.com/kisi-sync/kisi-sync/connectors/google"
	"github.com/kisi-sync/kisi-sync/connectors/okta"
	"github.com/kisi-sync/kisi-sync/connectors/scimpull"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// askGoogle asks for a service account with domain-wide delegation. The other ways in are for the file.
func (i *initiation) askGoogle(ctx context.Context) (*proposedSource, error) {
	i.ui.Tell("docs/google.md says what to click at Google: a service account with domain-wide delegation, and an administrator who may read.")
	if err := i.askFile(ctx, &i.Secret, "--secret-file", "The file with the service account's JSON key", "google-key.json",
		"download it (Cloud console, IAM and admin, Service accounts, Keys), and put it beside the configuration, readable by you alone"); err != nil {
		return nil, err
	}
	if err := i.ask(ctx, &i.User, "--user", "The administrator in whose name it reads", ""); err != nil {
		return nil, err
	}
	s := google.New().(*google.Settings)
	s.Login, s.CA, s.URL = google.Login{Key: secret.Ref{File: i.Secret}, Subject: i.User}, i.CA, i.URL
	p := &proposedSource{settings: s, lines: []string{
		line("login: {key: {file: %s}, subject: %s}", i.Secret, i.User),
		"# Google cannot be asked what changed: everything is read each time.",
		"read_every: 15m"}}
	p.also("ca: %s", i.CA)
	p.also("url: %s", i.URL)
	return p, nil
}

// askEntra asks for an application, and a secret or a certificate.
func (i *initiation) askEntra(ctx context.Context) (*proposedSource, error) {
	i.ui.Tell("docs/entra.md says what to click in the Entra admin center: an application that may read users and groups.")
	if err := i.ask(ctx, &i.Tenant, "--tenant", "The Directory (tenant) ID", ""); err != nil {
		return nil, err
	}
	if err := i.ask(ctx, &i.ClientID, "--client-id", "The Application (client) ID", ""); err != nil {
		return nil, err
	}
	s := entra.New().(*entra.Settings)
	s.Tenant, s.CA, s.URL, s.Authority = i.Tenant, i.CA, i.URL, i.URL
	login, err := i.entraLogin(ctx, s)
	if err != nil {
		return nil, err
	}
	p := &proposedSource{settings: s, lines: []string{line("tenant: %s", i.Tenant), login}}
	if i.Email != "" {
		s.People.Email = []string{i.Email}
	}
	p.also("people: {email: [%s]}", i.Email)
	p.also("ca: %s", i.CA)
	p.also("url: %s", i.URL)
	p.also("authority: %s", i.URL)
	return p, nil
}

// entraLogin returns the file's line about the login.
func (i *initiation) entraLogin(ctx context.Context, s *entra.Settings) (string, error) {
	if err := i.askOne(ctx, &i.Login, "--login", "How it proves itself", "secret", "certificate"); err != nil {
		return "", err
	}
	s.Login.ClientID = i.ClientID
	if i.Login == "secret" {
		i.Secret = cmp.Or(i.Secret, i.Name+"-secret")
		s.Login.ClientSecret.File = i.Secret
		return line("login: {client_id: %s, client_secret: {file: %s}}      # beside file: expires: 2027-10-01, and you are told weeks before", i.ClientID, i.Secret),
			i.askSecret(ctx, i.Secret, "The client secret: its Value, not its ID")
	}
	if err := i.askFile(ctx, &i.Certificate, "--certificate", "The file with the certificate (PEM)", "entra.pem", "docs/entra.md says how to make one and where to upload it"); err != nil {
		return "", err
	}
	s.Login.Certificate = i.Certificate
	err := i.askFile(ctx, &i.Secret, "--secret-file", "The file with its key (PEM)", "entra-key", "docs/entra.md says how to make one")
	s.Login.Key.File = i.Secret
	return line("login: {client_id: %s, certificate: %s, key: {file: %s}}", i.ClientID, i.Certificate, i.Secret), err
}

// askOkta asks for an API services app, or an API token.
func (i *initiation) askOkta(ctx context.Context) (*proposedSource, error) {
	i.ui.Tell("docs/okta.md says what to click in Okta: an API services app that may read users, groups and the log.")
	if err := i.ask(ctx, &i.URL, "--url", "The org, such as https://acme.okta.com", ""); err != nil {
		return nil, err
	}
	s := okta.New().(*okta.Settings)
	s.URL, s.CA, s.People.Email = i.URL, i.CA, i.Email
	login, err := i.oktaLogin(ctx, s)
	if err != nil {
		return nil, err
	}
	p := &proposedSource{settings: s, lines: []string{line("url: %s", i.URL), login}}
	p.also("people: {email: %s}", i.Email)
	p.also("ca: %s", i.CA)
	return p, nil
}

// oktaLogin returns the file's line about the login.
func (i *initiation) oktaLogin(ctx context.Context, s *okta.Settings) (string, error) {
	if err := i.askOne(ctx, &i.Login, "--login", "How it logs in, by an app's key or an API token", "key", "token"); err != nil {
		return "", err
	}
	if i.Login == "token" {
		i.Secret = cmp.Or(i.Secret, i.Name+"-token")
		s.Login.Token = &secret.Ref{File: i.Secret}
		return line("login: {token: {file: %s}}", i.Secret), i.askSecret(ctx, i.Secret, "The API token")
	}
	if err := i.ask(ctx, &i.ClientID, "--client-id", "The app's Client ID", ""); err != nil {
		return "", err
	}
	if err := i.askFile(ctx, &i.Secret, "--secret-file", "The file with its private key (PEM or JSON)", "okta-key.pem",
		"copy it from the app's page when you generate the key (it is shown once), and put it beside the configuration, readable by you alone"); err != nil {
		return "", err
	}
	err := i.ask(ctx, &i.KeyID, "--key-id", "The key's ID (KID)", "")
	s.Login = okta.Login{ClientID: i.ClientID, Key: &secret.Ref{File: i.Secret}, KeyID: i.KeyID}
	return line("login: {client_id: %s, key: {file: %s}, key_id: %s}", i.ClientID, i.Secret, i.KeyID), err
}

// askSCIM asks for a service provider, and a token or a password.
func (i *initiation) askSCIM(ctx context.Context) (*proposedSource, error) {
	if err := i.ask(ctx, &i.URL, "--url", "What stands before /Users, such as https://idp.example.com/scim/v2", ""); err != nil {
		return nil, err
	}
	if err := i.askOne(ctx, &i.Login, "--login", "How it logs in", "token", "password"); err != nil {
		return nil, err
	}
	s := scimpull.New().(*scimpull.Settings)
	i.Secret = cmp.Or(i.Secret, i.Name+"-"+i.Login)
	said := line("login: {token: {file: %s}}", i.Secret)
	if s.Login.Token = (&secret.Ref{File: i.Secret}); i.Login == "password" {
		if err := i.ask(ctx, &i.User, "--user", "The name of the account", ""); err != nil {
			return nil, err
		}
		s.Login = scimpull.Login{User: i.User, Password: &secret.Ref{File: i.Secret}}
		said = line("login: {user: %s, password: {file: %s}}", i.User, i.Secret)
	}
	if err := i.askSecret(ctx, i.Secret, "The "+i.Login); err != nil {
		return nil, err
	}
	if err := i.askOne(ctx, &i.Email, "--email", "Where people's addresses are", "emails", "userName"); err != nil {
		return nil, err
	}
	s.URL, s.CA, s.People.Email = i.URL, i.CA, i.Email
	p := &proposedSource{settings: s, lines: []string{line("url: %s", i.URL), said, "people: {email: " + i.Email + "}"}}
	p.also("ca: %s", i.CA)
	return p, nil
}
