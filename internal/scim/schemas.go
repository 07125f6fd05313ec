package scim

// URIs of the schemas of RFC 7643 sections 4 and 5 to 7.
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	ConfigSchema     = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	TypeSchema       = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	SchemaSchema     = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// UserType returns the User of RFC 7643 section 4.1 with the enterprise extension of section 4.3. Each call returns one of its own.
func UserType() *Type {
	return &Type{Core: userSchema(), Extensions: []Schema{enterpriseSchema()}}
}

// GroupType returns the Group of RFC 7643 section 4.2. Each call returns one of its own.
func GroupType() *Type { return &Type{Core: groupSchema()} }

// option changes one characteristic of an attribute from its default (RFC 7643 section 2.2).
type option func(*Attribute)

func attribute(name string, kind Kind, description string, options ...option) Attribute {
	a := anything(name)
	a.Type, a.Description = kind, description
	for _, set := range options {
		set(a)
	}
	return *a
}

func text(name, description string, options ...option) Attribute {
	return attribute(name, String, description, options...)
}

func required(a *Attribute)  { a.Required = true }
func exact(a *Attribute)     { a.CaseExact = true }
func readOnly(a *Attribute)  { a.Mutability = ReadOnly }
func immutable(a *Attribute) { a.Mutability = Immutable }
func many(a *Attribute)      { a.MultiValued = true }
func always(a *Attribute)    { a.Returned = Always }
func secret(a *Attribute)    { a.Mutability, a.Returned = WriteOnly, Never }

// unique is for values that are one resource's alone at this server.
func unique(a *Attribute) { a.Uniqueness = "server" }

func sub(all ...Attribute) option { return func(a *Attribute) { a.SubAttributes = all } }

func words(all ...string) option    { return func(a *Attribute) { a.CanonicalValues = all } }
func refersTo(all ...string) option { return func(a *Attribute) { a.ReferenceTypes = all } }

// common are the attributes of every resource (RFC 7643 section 3.1), which are part of no schema, and schemas itself (section 3).
func common() []Attribute {
	return []Attribute{
		attribute("schemas", Reference, "The schemas of the resource.", many, exact, always),
		text("id", "The identifier that the service provider gave.", exact, readOnly, always, unique),
		text("externalId", "The identifier that the client gave.", exact),
		attribute("meta", Complex, "What the service provider knows of the resource.", readOnly, sub(
			text("resourceType", "The name of the resource type.", exact, readOnly),
			attribute("created", DateTime, "When it was added.", readOnly),
			attribute("lastModified", DateTime, "When it was changed last.", readOnly),
			attribute("location", Reference, "Its URI.", exact, readOnly),
			text("version", "Its version.", exact, readOnly),
		)),
	}
}

// plural returns the usual sub-attributes of a multi-valued attribute (RFC 7643 section 2.4).
func plural(value Attribute, types ...string) option {
	return sub(value,
		text("display", "A name to show."),
		text("type", "What it is for.", words(types...)),
		attribute("primary", Boolean, "Whether it is the preferred one; one value at most is."),
	)
}

// userSchema is RFC 7643 sections 4.1 and 8.7.1.
func userSchema() Schema {
	return Schema{ID: UserSchema, Name: "User", Description: "User Account", Attributes: []Attribute{
		text("userName", "The name by which the user is known to the service provider.", required, unique),
		attribute("name", Complex, "The parts of the user's name.", sub(
			text("formatted", "The whole name."),
			text("familyName", "The family name."),
			text("givenName", "The given name."),
			text("middleName", "The middle names."),
			text("honorificPrefix", "What stands before the name."),
			text("honorificSuffix", "What stands behind the name."),
		)),
		text("displayName", "The name to show."),
		text("nickName", "How the user is called."),
		attribute("profileUrl", Reference, "A page about the user.", refersTo("external")),
		text("title", "The title, such as Vice President."),
		text("userType", "The relationship to the organization, such as Employee."),
		text("preferredLanguage", "The language, as in Accept-Language."),
		text("locale", "The place whose customs are used."),
		text("timezone", "The time zone, such as Europe/Berlin."),
		attribute("active", Boolean, "Whether the user may do anything."),
		text("password", "Is taken and forgotten.", secret),
		attribute("emails", Complex, "E-mail addresses.", many, plural(text("value", "The address."), "work", "home", "other")),
		attribute("phoneNumbers", Complex, "Phone numbers.", many,
			plural(text("value", "The number."), "work", "home", "mobile", "fax", "pager", "other")),
		attribute("ims", Complex, "Addresses for instant messages.", many,
			plural(text("value", "The address."), "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo")),
		attribute("photos", Complex, "Pictures.", many,
			plural(attribute("value", Reference, "The URL of the picture.", refersTo("external")), "photo", "thumbnail")),
		addresses(),
		attribute("groups", Complex, "The groups of the user; they are changed in the groups.", many, readOnly, sub(
			text("value", "The id of the group.", readOnly),
			attribute("$ref", Reference, "The URI of the group.", readOnly, refersTo("User", "Group")),
			text("display", "The name of the group.", readOnly),
			text("type", "Whether the user is in it or in a group of it.", readOnly, words("direct", "indirect")),
		)),
		attribute("entitlements", Complex, "What the user has.", many, plural(text("value", "The entitlement."))),
		attribute("roles", Complex, "Who the user is.", many, plural(text("value", "The role."))),
		attribute("x509Certificates", Complex, "Certificates.", many, plural(attribute("value", Binary, "The certificate, in DER.", exact))),
	}}
}

func addresses() Attribute {
	return attribute("addresses", Complex, "Where the user is.", many, sub(
		text("formatted", "The whole address."),
		text("streetAddress", "Street and house."),
		text("locality", "The city."),
		text("region", "The state or region."),
		text("postalCode", "The postal code."),
		text("country", "The country."),
		text("type", "What it is for.", words("work", "home", "other")),
		attribute("primary", Boolean, "Whether it is the preferred one; one value at most is."),
	))
}

// enterpriseSchema is RFC 7643 sections 4.3 and 8.7.1.
func enterpriseSchema() Schema {
	return Schema{ID: EnterpriseSchema, Name: "EnterpriseUser", Description: "Enterprise User", Attributes: []Attribute{
		text("employeeNumber", "The number of the employee."),
		text("costCenter", "The cost center."),
		text("organization", "The organization."),
		text("division", "The division."),
		text("department", "The department."),
		attribute("manager", Complex, "The manager.", sub(
			text("value", "The id of the manager."),
			attribute("$ref", Reference, "The URI of the manager.", refersTo("User")),
			text("displayName", "The name of the manager.", readOnly),
		)),
	}}
}

// groupSchema is RFC 7643 sections 4.2 and 8.7.1. The example of 8.7.1 calls displayName optional; the text of 4.2, which binds, REQUIRED.
func groupSchema() Schema {
	return Schema{ID: GroupSchema, Name: "Group", Description: "Group", Attributes: []Attribute{
		text("displayName", "The name of the group.", required),
		attribute("members", Complex, "The members of the group.", many, sub(
			text("value", "The id of the member.", immutable, exact),
			attribute("$ref", Reference, "The URI of the member.", immutable, refersTo("User", "Group")),
			text("type", "Whether the member is a user or a group.", immutable, words("User", "Group")),
			text("display", "The name of the member.", immutable),
		)),
	}}
}
