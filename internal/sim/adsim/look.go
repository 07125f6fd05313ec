package adsim

import "strings"

// Write is the originating write that a value is of; the zero Write is none.
type Write struct{ stamp stamp }

// Last is the write of an attribute that a controller goes by.
func (c *Controller) Last(id GUID, attribute string) Write {
	defer c.hold()()
	if o := c.objects[id]; o != nil {
		return Write{o.cells[strings.ToLower(attribute)].stamp}
	}
	return Write{}
}

// Beats says whether a write wins over another one wherever both arrive. None beats itself.
func (w Write) Beats(other Write) bool { return w.stamp.beats(other.stamp) }

// Find is the name of an object at this controller, "" where it is not there or was deleted.
func (c *Controller) Find(id GUID) string {
	defer c.hold()()
	if o := c.objects[id]; o != nil && !o.deleted {
		return c.dn(o)
	}
	return ""
}

// Isolated says whether the others found out that this controller was put back.
func (c *Controller) Isolated() bool {
	defer c.hold()()
	return c.isolated
}
