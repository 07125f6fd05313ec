package kisisim

import "time"

// loginJSON is the key itself, as GET /login shows it (§7.10).
type loginJSON struct {
	ID               int64      `json:"id"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
	Type             string     `json:"type"`
	Name             *string    `json:"name"`
	Primary          bool       `json:"primary"`
	Expire           bool       `json:"expire"`
	LastUsedAt       *time.Time `json:"last_used_at"`
	DeviceBrand      *string    `json:"device_brand"`
	DeviceModel      *string    `json:"device_model"`
	OSName           *string    `json:"os_name"`
	UserID           int64      `json:"user_id"`
	User             any        `json:"user"`
	ScramCredentials *string    `json:"scram_credentials"`
}

// selfJSON is the user of the key, as GET /user shows it (§3.6).
type selfJSON struct {
	ID                       int64      `json:"id"`
	ResourceType             string     `json:"resource_type"`
	Name                     string     `json:"name"`
	Email                    string     `json:"email"`
	Image                    *string    `json:"image"`
	Locale                   *string    `json:"locale"`
	NotificationsUnreadCount int        `json:"notifications_unread_count"`
	OTPRequiredForLogin      bool       `json:"otp_required_for_login"`
	OTPEnabledAt             *time.Time `json:"otp_enabled_at"`
	PrimaryLoginExists       bool       `json:"primary_login_exists"`
	CreatedAt                time.Time  `json:"created_at"`
	UpdatedAt                time.Time  `json:"updated_at"`
	LastReadAt               any        `json:"last_read_at"`
	Notes                    *string    `json:"notes"`
	OrganizationID           int64      `json:"organization_id"`
	Organization             any        `json:"organization"`
}

func getLogin(x *exchange) response {
	key, name := x.st.keys[x.secret], "kisi-sync"
	return ok(loginJSON{
		ID: key.id, CreatedAt: key.created, UpdatedAt: key.updated, Type: "api", Name: &name, LastUsedAt: key.used,
		UserID: key.user, User: x.st.brief(User(key.user)),
	})
}

func getSelf(x *exchange) response {
	u := x.st.users.get(x.viewer.user)
	return ok(selfJSON{
		ID: u.id, ResourceType: KindUser, Name: u.name, Email: u.email, Image: u.image, OTPRequiredForLogin: u.otp,
		PrimaryLoginExists: true, CreatedAt: u.created, UpdatedAt: u.updated, Notes: u.notes,
		OrganizationID: x.st.org.id, Organization: x.st.brief(x.st.orgRef()),
	})
}
