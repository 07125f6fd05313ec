package kisisim

// Assumptions are the things that Kisi leaves unsaid, each a switch. The zero value holds the assumptions of the notes
// (§13, and §12 where §13 is silent); a client must end in the same state under every other setting too, see [Variations].
// They are fixed when a Sim is made: part of them decides how seeded rows look.
type Assumptions struct {
	// Errors (§1.7, §13).

	UnauthorizedCode string // code of a 401; "" means afc516
	ForbiddenCode    string // code of a 403; "" means afc496

	// Pace (§1.6, §12.11, §13).

	RateBody     RateBody   // what a 429 says
	RetryAfter   RetryAfter // whether a 429 says when to come back
	Window       Window     // how the second is counted
	RefusalsFree bool       // a request answered 429 does not count against the next second

	// Lists (§1.4, §1.5, §12.12–14).

	Bounds             Bounds         // limit or offset out of bounds
	IgnoreParams       bool           // unknown query parameters are ignored instead of refused with 422; a violation either way
	UnstableOrder      bool           // without sort, collections that offer one come in another order at each request
	UnstableTies       bool           // rows that are equal under sort come in another order at each request
	PartialEmail       bool           // users?email= also finds addresses that merely contain the value
	Expired            ExpiredRows    // what becomes of assignments after valid_until (§4.9, §12.16)
	ElevatorsAnywhere  bool           // elevators may be listed without place_id (§6.3: the specification and practice differ)
	OwnerWithoutRow    bool           // the owner shows only in organization.user_id, not among the role assignments (§12.10)
	LinksRefused       bool           // group_links is 403 for every key, as where links are not part of what the customer pays for
	MembershipsByTeam  bool           // team_memberships is 400 without team_id (§5.6)
	CardsByUser        bool           // card_assignments is 400 without assignee_id (§7.8)
	NeverLast          bool           // sorted by unlock, who never unlocked anything comes last (§3.2)
	BasicRows          bool           // every user without another organization role shows an organization row `basic` (§13)
	PrefixedRoleIDs    bool           // organization_administrator instead of administrator, and so on (§4.2)
	TeamsCounted       bool           // users_count and users?group_id= include people who are in through a team (§12.15)
	MissingWrapper     MissingWrapper // a body without its wrapper key (§13)
	RefuseUnknownKeys  bool           // unknown body keys are refused with 422 instead of ignored; a violation either way (§1.8)
	RefuseLegacyBodies bool           // user_id and group_id are no longer understood when an assignment is created (§4.5)

	// Users (§3, §12).

	DuplicateEmail      Duplicate  // creating a user whose address exists: 409 or 422 (§12.3)
	EmailCaseMatters    bool       // Ana@ and ana@ may be two users (§12.4)
	EmailsLowered       bool       // addresses are stored in lower case (§12.4)
	PatchEmail          PatchEmail // an e-mail in PATCH /users (§3.5)
	MergeMetadata       bool       // PATCH merges metadata instead of replacing it whole (§12.8)
	QuietByDefault      bool       // without send_emails, or notify, no mail goes out (§12.6)
	AccessOffByDefault  bool       // without access_enabled a new user is suspended (§12.6)
	ProtectedForbidden  bool       // deleting the owner or the key's own user is 403 instead of 422 (§12.10)
	RankUnprocessable   bool       // touching somebody above the key's role is 422 instead of 403 (§13)
	SuspendedLoseRights bool       // access_enabled:false deletes the user's assignments (§12.22)
	RecreatedKeepsID    bool       // a deleted address that is created again gets its old id back (§12.21)
	NoCascade           bool       // deleting a user or group leaves the assignments listed, without their assignee (§12.9)

	// Role assignments (§4, §12).

	DuplicateRight  DuplicateRight // creating a right on something the assignee already has a right on (§12.1)
	RoleMisfit404   bool           // an unknown role, or one of another scope, is 404 instead of 422
	DatesElsewhere  bool           // dates on organization and place roles are refused with 422 instead of ignored
	BackwardDates   bool           // valid_until before valid_from is accepted instead of refused with 422 (§4.9)
	PastUntil       bool           // a valid_until in the past is accepted instead of refused with 422 (§4.9)
	PatchAssignment PatchAssign    // what PATCH /role_assignments does (§4.7)

	// Groups (§5).

	UniqueGroupNames bool      // a second group of the same name and scope is refused with 422
	DuplicateDoor    Duplicate // giving a group a door or stop it has: 409 or 422; here the zero value means 422
}

// RateBody says what a 429 carries.
type RateBody uint8

// The bodies that services of this kind send with a 429.
const (
	RateJSON  RateBody = iota // {"error":"Too many requests","code":"000429"}
	RateText                  // one line of plain text
	RateEmpty                 // nothing at all
)

// RetryAfter says how a 429 announces its end.
type RetryAfter uint8

// The two forms of RFC 9110 §10.2.3, and silence.
const (
	RetryUnsaid RetryAfter = iota
	RetrySeconds
	RetryDate
)

// Window says how requests per second are counted.
type Window uint8

// Sliding looks back one second from each request; Fixed starts afresh with each second of the clock.
const (
	Sliding Window = iota
	Fixed
)

// Bounds says what becomes of a limit or offset out of bounds.
type Bounds uint8

// Clamped is the treacherous one: the client believes that it asked for more than it got.
const (
	BoundsRefused422 Bounds = iota
	BoundsRefused400
	BoundsClamped
)

// ExpiredRows says what becomes of a role assignment after its valid_until.
type ExpiredRows uint8

// Hidden rows are not listed but still block a duplicate; gone rows were deleted by Kisi itself.
const (
	ExpiredListed ExpiredRows = iota
	ExpiredHidden
	ExpiredGone
)

// MissingWrapper says what becomes of a body that is not wrapped in the resource's name.
type MissingWrapper uint8

// The three things a Rails application may do.
const (
	WrapperRefused400 MissingWrapper = iota
	WrapperRefused422
	WrapperOptional
)

// Duplicate is the status of a refused duplicate. The zero value is the default of the field that uses it.
type Duplicate uint8

// Both are seen in the field; a client treats them alike.
const (
	DuplicateDefault Duplicate = iota
	Duplicate409
	Duplicate422
)

// PatchEmail says what an e-mail in PATCH /users does.
type PatchEmail uint8

// Ignored answers 204 and changes nothing, which is why a client reads again.
const (
	EmailIgnored PatchEmail = iota
	EmailRefused422
	EmailChanged
)

// DuplicateRight says what a second right of one assignee on one thing does.
type DuplicateRight uint8

// The four behaviours that people report (§12.1).
const (
	RightRefused409    DuplicateRight = iota // whatever its role
	RightRefusedSame                         // 409 for the same role, another role makes another row
	RightAlwaysCreated                       // never refused
	RightUnprocessable                       // 422 whatever its role
)

// PatchAssign says what PATCH /role_assignments does with a body that its published schema does not describe.
type PatchAssign uint8

// DatesIgnored answers 204 and changes nothing, which is why a client reads again.
const (
	PatchApplied PatchAssign = iota
	PatchDatesIgnored
	PatchRefused422
)

func (a *Assumptions) doorRefusal() Duplicate {
	if a.DuplicateDoor == DuplicateDefault {
		return Duplicate422
	}
	return a.DuplicateDoor
}

func (a *Assumptions) emailRefusal() Duplicate {
	if a.DuplicateEmail == DuplicateDefault {
		return Duplicate409
	}
	return a.DuplicateEmail
}
