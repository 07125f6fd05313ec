package record

import "time"

// Status is how a running daemon is at one moment: what only the process knows. How sources were read, what is held and what earlier
// runs did is remembered, and the store's to say.
type Status struct {
	Version      string         `json:"version"`
	Installation string         `json:"installation"`
	Mode         string         `json:"mode"` // observe, add_only, full
	Started      time.Time      `json:"started"`
	Paused       *Pause         `json:"paused,omitempty"` // nil: it is not
	Sources      []SourceHealth `json:"sources"`          // in the order of the file
	UnderWay     *UnderWay      `json:"under_way,omitempty"`
	NextChanges  time.Time      `json:"next_changes,omitzero"` // zero: none is planned
	NextFull     time.Time      `json:"next_full,omitzero"`
	Refused      string         `json:"refused,omitempty"` // why the changed file is not in use; "" when it is
}

// Pause is that nothing is carried out until somebody says so.
type Pause struct {
	Since time.Time `json:"since"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
}

// SourceHealth is what a daemon knows of one source beside how it was last read.
type SourceHealth struct {
	Name     string    `json:"name"`
	Watching bool      `json:"watching"`           // it tells of changes by itself, and is listened to
	Next     time.Time `json:"next,omitzero"`      // when it is read next
	Failures int       `json:"failures,omitempty"` // reads in a row that failed
}

// UnderWay is the run that is being carried out.
type UnderWay struct {
	Began time.Time `json:"began"`
	Full  bool      `json:"full"`
	Asked string    `json:"asked"`
	Tried int       `json:"tried"` // steps that were sent
	Todo  int       `json:"todo"`  // all that will be; 0 while sources or Kisi are still looked at
	Left  Seconds   `json:"left"`  // about, until the end; 0 when nobody can say
	Doing string    `json:"doing"` // "reading corp", "looking at Kisi", or the last step in words, without names of people
}

// Seconds is a duration in whole seconds.
type Seconds int64

// Wish is a run that somebody asks for.
type Wish struct {
	Full bool   `json:"full"` // everybody is looked at, else who differs from what is known
	By   string `json:"by"`   // who asked, for the record
}
