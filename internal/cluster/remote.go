package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/tidwall/btree"
)

// remote is the rows of another node in a table, as far as this node knows them. Cluster.events guards it.
//
// It is fetched page by page, in the order of the keys, while changes go on. Each page says up to which change it has
// them. Changes that come meanwhile wait until all pages are here; then those that a row's page has already are left out,
// and from there on what comes joins on: the next number, or there is a hole, and the rows are fetched anew.
type remote struct {
	rows   btree.Map[string, []byte]
	number uint64 // of the last change that is in rows

	fetching   bool
	early      []delta // came while fetching, in order
	earlyBytes int
	pages      []page // of the last fetch, until number has passed all of theirs

	here    chan struct{} // closed when the rows have been here once
	arrived sync.Once
}

// delta is changes of a table that were told together.
type delta struct {
	number uint64
	rows   []row
}

// page is rows that were fetched together: up to the key end, or all that are left if last is set.
type page struct {
	number uint64
	end    string
	last   bool
	rows   []row
}

// maxEarlyBytes bounds the changes that wait for the pages. Beyond they are forgotten: then there is a hole.
const maxEarlyBytes = 8 << 20

func newRemote() *remote { return &remote{here: make(chan struct{})} }

// set changes a row, and tells whether that is news.
func (r *remote) set(to row) bool {
	if to.value == nil {
		_, had := r.rows.Delete(to.key)
		return had
	}
	was, had := r.rows.Get(to.key)
	if had && bytes.Equal(was, to.value) {
		return false
	}
	r.rows.Set(to.key, bytes.Clone(to.value)) // not to keep all that came with it
	return true
}

// clear removes all rows.
func (r *remote) clear(tell func(key string)) {
	keys := r.rows.Keys()
	r.rows.Clear()
	for _, key := range keys {
		tell(key)
	}
}

// knows tells whether the page that a key was in, or would have been, was made after a change.
func (r *remote) knows(key string, number uint64) bool {
	for _, p := range r.pages {
		if p.last || key <= p.end {
			return number <= p.number
		}
	}
	return false
}

// without returns the keys behind one, up to the end of a page, that the page does not have.
func (r *remote) without(p *page, after string) (missing []string) {
	i := 0
	r.rows.Ascend(after, func(key string, _ []byte) bool {
		if key == after {
			return true
		}
		if !p.last && key > p.end {
			return false
		}
		for i < len(p.rows) && p.rows[i].key < key {
			i++
		}
		if i == len(p.rows) || p.rows[i].key != key {
			missing = append(missing, key)
		}
		return true
	})
	return missing
}

// hearDelta takes changes of another node's rows. events is held.
func (c *Cluster) hearDelta(f frame) {
	p, t := c.peer(f.from), c.tables[f.topic]
	if p == nil || t == nil {
		return // the node comes with its next heartbeat; or it is of another version
	}
	rows, err := parseRows(f.body)
	if err != nil {
		c.unreadable(f, err)
		return
	}
	r, d := p.rows[t], delta{f.number, rows}
	if !r.fetching && d.number > r.number+1 {
		c.hole(p, t)
	}
	if !r.fetching {
		c.apply(p, t, d)
		return
	}
	if r.earlyBytes += len(f.body); r.earlyBytes <= maxEarlyBytes {
		r.early = append(r.early, d)
	} else {
		r.early = nil
	}
}

// apply takes the changes that come next, if they are not in rows yet. events is held.
func (c *Cluster) apply(p *peer, t *Table, d delta) {
	r := p.rows[t]
	if d.number <= r.number {
		return
	}
	for _, row := range d.rows {
		if !r.knows(row.key, d.number) {
			c.change(p, t, row)
		}
	}
	r.number = d.number
	for _, page := range r.pages {
		if page.number > r.number {
			return
		}
	}
	r.pages = nil
}

// change changes a row, and tells of it. events is held.
func (c *Cluster) change(p *peer, t *Table, row row) {
	if p.rows[t].set(row) {
		t.changed(p.id, row.key, row.value)
	}
}

// reached looks whether all changes have come that a node says it has told. events is held.
func (c *Cluster) reached(p *peer, t *Table, last uint64) {
	if r := p.rows[t]; !r.fetching && last > r.number {
		c.hole(p, t)
	}
}

