package directory

// carrier copies attributes from finished columns into columns that are being built. A value is looked up once for each column that
// it comes from, and not once for each row that has it.
type carrier struct {
	from    *nodes
	to      *nodesBuilder
	columns []carried // like from.attrs
}

type carried struct {
	to     *columnBuilder
	number []uint32 // by number in the old column; noValue while it was not met
}

func newCarrier(from *nodes, to *nodesBuilder) *carrier {
	return &carrier{from: from, to: to, columns: make([]carried, len(from.attrs))}
}

// row copies the attributes of row i to the row that was added last.
func (c *carrier) row(i int) error {
	for k := range c.from.attrs {
		numbers := c.from.attrs[k].at(i)
		if len(numbers) == 0 {
			continue
		}
		to := c.column(k).to
		to.padTo(c.to.len() - 1)
		to.row = to.row[:0]
		for _, old := range numbers {
			n, err := c.number(k, old)
			if err != nil {
				return err
			}
			to.row = append(to.row, n)
		}
		to.column.add(to.row)
	}
	return nil
}

// column returns what column k becomes; a column of which no row is copied becomes nothing.
func (c *carrier) column(k int) *carried {
	d := &c.columns[k]
	if d.to == nil {
		from := &c.from.attrs[k]
		d.to, d.number = c.to.builder(from.name), make([]uint32, from.values.len())
		for i := range d.number {
			d.number[i] = noValue
		}
	}
	return d
}

func (c *carrier) number(k int, old uint32) (uint32, error) {
	d := &c.columns[k]
	if d.number[old] != noValue {
		return d.number[old], nil
	}
	n, err := d.to.number(c.from.attrs[k].values.at(int(old)))
	d.number[old] = n
	return n, err
}
