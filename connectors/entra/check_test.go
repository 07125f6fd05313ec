package entra

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// told are the findings as people see them.
func (d *tenant) told(attributes ...string) string {
	d.t.Helper()
	var all []string
	for _, f := range d.open(attributes...).(connectors.Checker).Check(context.Background()) {
		all = append(all, strings.TrimSuffix(fmt.Sprintf("%s %s %s | %s", [...]string{"✗", "!", "✓"}[f.Level], f.Path, f.Text, f.Hint), " | "))
	}
	return strings.Join(all, "\n")
}

func TestCheckSaysWhatIsMissingByItsExactName(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*tenant)
		want    []string
	}{
		"all is well": {func(*tenant) {}, []string{"✓  permissions: GroupMember.Read.All, User-LifeCycleInfo.Read.All, User.Read.All", "✓  1 people, 1 with an e-mail address, 0 disabled", "✓  1 groups with 1 memberships",
			"✓  only what changed is read from now on (delta queries)"}},
		"no consent":           {func(d *tenant) { d.app.Roles = nil }, []string{"✗ login.client_id the application may not read users: User.Read.All is not among its permissions; it has none at all, so an administrator has not consented yet"}},
		"no groups":            {func(d *tenant) { d.app.Roles = []string{"User.Read.All"} }, []string{"✗ login.client_id the application may not read groups and who is in them: GroupMember.Read.All is not among its permissions"}},
		"no dates":             {func(d *tenant) { d.app.Roles = []string{"Directory.Read.All"} }, []string{"✗ login.client_id the application may not read employeeLeaveDateTime: User-LifeCycleInfo.Read.All is not among its permissions", "✓  1 people"}},
		"too much":             {func(d *tenant) { d.app.Roles = append(everyRole(), "Directory.ReadWrite.All") }, []string{"! login.client_id the application may change the directory: Directory.ReadWrite.All | kisi-sync only reads"}},
		"an address elsewhere": {func(d *tenant) { d.Update(d.Find("user", "displayName", "Ana"), entrasim.Properties{"mail": nil}) }, []string{"✗ people.email none of 1 people has an address in mail | write people: {email: [user_principal_name]}"}},
		"nobody": {func(d *tenant) {
			d.Update(d.Find("user", "displayName", "Ana"), entrasim.Properties{"userType": "Guest"})
		}, []string{"✗ people there is nobody", "✓  passed over as guests (people.guests): 1"}},
		"no such group":             {func(d *tenant) { d.settings.Groups.IDs = []string{someID} }, []string{"! groups there is no group | fine if rules name none"}},
		"a certificate that ended":  {func(d *tenant) { d.certify(time.Now().AddDate(0, 0, -1)) }, []string{"✗ login.certificate the certificate ended on ", "upload it on the application's page"}},
		"a certificate for a while": {func(d *tenant) { d.certify(time.Now().AddDate(0, 0, 100)) }, []string{"✓ login.certificate the certificate ends on ", "in 99 days"}},
		"no increments":             {func(d *tenant) { d.settings.Increments = false }, []string{"✓  everything is read each time: increments are switched off"}},
		"refused after all": {func(d *tenant) {
			d.Inject(simhttp.Fault{Pattern: "GET /v1.0/groups/delta", Count: simhttp.Always, Do: simhttp.Answer(http.StatusForbidden, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`, nil)})
		}, []string{"✗  read groups: /v1.0/groups/delta: 403 Forbidden (Authorization_RequestDenied): Insufficient privileges to complete the operation. | give the application the permission GroupMember.Read.All"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTenant(t, entrasim.Options{})
			d.Sim.AddGroup("lab", d.AddUser("Ana", entrasim.Properties{"mail": "ana@example.com"}))
			c.prepare(d)
			d.app = d.Register(d.app)
			told := d.told(leaveDate)
			for _, want := range c.want {
				if !strings.Contains(told, want) {
					t.Errorf("%q is not told:\n%s", want, told)
				}
			}
		})
	}
}

func TestAnEndedCertificateIsToldOnce(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.certify(time.Now().AddDate(0, 0, -1))
	if told := d.told(); strings.Count(told, "✗") != 1 || d.Count("") != 0 {
		t.Errorf("%d calls were made, and told is\n%s", d.Count(""), told)
	}
}
