// Package connectortest is the contract of package connectors as tests: what every connector must do, one story after another.
// Whoever writes a connector gives it a Harness, calls Run, and reads the stories in their order: they are a tour from the empty
// directory to the ways in which a read may fail.
//
// It promises that a connector which passes can be trusted with the two things that matter: it never reports a part as the
// whole, and its increments end where a full read ends. It must not know any connector.
package connectortest

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// A Harness makes directories of one kind for the suite.
type Harness struct {
	// New makes an empty directory that lives as long as the test. It is a real one, or one that speaks the real protocol.
	New func(t *testing.T) Directory
	// Attribute is the directory's own name of an attribute of people that the suite may set.
	Attribute string
	// PageSize is how many objects one answer of the directory holds at most in these tests; 0 if it knows no pages. Make it
	// small: the suite adds twice as many people.
	PageSize int
}

// A Directory is what the suite does to one directory. Every method ends the test when it fails. People and groups are called
// by a name of the suite's ("ana"), never by ids.
type Directory interface {
	// Open returns a new source on the directory, as a new process would, that was asked for these attributes.
	Open(attributes ...string) connectors.Source
	// AddPerson adds somebody whose address is name@example.com and whose name for people to read is "The " + name. A value of
	// "" means no attribute.
	AddPerson(name, value string)
	// AddGroup adds a group of people and groups. Those that are not there yet come later or never, if the directory allows.
	AddGroup(name string, members ...string)
	// SetMembers gives a group these members and no other.
	SetMembers(group string, members ...string)
	// RenamePerson changes everything that may change: address, name, login, distinguished name. The person is called to by
	// the suite from then on, and stays a member of the same groups.
	RenamePerson(name, to string)
	// RenameGroup does the same for a group.
	RenameGroup(name, to string)
	// SetValue changes the attribute; "" takes it away.
	SetValue(person, value string)
	// Disable disables a person as an administrator does.
	Disable(person string)
	// Remove deletes a person or a group, as the directory's own tools do.
	Remove(name string)
}

// A Breaker is a Directory that can fail in the middle of an answer. Every directory that is reached over a network should be one.
type Breaker interface {
	// Break makes every read fail after it has brought some, but not all, of the people; heal ends that.
	Break() (heal func())
}

// A Forgetter is a Directory whose positions expire. Forget makes it forget all that it gave out.
type Forgetter interface{ Forget() }

// story is one test of the suite.
type story struct {
	name string
	tell func(*testing.T, Harness, Directory)
}

// Run tells every story, each on a directory of its own.
func Run(t *testing.T, h Harness) {
	for _, s := range []story{
		{"an empty directory is read as empty, not as an error", emptyDirectory},
		{"one person comes with what is known of them", onePerson},
		{"attributes come only as asked", attributesAsAsked},
		{"nobody is lost at the edge of a page", pageEdge},
		{"an id survives a rename and a new process", renameKeepsID},
		{"a renamed person stays in their groups", renameKeepsMembership},
		{"who is disabled is still there, and disabled", disabled},
		{"nested groups hold what is in them", nestedGroups},
		{"groups that contain each other end", cyclicGroups},
		{"a member who is not there hurts nobody", danglingMember},
		{"the order in which things were made does not matter", orderOfMaking},
		{"who is removed is gone", removal},
		{"reading again without a change changes nothing", repeated},
		{"increments end where a full read ends", increments},
		{"a position of another source is not used", foreignCursor},
		{"a position that means nothing is not used", garbledCursor},
		{"an expired position leads to a full read", expiredCursor},
		{"the first error of put ends the read", putFails},
		{"a read that breaks in the middle is an error", brokenRead},
		{"a cancelled read ends soon and is an error", cancelled},
		{"whoever watches is told of every change", tellsOfChanges},
		{"a watch ends when it is told to", watchIsCancelled},
		{"a watch that breaks says so, and can begin again", watchIsBroken},
	} {
		t.Run(s.name, func(t *testing.T) { s.tell(t, h, h.New(t)) })
	}
}
