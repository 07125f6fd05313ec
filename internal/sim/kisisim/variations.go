package kisisim

// Variation is one assumption turned the other way.
type Variation struct {
	Name string             // what is believed instead, in words fit for a subtest
	Set  func(*Assumptions) // changes exactly one field
}

// Variations returns the defaults, and then every other setting of every switch, one at a time, in a stable order.
func Variations() []Variation {
	all := []Variation{{"as assumed", func(*Assumptions) {}}}
	for _, some := range [][]Variation{errorVariations(), listVariations(), userVariations(), rightVariations()} {
		all = append(all, some...)
	}
	return all
}

func errorVariations() []Variation {
	return []Variation{
		{"401 has another code", func(a *Assumptions) { a.UnauthorizedCode = "000401" }},
		{"403 has another code", func(a *Assumptions) { a.ForbiddenCode = "fcd8ef" }},
		{"429 is plain text", func(a *Assumptions) { a.RateBody = RateText }},
		{"429 is empty", func(a *Assumptions) { a.RateBody = RateEmpty }},
		{"Retry-After in seconds", func(a *Assumptions) { a.RetryAfter = RetrySeconds }},
		{"Retry-After as a date", func(a *Assumptions) { a.RetryAfter = RetryDate }},
		{"fixed window", func(a *Assumptions) { a.Window = Fixed }},
		{"refused requests are not counted", func(a *Assumptions) { a.RefusalsFree = true }},
		{"missing wrapper is 422", func(a *Assumptions) { a.MissingWrapper = WrapperRefused422 }},
		{"wrapper is optional", func(a *Assumptions) { a.MissingWrapper = WrapperOptional }},
		{"unknown body keys are refused", func(a *Assumptions) { a.RefuseUnknownKeys = true }},
		{"legacy bodies are refused", func(a *Assumptions) { a.RefuseLegacyBodies = true }},
	}
}

func listVariations() []Variation {
	return []Variation{
		{"bounds are 400", func(a *Assumptions) { a.Bounds = BoundsRefused400 }},
		{"bounds are clamped", func(a *Assumptions) { a.Bounds = BoundsClamped }},
		{"unknown parameters are ignored", func(a *Assumptions) { a.IgnoreParams = true }},
		{"no order without sort", func(a *Assumptions) { a.UnstableOrder = true }},
		{"no order among equals", func(a *Assumptions) { a.UnstableTies = true }},
		{"email filter is partial", func(a *Assumptions) { a.PartialEmail = true }},
		{"expired assignments are hidden", func(a *Assumptions) { a.Expired = ExpiredHidden }},
		{"expired assignments are deleted", func(a *Assumptions) { a.Expired = ExpiredGone }},
		{"elevators need no place", func(a *Assumptions) { a.ElevatorsAnywhere = true }},
		{"owner has no assignment", func(a *Assumptions) { a.OwnerWithoutRow = true }},
		{"links may not be listed", func(a *Assumptions) { a.LinksRefused = true }},
		{"memberships are listed by team", func(a *Assumptions) { a.MembershipsByTeam = true }},
		{"cards are listed by user", func(a *Assumptions) { a.CardsByUser = true }},
		{"who never unlocked comes last", func(a *Assumptions) { a.NeverLast = true }},
		{"everyone has a basic row", func(a *Assumptions) { a.BasicRows = true }},
		{"role ids are prefixed", func(a *Assumptions) { a.PrefixedRoleIDs = true }},
		{"teams count as users", func(a *Assumptions) { a.TeamsCounted = true }},
		{"group names are unique", func(a *Assumptions) { a.UniqueGroupNames = true }},
		{"a door twice is 409", func(a *Assumptions) { a.DuplicateDoor = Duplicate409 }},
	}
}

func userVariations() []Variation {
	return []Variation{
		{"a duplicate e-mail is 422", func(a *Assumptions) { a.DuplicateEmail = Duplicate422 }},
		{"e-mail case matters", func(a *Assumptions) { a.EmailCaseMatters = true }},
		{"e-mails are lowered", func(a *Assumptions) { a.EmailsLowered = true }},
		{"patching an e-mail is 422", func(a *Assumptions) { a.PatchEmail = EmailRefused422 }},
		{"patching an e-mail works", func(a *Assumptions) { a.PatchEmail = EmailChanged }},
		{"metadata is merged", func(a *Assumptions) { a.MergeMetadata = true }},
		{"quiet by default", func(a *Assumptions) { a.QuietByDefault = true }},
		{"access is off by default", func(a *Assumptions) { a.AccessOffByDefault = true }},
		{"deleting the owner is 403", func(a *Assumptions) { a.ProtectedForbidden = true }},
		{"touching a superior is 422", func(a *Assumptions) { a.RankUnprocessable = true }},
		{"suspended users lose their rights", func(a *Assumptions) { a.SuspendedLoseRights = true }},
		{"a recreated user keeps the id", func(a *Assumptions) { a.RecreatedKeepsID = true }},
		{"nothing cascades", func(a *Assumptions) { a.NoCascade = true }},
	}
}

func rightVariations() []Variation {
	return []Variation{
		{"a duplicate right is 409 for the same role only", func(a *Assumptions) { a.DuplicateRight = RightRefusedSame }},
		{"a duplicate right is created", func(a *Assumptions) { a.DuplicateRight = RightAlwaysCreated }},
		{"a duplicate right is 422", func(a *Assumptions) { a.DuplicateRight = RightUnprocessable }},
		{"a role that does not fit is 404", func(a *Assumptions) { a.RoleMisfit404 = true }},
		{"dates outside groups are 422", func(a *Assumptions) { a.DatesElsewhere = true }},
		{"backward dates are accepted", func(a *Assumptions) { a.BackwardDates = true }},
		{"an end in the past is accepted", func(a *Assumptions) { a.PastUntil = true }},
		{"patching dates is ignored", func(a *Assumptions) { a.PatchAssignment = PatchDatesIgnored }},
		{"patching an assignment is 422", func(a *Assumptions) { a.PatchAssignment = PatchRefused422 }},
	}
}
