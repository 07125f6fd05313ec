package access

import "time"

// Desired is Kisi as it should be, as far as it is our business. It is made by mapping and is immutable.
type Desired struct {
	Groups    []DesiredGroup // as the file declares them, sorted by Name
	Wishes    []Wish         // sorted by Member, then by folded e-mail address
	Causes    []Cause        // what the numbers in wishes mean; 0 is no cause
	Due       Instant        // when the answer next changes by itself; 0 for never
	Sensitive []RemoteID     // doors that make every group which opens them sensitive, ascending
	Roles     []RoleName     // what ids of roles mean that somebody holds by us, or should
	Edits     []Edit         // rules that the file by which the last run went did not have, or not so; sorted by Rule
	// SourceEdits say what was changed in the file, since the last run or lately, about sources: whom they do not bring any more may be
	// missing for that.
	SourceEdits []string
}

// Edit is a rule that somebody changed in the file, or wrote: which, and in words what was and what is.
type Edit struct{ Rule, Text string }

// RoleName is what people call a role on a place or the organization, and the roles on the same that it covers.
type RoleName struct {
	ID   RemoteID
	Name string
}

// DesiredGroup is a group that the file names.
type DesiredGroup struct {
	ID          RemoteID // 0: not in Kisi yet
	Name        string   // as the file names it, and as Kisi does
	Place       RemoteID // 0: organization group
	Zone        Zone     // in which its dates are told
	Description *string  // nil: not ours to say
	Settings    Settings // those that the file says
	Create      bool     // create it when it is missing
	Members     bool     // its members are ours to manage
	Openings    bool     // its doors and stops are ours to manage
	Doors       []RemoteID
	Stops       []RemoteID
	Sensitive   bool   // the file says so, or gives it a sensitive door
	Order       *Order // what an operator wants of it on the command line; nil: the file declares it
	Role        bool   // it is a role on a place or the organization, and no group at all
	Doubtful    bool   // nobody is certain to be given it: while it is missing, it is not made
	Edit        string // what of its doors and stops the file by which the last run went said otherwise; "" for nothing
	Problem     string // why nothing can be done about it and its grants ("" for none): missing, ambiguous, unknown door
}

// Zone is a time zone; the zero Zone is UTC. Two of the same name are equal.
type Zone struct{ *time.Location }

// Equal says that both are of the same name.
func (z Zone) Equal(other Zone) bool { return z.String() == other.String() }

// Order is what an operator wants of one group on the command line, beside what DesiredGroup says. What somebody altered in Kisi is no reason
// not to do it.
type Order struct {
	Delete bool   // the group, with every right in it
	Rename string // "": it keeps its name
	Cause  Cause
	Again  string // the command line that says so
}

// Standing is what should become of a member as a whole.
type Standing uint8

// The standings.
const (
	Keep    Standing = iota // present if it has grants, enabled
	Suspend                 // no access at all
	Leave                   // not certain who or what this is: nothing is given and nothing is taken
	Remove                  // left long ago, and suspended since: the user is deleted
)

// Wish is what one person should be in Kisi. A person who should have nothing and holds nothing of ours has no wish.
type Wish struct {
	Member      RemoteID // whom the ledger links to one of the anchors; 0 for nobody yet
	Anchors     []Anchor // who this is, in order of precedence; never empty
	Email, Name string   // of the first source that has a value; Email is as the directory spells it, without blanks around
	Folded      string   // Email, folded
	Standing    Standing
	Cause       uint32 // of every standing but Keep
	Create      bool   // may be created when missing
	Grants      []WishedGrant
	Losses      []Loss
	Unproven    []Loss    // of a user whom we suspended: rights that stay only because nobody can say now whether they are wanted
	Adopt       uint32    // cause why the Kisi user becomes ours, if it is not: an operator said so. 0: as the file says
	Release     uint32    // cause why the Kisi user is ours no longer: an operator said so. 0: it is not released
	Replaces    *Replaced // the person's Kisi user before this one; nil: there is none to make room
}

// Replaced is a Kisi user that makes room for another one of the same person. It keeps what it has until the other has it all.
type Replaced struct {
	Member RemoteID
	Losses []Loss // of what it was given, sorted by Group
	Cause  uint32
}

// WishedGrant is one right that somebody should have. Grants of a wish are sorted by Group.
type WishedGrant struct {
	Group       uint32 // index into Desired.Groups
	Cause       uint32
	Role        Role
	From, Until Instant
	Notify      bool // Kisi tells the person
	Unsure      bool // a rule could not be decided: what is there stays, what is not is not given
}

// Loss is an owned right that nobody wants any more. Losses of a wish are sorted by Group.
type Loss struct {
	Group RemoteID
	Cause uint32
}

// CauseKind says why somebody gains or loses. Each kind has limits of its own.
type CauseKind uint8

// The causes.
const (
	NoCause   CauseKind = iota
	ByRule              // a rule grants it
	Disabled            // the directory disabled the person
	Vanished            // complete reads do not bring the person any more
	LeftGroup           // the person fell out of the group or the condition of a rule
	ByFile              // the file changed
	Expired             // the end date has passed
	Blocked             // an operator said so
	Conflict            // contradictory or unusable data
	Declared            // a group, door or stop that the file declares
	ByHand              // somebody did it in Kisi
	Deleted             // the directory said that the person is deleted
	LeftScope           // the person is in a source that may not speak for the address any more
	NoDoors             // the person lost the last right, for whatever cause, and has been without since
	Retained            // the person left and was suspended long ago, and what was kept for a return is not kept longer
	Asked               // an operator asked for it by name
	Ordered             // an operator asked for it, of a group
)

var causeWords = [...]string{"", "rule", "disabled", "vanished", "left_group", "file", "expired", "blocked", "conflict", "declared", "by_hand",
	"deleted", "left_scope", "no_doors", "retained", "asked", "ordered"}

func (k CauseKind) String() string { return causeWords[k] }

// MarshalText writes the cause as one word.
func (k CauseKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *CauseKind) UnmarshalText(text []byte) error {
	for i, word := range causeWords {
		if word == string(text) {
			*k = CauseKind(i)
			return nil
		}
	}
	return errCause
}

// Cause is why somebody gains or loses.
type Cause struct {
	Kind CauseKind
	Rule string // names of the rules, joined by ", "; "" if none
	Mark uint64 // digest of those rules' text, to tell a changed file from a changed person
	Text string // what is said to people: "left group sysadmins", "disabled in corp"
}
