package cluster

// Table has rows that belong to the node that put them, and that all nodes know in the end: changes are told within some
// ten milliseconds, those that are missed are noticed within a second or two and fetched again, and what a node had goes
// with it. Its methods may be called from any goroutine, and wait for nobody.
type Table struct {
	name    string
	changed Changed
}

// Changed is told of a row of another node: a value that is new, or nil when the row is gone. It is told what matters in
// the end: of changes that follow each other closely, the last. What it sees of one node is in order. It must not block.
type Changed func(node, key string, value []byte)

// Table returns the table of that name, whose rows of other nodes changed is told of. It is called before Start, once for
// each name.
func (c *Cluster) Table(name string, changed Changed) *Table {
	t := &Table{name: name, changed: changed}
	c.tables[name] = t
	return t
}

// Put sets a row of this node. It keeps value, which must not change any more. A key and its value have at most
// MaxBodyBytes together. Keys are any strings; those that go together should begin alike.
func (t *Table) Put(key string, value []byte) {}

// Delete removes a row of this node, if it is there.
func (t *Table) Delete(key string) {}
