package directory

// Of several servers of one directory one may not have yet what another one has told. A disk that was put back is the same. What such a server shows
// was true once: taking it would let in again whom the directory disabled since, and take from others what they were given since. Nor can it be
// left alone, as somebody may be disabled there first. So of such a read that counts which never lets anybody in: who is disabled, or stated to be
// deleted.

// behind seals a read that is older than what is known. Everything stays as it is, the position too, but for leavers.
// Who comes next must know of them.
func (b *Builder) behind(r Receipt) (*Snapshot, Diff, error) {
	only := Build(b.source, b.last)
	only.clockGood = b.clockGood
	read, known, next := b.people.rows.finish(), &b.last.people, b.last.cursor
	leaves := func(leaver *Record) error {
		if r.Held != nil {
			next.Token = r.Held
		}
		return only.Put(leaver)
	}
	for _, at := range byID(&read) {
		id := read.id.at(int(at))
		old, was := known.id.find(id)
		if _, marked := b.marks[id]; !was || marked || read.active[at] != No || known.active[old] == No {
			continue
		}
		person := b.last.record(PersonIs, known, old, &row{})
		person.Active, person.Changed = No, fromUnix(read.changed[at])
		if err := leaves(person); err != nil {
			return nil, Diff{}, err
		}
	}
	for id := range b.erased {
		if _, was := known.id.find(id); was {
			if err := leaves(&Record{Kind: Erased, ID: id}); err != nil {
				return nil, Diff{}, err
			}
		}
	}
	return only.Seal(Receipt{Coverage: Delta, Next: next, Proof: r.Proof, At: r.At, AsOf: b.last.AsOf(), Gathering: r.Gathering}, nil)
}
