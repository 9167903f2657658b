package cluster

import (
	"sync"

	"github.com/tidwall/btree"
)

// Table has rows that belong to the node that put them, and that all nodes know in the end: changes are told within some
// ten milliseconds, those that are missed are noticed within a second or two and fetched again, and what a node had goes
// with it. Its methods may be called from any goroutine, and wait for nobody.
type Table struct {
	cluster *Cluster
	name    string
	changed Changed

	mu     sync.Mutex // guards what follows
	rows   btree.Map[string, []byte]
	number uint64         // of the last change that was told
	news   []row          // what has not been told; the key of what has changed once more is at its last place only
	places map[string]int // in news
}

// Changed is told of a row of another node: a value that is new, or nil when the row is gone. It is told what matters in
// the end: of changes that follow each other closely, the last. What it sees of one node is in order. It must not block,
// nor keep or change value.
type Changed func(node, key string, value []byte)

// Table returns the table of that name, whose rows of other nodes changed is told of. It is called before Start, once for
// each name.
func (c *Cluster) Table(name string, changed Changed) *Table {
	t := &Table{cluster: c, name: name, changed: changed, places: make(map[string]int)}
	c.tables[name] = t
	return t
}

const (
	maxDeltaBytes = 128 << 10 // of changes that are told together, if it is more than one
	maxPageBytes  = 256 << 10 // likewise of rows that are fetched together
)

// Put sets a row of this node. It keeps value, which must not change any more. A key and its value have at most
// MaxBodyBytes together. A key is any string but "". What is none, or too large, is logged and left out.
func (t *Table) Put(key string, value []byte) {
	r := row{key, value}
	if t.cluster.bus == nil {
		return // nobody will ever ask
	}
	if key == "" || r.bytes() > MaxBodyBytes {
		t.cluster.log.Error("a row can't be told to the other nodes: it has no key, or is too large", "table", t.name, "key", key, "bytes", r.bytes(), "most", MaxBodyBytes)
		return
	}
	if value == nil {
		r.value = []byte{}
	}
	t.mu.Lock()
	t.rows.Set(key, r.value)
	t.noteLocked(r)
	t.mu.Unlock()
	t.cluster.wake()
}

// Delete removes a row of this node, if it is there.
func (t *Table) Delete(key string) {
	if t.cluster.bus == nil {
		return
	}
	t.mu.Lock()
	_, there := t.rows.Delete(key)
	if there {
		t.noteLocked(row{key: key})
	}
	t.mu.Unlock()
	if there {
		t.cluster.wake()
	}
}

// noteLocked notes what is to be told. An earlier change of the same key need not be any more.
func (t *Table) noteLocked(r row) {
	t.places[r.key] = len(t.news)
	t.news = append(t.news, r)
	if len(t.news) > 2*len(t.places)+minNews { // most have changed again
		t.packLocked()
	}
}

const minNews = 64

// packLocked forgets changes of what has changed again.
func (t *Table) packLocked() {
	kept := t.news[:0]
	for at, r := range t.news {
		if t.places[r.key] == at {
			t.places[r.key] = len(kept)
			kept = append(kept, r)
		}
	}
	clear(t.news[len(kept):])
	t.news = kept
}

// wake has changes told soon.
func (c *Cluster) wake() {
	select {
	case c.put <- struct{}{}:
	default:
	}
}

// last returns the number of the last change that was told.
func (t *Table) last() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.number
}

// flush tells what has changed. Only one goroutine does, so that it is told in order. If something can't be sent, the
// others notice a hole.
func (t *Table) flush() {
	for _, f := range t.deltas() {
		t.cluster.send(subjectAll, f)
	}
}

// deltas numbers what is to be told. From then on it counts as told, so that a page which has it says so.
func (t *Table) deltas() (all []frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.packLocked()
	var body []byte
	end := func() {
		if len(body) > 0 {
			t.number++
			all = append(all, frame{kind: kindDelta, topic: t.name, number: t.number, body: body})
			body = nil
		}
	}
	for _, r := range t.news {
		if len(body)+r.bytes() > maxDeltaBytes {
			end()
		}
		body = appendRow(body, r)
	}
	end()
	t.news = nil
	clear(t.places)
	return all
}

// page returns rows behind a key as they are sent: the number of the last change that was told, which is in them, and
// whether there are more rows. Behind "" is the first.
func (t *Table) page(after string) (number uint64, rows []byte, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows.Ascend(after, func(key string, value []byte) bool {
		r := row{key, value}
		switch {
		case key == after:
		case len(rows) > 0 && len(rows)+r.bytes() > maxPageBytes:
			more = true
			return false
		default:
			rows = appendRow(rows, r)
		}
		return true
	})
	return t.number, rows, more
}
