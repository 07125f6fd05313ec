package access

// Drift is something that somebody did in Kisi to what is ours, and that stays as it is until it is settled: undone by hand, done again
// with an approval, or no longer wanted. Somebody may accept it; then it is told no more, for as long as it stays like that.
type Drift struct {
	Kind     string // as the notes of a plan say it: "drifted", "removed_by_hand", ...
	Who      string // e-mail address, or name of a group
	Subject  string // what of it: name of a group, "name", "user", "door 31", ...
	Expected string // how it should be
	Found    string // how it is
	Since    Instant
	Step     Digest // that would do it again, to be approved; zero when there is none
	By, Why  string // who accepted it; "" while nobody has
}

// ID names the drift, for as long as it is about the same thing.
func (d *Drift) ID() Digest { return Sum(appendStrings(nil, d.Kind, d.Who, d.Subject)) }

// Accepted says that somebody knows of it and leaves it as it is.
func (d *Drift) Accepted() bool { return d.By != "" }
