package entra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// certify gives the application a certificate that ends at a time, and the settings its files.
func (d *tenant) certify(ends time.Time) {
	d.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		d.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kisi-sync"}, NotBefore: ends.AddDate(-2, 0, 0), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		d.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		d.t.Fatal(err)
	}
	d.app.Certificates = []*x509.Certificate{certificate}
	d.app = d.Register(d.app)
	d.settings.Login = Login{ClientID: d.app.ClientID, Certificate: d.write("entra.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		Key: secret.Ref{File: d.write("entra-key", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))}}
}

// problem is what people would be told of a read.
func problem(t *testing.T, d *tenant) (path, text, hint string) {
	t.Helper()
	_, receipt, err := fetch(t, d.open())
	if err == nil {
		t.Fatal("it was read")
	}
	if !receipt.Next.IsZero() || receipt.Coverage != 0 {
		t.Errorf("a failed read has a receipt: %+v", receipt)
	}
	f := connectors.Tell(err, "")
	return f.Path, f.Text, f.Hint
}

func TestEachWayToLogInIsTaken(t *testing.T) {
	for name, prepare := range map[string]func(*tenant){
		"a secret":               func(*tenant) {},
		"a certificate":          func(d *tenant) { d.certify(time.Now().AddDate(1, 0, 0)) },
		"a tenant by its domain": func(d *tenant) { d.settings.Tenant = d.Domain; d.certify(time.Now().AddDate(1, 0, 0)) },
		"another issuer":         func(d *tenant) { d.federate("system:serviceaccount:kisi:sync") },
		"a machine's identity": func(d *tenant) {
			d.Register(entrasim.App{Name: "machine", Roles: everyRole()})
			d.settings.Tenant, d.settings.Login.ClientID = "", ""
			d.settings.Login = Login{ManagedIdentity: true, Endpoint: d.settings.URL + "/metadata/identity/oauth2/token"}
		},
		"one of a machine's identities": func(d *tenant) {
			d.settings.Login = Login{ClientID: d.app.ClientID, ManagedIdentity: true, Endpoint: d.settings.URL + "/metadata/identity/oauth2/token"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTenant(t, entrasim.Options{})
			d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"})
			prepare(d)
			if count, _, err := fetch(t, d.open()); err != nil || count[directory.PersonIs] != 1 {
				t.Errorf("%v, %v", count, err)
			}
		})
	}
}

// federate lets the application trust an issuer of its own, and hands over a token for the subject.
func (d *tenant) federate(subject string) {
	d.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	const issuer, audience = "https://issuer.example", "api://AzureADTokenExchange"
	d.app.Federated = []entrasim.Federated{{Issuer: issuer, Subject: "system:serviceaccount:kisi:sync", Audience: audience, Key: key.Public()}}
	d.app = d.Register(d.app)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	payload, err := json.Marshal(map[string]any{"iss": issuer, "sub": subject, "aud": audience, "exp": time.Now().Add(time.Hour).Unix()})
	if err != nil {
		d.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		d.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		d.t.Fatal(err)
	}
	d.settings.Login = Login{ClientID: d.app.ClientID, FederatedToken: secret.Ref{File: d.write("token", text)}}
}

func TestAppServicesIdentityIsTaken(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.Register(entrasim.App{Name: "machine", Roles: everyRole()})
	d.settings.Login = Login{ManagedIdentity: true}
	d.settings.Login.ClientID = ""
	t.Setenv("IDENTITY_ENDPOINT", d.settings.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", d.IdentityHeader)
	if _, _, err := fetch(t, d.open()); err != nil {
		t.Error(err)
	}
}

func TestAReasonWhyThereIsNoTokenIsToldInPlainWords(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		spoil            func(*tenant)
		path, text, hint string
	}{
		"a wrong secret":      {func(d *tenant) { d.settings.Login.ClientSecret.File = d.write("secret", "wrong") }, "login.client_secret", "the client secret is wrong (AADSTS7000215)", "not its Secret ID"},
		"an expired secret":   {func(d *tenant) { d.app.Secrets[0].Ends = now; d.Register(d.app) }, "login.client_secret", "the client secret has expired (AADSTS7000222)", "expires:"},
		"another tenant":      {func(d *tenant) { d.settings.Tenant = "elsewhere.example" }, "tenant", "there is no such tenant in this cloud (AADSTS90002)", "Directory (tenant) ID"},
		"another application": {func(d *tenant) { d.settings.Login.ClientID = d.TenantID }, "login.client_id", "there is no such application in this tenant (AADSTS700016)", "overview page"},
		"a disabled one":      {func(d *tenant) { d.app.Disabled = true; d.Register(d.app) }, "login.client_id", "the application is disabled (AADSTS7000112)", "Enterprise applications"},
		"a certificate of nobody": {func(d *tenant) {
			d.certify(now.AddDate(1, 0, 0))
			d.app.Certificates = nil
			d.Register(d.app)
		}, "login.certificate", "the certificate is not registered with the application, or has expired (AADSTS700027)", "upload it"},
		"an ended certificate": {func(d *tenant) { d.certify(now.AddDate(0, 0, -1)) }, "login.certificate", "the certificate is not registered with the application, or has expired (AADSTS700027)", "upload it"},
		"the wrong key": {func(d *tenant) {
			d.certify(now.AddDate(1, 0, 0))
			key := d.settings.Login.Key
			d.write("other-key", mustRead(d.t, key.File))
			d.certify(now.AddDate(1, 0, 0))
			d.settings.Login.Key.File = "other-key"
		}, "login.key", "is not the key of the certificate", ""},
		"another subject": {func(d *tenant) { d.federate("system:serviceaccount:other:one") }, "login.federated_token", "no federated credential of the application is for this subject (AADSTS700213)", "compare the subject"},
		"a machine without an identity": {func(d *tenant) {
			d.settings.Login.ClientID = ""
			d.settings.Login = Login{ManagedIdentity: true, Endpoint: d.settings.URL + "/metadata/identity/oauth2/token"}
		}, "", "refused: 400 Identity not found", "give the machine a managed identity"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTenant(t, entrasim.Options{})
			c.spoil(d)
			path, text, hint := problem(t, d)
			if path != c.path || !strings.Contains(text, c.text) || !strings.Contains(hint, c.hint) {
				t.Errorf("at %q: %s; hint: %s", path, text, hint)
			}
			if strings.Contains(text, "Trace ID") {
				t.Errorf("what is of no use to people is told: %s", text)
			}
		})
	}
}

