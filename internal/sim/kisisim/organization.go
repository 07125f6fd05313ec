package kisisim

import "time"

// organizationJSON is the organization of §6.4. Live rows carry send_emails though the specification does not.
type organizationJSON struct {
	ID                   int64     `json:"id"`
	ResourceType         string    `json:"resource_type"`
	Name                 string    `json:"name"`
	Domain               string    `json:"domain"`
	Logo                 *string   `json:"logo"`
	Address              *string   `json:"address"`
	Description          *string   `json:"description"`
	DeviceLoginsExpire   int       `json:"device_logins_expire_after"`
	PlacesCount          int       `json:"places_count"`
	ScimEnabled          bool      `json:"scim_enabled"`
	SSOFlowEnabled       bool      `json:"sso_flow_enabled"`
	SSOExpirationIsSet   bool      `json:"sso_expiration_override_enabled"`
	SSOExpiration        *int      `json:"sso_expiration_override"`
	Metadata             *string   `json:"metadata"`
	TimeZone             string    `json:"time_zone"`
	WebAuthenticationAPI bool      `json:"web_authentication_api_enabled"`
	ApplePassEnabled     bool      `json:"apple_pass_enabled"`
	CreatedAt            time.Time `json:"created_at"`
	UpdatedAt            time.Time `json:"updated_at"`
	UserID               *int64    `json:"user_id"`
	TransferToID         *int64    `json:"transfer_to_id"`
	SendEmails           bool      `json:"send_emails"`
}

type settingsJSON struct {
	organizationJSON
	IdentityProviderIssuerURL *string `json:"identity_provider_issuer_url"`
	SSOConfigured             *bool   `json:"sso_configured"`
	ScimConfigured            *bool   `json:"scim_configured"`
}

type dashboardJSON struct {
	ApplePasses  int `json:"apple_passes"`
	Cameras      int `json:"cameras"`
	Users        int `json:"users"`
	Places       int `json:"places"`
	Locks        int `json:"locks"`
	Groups       int `json:"groups"`
	MembersCount int `json:"members_count"`
}

func (s *state) renderOrganization() organizationJSON {
	o := s.org
	out := organizationJSON{
		ID: o.id, ResourceType: KindOrganization, Name: o.name, Domain: o.domain, DeviceLoginsExpire: 1209600,
		PlacesCount: s.places.size(), ScimEnabled: o.scimEnabled, TimeZone: "Europe/Berlin", CreatedAt: o.created,
		UpdatedAt: o.updated, SendEmails: true,
	}
	if o.owner != 0 {
		out.UserID = &o.owner
	}
	return out
}

func getOrganization(x *exchange) response { return ok(x.st.renderOrganization()) }

func listOrganizations(x *exchange) response {
	return ok([]organizationJSON{x.st.renderOrganization()})
}

func getSettings(x *exchange) response {
	if !x.viewer.seesAll() {
		return x.forbidden()
	}
	return ok(settingsJSON{organizationJSON: x.st.renderOrganization(), ScimConfigured: &x.st.org.scimConfigured})
}

// getDashboard counts everything, whatever the viewer sees: the cheap cross-check of a read (§12.20).
func getDashboard(x *exchange) response {
	return ok(dashboardJSON{
		Users: x.st.users.size(), MembersCount: x.st.users.size(), Places: x.st.places.size(),
		Locks: x.st.locks.size(), Groups: x.st.groups.size(),
	})
}

// integrationJSON is the common part of §7.5 with the target group of the directory imports.
type integrationJSON struct {
	ID                   int64      `json:"id"`
	ResourceType         string     `json:"resource_type"`
	Name                 string     `json:"name"`
	Type                 string     `json:"type"`
	Enabled              bool       `json:"enabled"`
	DisabledDueToError   bool       `json:"disabled_due_to_error"`
	DisabledDueToErrorAt *time.Time `json:"disabled_due_to_error_at"`
	CreatedAt            time.Time  `json:"created_at"`
	UpdatedAt            time.Time  `json:"updated_at"`
	OrganizationID       int64      `json:"organization_id"`
	Organization         any        `json:"organization"`
	GroupID              *int64     `json:"group_id"`
	ImportMembersOnly    bool       `json:"import_members_only"`
}

func listIntegrations(x *exchange) response {
	if !x.viewer.may("integrations_read", 0) {
		return x.forbidden()
	}
	return page(x, listing[integration]{
		rows:   x.st.integrations.all,
		id:     func(i *integration) int64 { return i.id },
		render: func(i *integration) any { return x.st.renderIntegration(i) },
	})
}

func (s *state) renderIntegration(i *integration) any {
	out := integrationJSON{
		ID: i.id, ResourceType: "Integration", Name: i.name, Type: i.kind, Enabled: i.enabled, CreatedAt: i.created,
		UpdatedAt: i.updated, OrganizationID: s.org.id, Organization: s.brief(s.orgRef()), ImportMembersOnly: i.group == 0,
	}
	if i.group != 0 {
		out.GroupID = &i.group
	}
	return out
}
