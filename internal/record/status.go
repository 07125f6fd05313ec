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
	NextDue      time.Time      `json:"next_due,omitzero"`      // when something is to be done although nothing changes: a date, a grace, another try
	Refused      string         `json:"refused,omitempty"`      // why the changed file is not in use; "" when it is
	Failing      string         `json:"failing,omitempty"`      // why the last run failed; "" when it did not
	Failures     int            `json:"failures,omitempty"`     // runs in a row that failed
	LeaversWait  bool           `json:"leavers_wait,omitempty"` // somebody was disabled or deleted, and the run that follows was not made yet
}

// Pause is that nothing is carried out until somebody says so.
type Pause struct {
	Since time.Time `json:"since"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
}

// SourceHealth is what a daemon knows of one source beside how it was last read.
type SourceHealth struct {
	Name       string    `json:"name"`
	Watching   bool      `json:"watching"`              // it tells of changes by itself, and is listened to
	NotWatched string    `json:"not_watched,omitempty"` // why one that could tell of changes is not listened to; "" when there is nothing to say
	Reading    bool      `json:"reading,omitempty"`
	Next       time.Time `json:"next,omitzero"`      // when it is read next
	Failures   int       `json:"failures,omitempty"` // reads in a row that failed
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