// A file may hold many things that are no key for Entra; each is told apart before anything is sent.
func TestAKeyThatCannotBeUsedIsToldApart(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"hunter2": "holds no key in PEM",
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: other})):               "is no RSA key",
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: other})):            "is no RSA key",
		string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}})): "is protected with a password",
	} {
		var hinted *hinted
		if _, err := parseKey([]byte(text)); err == nil || err.Error() != want || !errors.As(err, &hinted) {
			t.Errorf("%.30q: %v", text, err)
		}
	}
}

// A token that Graph refuses is asked for anew once, with the credentials as they are then; a second refusal is an error.
func TestARefusedTokenIsAskedForAnewOnce(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.AddUser("Ana", nil)
	s := d.open()
	if _, _, err := fetch(t, s); err != nil {
		t.Fatal(err)
	}
	d.EndTokens()
	d.app.Secrets = []entrasim.Secret{{Value: "new"}}
	d.Register(d.app)
	d.write("secret", "new")
	if _, _, err := fetch(t, s); err != nil {
		t.Errorf("after the tokens had ended and the secret was replaced: %v", err)
	}
	d.Inject(simhttp.Fault{Pattern: "GET /v1.0/users/delta", Count: simhttp.Always, Do: simhttp.Answer(http.StatusUnauthorized, `{"error":{"code":"InvalidAuthenticationToken"}}`, nil)})
	before := d.Count("POST /{tenant}/oauth2/v2.0/token")
	if _, _, err := fetch(t, s); err == nil || !strings.Contains(err.Error(), "401 Unauthorized (InvalidAuthenticationToken)") {
		t.Errorf("refused for good: %v", err)
	}
	if n := d.Count("POST /{tenant}/oauth2/v2.0/token") - before; n < 1 || n > 2 {
		t.Errorf("%d tokens were asked for", n)
	}
}

// One token serves many reads, until five minutes before it ends.
func TestATokenIsUsedUntilItEnds(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	d := newTenant(t, entrasim.Options{Now: func() time.Time { return now }})
	s := d.open()
	for _, c := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {54 * time.Minute, 1}, {2 * time.Minute, 2}} {
		now = now.Add(c.later)
		if _, _, err := fetch(t, s); err != nil {
			t.Fatal(err)
		}
		if got := d.Count("POST /{tenant}/oauth2/v2.0/token"); got != c.want {
			t.Errorf("at %s: %d tokens were asked for, want %d", now.Format(time.TimeOnly), got, c.want)
		}
	}
}

// Azure Arc points to a file that proves to be on the machine. Whoever answers on that port must not choose the file.
func TestAzureArcsProofIsReadFromItsOwnFolderOnly(t *testing.T) {
	for _, challenge := range []string{"", "Basic", "Basic realm=", "Basic realm=/etc/shadow", "Basic realm=/etc/kisi-sync/secret.key",
		"Basic realm=/var/opt/azcmagent/tokens/../../../../etc/secret.key", "Basic realm=/var/opt/azcmagent/tokens/secret.txt"} {
		if text, err := arcProof(challenge, arcFolders()); err == nil {
			t.Errorf("%s: %q was read", challenge, text)
		}
	}
	if _, err := arcProof("Basic realm=/var/opt/azcmagent/tokens/no-such-file.key", arcFolders()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file of its own: %v", err)
	}
}

func TestAzureArcsIdentityIsTakenWithItsProof(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.Register(entrasim.App{Name: "machine", Roles: everyRole()})
	d.write("proof.key", d.IdentityHeader)
	d.Arc(filepath.Join(d.dir, "proof.key"))
	d.settings.Login = Login{ManagedIdentity: true}
	t.Setenv("IDENTITY_ENDPOINT", d.settings.URL+"/arc/token")
	s := d.open().(*source)
	if _, _, err := fetch(t, s); err == nil || !strings.Contains(err.Error(), "which is not of Azure Arc") {
		t.Errorf("another folder: %v", err)
	}
	s.login.proofs = []string{d.dir}
	if _, _, err := fetch(t, s); err != nil {
		t.Error(err)
	}
}