// hole fetches the rows of a node again, because changes of them have been missed. events is held.
func (c *Cluster) hole(p *peer, t *Table) {
	c.counts.holes.Add(1)
	c.log.Debug("changes of another node were missed; its rows are fetched", "node", p.node.Name, "id", p.id, "table", t.name)
	c.refetch(p, t)
}

// refetch begins to fetch the rows of a node. events is held, and they are not being fetched.
func (c *Cluster) refetch(p *peer, t *Table) {
	r := p.rows[t]
	r.fetching, r.early, r.earlyBytes, r.pages = true, nil, 0, nil
	c.running.Go(func() { c.fetch(p, t) })
}

const pageTimeout = 5 * time.Second

// How long a fetch waits after a failure.
const (
	minFetchDelay = 100 * time.Millisecond
	maxFetchDelay = 2 * time.Second
)

// fetch fetches the rows of a node, until they are here or the node has gone.
func (c *Cluster) fetch(p *peer, t *Table) {
	after, delay := "", minFetchDelay
	for {
		got, err := c.askRows(p, t, after)
		if err != nil {
			if pause(p.gone, delay) != nil {
				return
			}
			delay = min(2*delay, maxFetchDelay)
			continue
		}
		delay = minFetchDelay
		if c.takePage(p, t, after, got) {
			return
		}
		after = got.end
	}
}

// askRows asks for the page of rows behind a key.
func (c *Cluster) askRows(p *peer, t *Table, after string) (*page, error) {
	ctx, cancel := context.WithTimeoutCause(p.gone, pageTimeout, ErrTimeout)
	defer cancel()
	body, err := c.ask(ctx, p.id, frame{kind: kindRows, topic: t.name, body: []byte(after)})
	if errors.Is(err, ErrUnknown) {
		return &page{last: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return parsePage(body)
}

// answerRows answers askRows. events is held: it costs a walk through the rows of one page.
func (c *Cluster) answerRows(f frame) {
	answer := frame{kind: kindAnswer, number: f.number, topic: statusUnknown}
	if t := c.tables[f.topic]; t != nil {
		number, rows, more := t.page(string(f.body))
		answer.topic, answer.body = statusOK, appendPage(number, more, rows)
	}
	c.send(subjectTo+f.from, answer)
}

func appendPage(number uint64, more bool, rows []byte) []byte {
	b := append(binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+1+len(rows)), number), 0)
	if more {
		b[len(b)-1] = 1
	}
	return append(b, rows...)
}

func parsePage(b []byte) (*page, error) {
	number, n := binary.Uvarint(b)
	if n <= 0 || len(b) == n {
		return nil, errFrame
	}
	p := &page{number: number, last: b[n] == 0}
	var err error
	if p.rows, err = parseRows(b[n+1:]); err != nil {
		return nil, err
	}
	switch {
	case len(p.rows) > 0:
		p.end = p.rows[len(p.rows)-1].key
	case !p.last:
		return nil, errFrame // it would be asked for forever
	}
	return p, nil
}

// takePage takes the rows behind a key, and tells whether there is nothing more to fetch.
func (c *Cluster) takePage(p *peer, t *Table, after string, got *page) (done bool) {
	c.events.Lock()
	defer c.events.Unlock()
	if c.closed || p.gone.Err() != nil {
		return true
	}
	r := p.rows[t]
	for _, key := range r.without(got, after) {
		c.change(p, t, row{key: key})
	}
	for _, row := range got.rows {
		c.change(p, t, row)
	}
	got.rows = nil
	r.pages = append(r.pages, *got)
	if !got.last {
		return false
	}
	c.fetched(p, t)
	return true
}

// fetched goes on with the changes that came meanwhile. events is held.
func (c *Cluster) fetched(p *peer, t *Table) {
	r := p.rows[t]
	early := r.early
	r.fetching, r.early, r.earlyBytes = false, nil, 0
	r.number = r.pages[0].number // later pages have more, but not of all keys
	for _, d := range early {
		if d.number > r.number+1 {
			c.hole(p, t)
			return
		}
		c.apply(p, t, d)
	}
	r.arrived.Do(func() { close(r.here) })
}
