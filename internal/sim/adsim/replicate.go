package adsim

import (
	"maps"
	"strings"
)

// Replicate brings to a controller what another one of its domain has and it has not ([MS-DRSR] section 4.1.10, IDL_DRSGetNCChanges): objects in the
// order of their last change at the source, of each what the destination does not have by its vector. A whole cycle ends with the destination
// knowing all that the source knew, and its vector says so. Nothing happens with a controller that was found to have been put back.
func (c *Controller) Replicate(from *Controller) {
	defer c.hold()()
	c.pull(from, 0)
}

// ReplicateSome breaks the cycle off after so many objects. The destination keeps them, and where it was, but its vector stays ([MS-DRSR] section
// 4.1.10.6: the vector is merged at the end of a cycle).
func (c *Controller) ReplicateSome(from *Controller, objects int) {
	defer c.hold()()
	c.pull(from, objects)
}

func (c *Controller) pull(from *Controller, most int) {
	if c.isolated || from.isolated || c.domain != from.domain {
		return
	}
	if c.vector[from.invocation] > from.usn || c.asked[from.invocation] > from.usn || from.vector[c.invocation] > c.usn {
		// Somebody is told of changes that he has not made yet. He takes no part any more (https://learn.microsoft.com/troubleshoot/windows-server/
		// active-directory/detect-and-recover-from-usn-rollback).
		if from.vector[c.invocation] > c.usn {
			c.isolated = true
		} else {
			from.isolated = true
		}
		return
	}
	n := 0
	for _, o := range from.sorted() {
		if o.usnChanged <= c.asked[from.invocation] {
			continue
		}
		if n++; most > 0 && n > most {
			return
		}
		c.take(from, o)
		c.asked[from.invocation] = o.usnChanged
	}
	for id, usn := range from.vector {
		c.vector[id] = max(c.vector[id], usn)
	}
	c.vector[from.invocation] = max(c.vector[from.invocation], from.usn)
	delete(c.vector, c.invocation)
	maps.Copy(c.phantoms, from.phantoms)
}

// has says whether a write is known by the vector.
func (c *Controller) has(s stamp) bool {
	if s.invocation == c.invocation {
		return s.usn <= c.usn
	}
	return s.usn <= c.vector[s.invocation]
}

// take applies what it has not of one object, as one change of its own numbering.
func (c *Controller) take(from *Controller, o *object) {
	mine, known := c.objects[o.guid]
	if !known {
		mine = &object{guid: o.guid, cells: map[string]cell{}, members: map[GUID]link{}}
	}
	changed := false
	for name, theirs := range o.cells {
		if ours, has := mine.cells[name]; !c.has(theirs.stamp) && (!has || theirs.beats(ours.stamp)) {
			mine.cells[name], changed = theirs, true
		}
	}
	for id, theirs := range o.members {
		if ours, has := mine.members[id]; !c.has(theirs.stamp) && (!has || theirs.beats(ours.stamp)) {
			mine.members[id], changed = theirs, true
		}
	}
	mine.derive()
	if !changed || mine.name == "" {
		return // the rest of an object that is not here
	}
	c.usn++
	mine.usnChanged, mine.whenChanged = c.usn, c.now()
	if !known {
		mine.usnCreated, c.objects[o.guid] = c.usn, mine
	}
	if mine.recycled() || mine.deleted && c.domain.forest.options.WithoutBin {
		c.unlink(mine)
		return
	}
	c.settle(mine)
}

// settle gives one of two objects of one name another one, as the destination of a replication does: the one whose name was given first loses
// ([MS-DRSR] section 4.1.10.6.8, conflict-mangled RDN of [MS-ADTS] section 3.1.1.5.1.5.1).
func (c *Controller) settle(o *object) {
	if o.deleted {
		return
	}
	for _, other := range c.objects {
		if other == o || other.deleted || other.parent != o.parent || !strings.EqualFold(other.name, o.name) {
			continue
		}
		loser := other
		if other.cells["name"].beats(o.cells["name"].stamp) {
			loser = o
		}
		u := c.begin(loser)
		u.set("name", loser.name+"\nCNF:"+loser.guid.String())
		u.set("parentGUID", string(loser.parent[:]))
		return
	}
}

// Image is a copy of a controller's disk.
type Image struct {
	state      state
	invocation GUID
}

// Image copies the disk.
func (c *Controller) Image() Image {
	defer c.hold()()
	return Image{c.state.clone(), c.invocation}
}

// PutBack puts a disk back behind the directory's back: numbers begin again where they were and are given to other changes, under the same invocationId.
func (c *Controller) PutBack(i Image) {
	defer c.hold()()
	c.state, c.invocation, c.isolated = i.state.clone(), i.invocation, false
}

// Restore puts a disk back as Windows wants it: the database has another invocationId from then on, and knows itself under the old one as somebody
// whose changes it has up to the image ([MS-ADTS] section 3.1.1.1.9).
func (c *Controller) Restore(i Image) {
	defer c.hold()()
	c.state, c.isolated = i.state.clone(), false
	c.vector[i.invocation] = c.usn
	c.invocation = c.domain.forest.newGUID()
}

// Rebuild makes the controller anew out of another one, as is advised where a disk was put back.
func (c *Controller) Rebuild(from *Controller) {
	defer c.hold()()
	c.state, c.isolated = newState(), false
	c.invocation, c.dsa = c.domain.forest.newGUID(), c.domain.forest.newGUID()
	c.pull(from, 0)
}
