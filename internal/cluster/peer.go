package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"
)

const (
	beatEvery  = time.Second
	goneAfter  = 5 * time.Second // of silence
	pausedFor  = 3 * beatEvery   // between two looks at the others: then it was this node that did not listen
	maxSilent  = 1024            // ids of nodes that went without a goodbye and are remembered
	flushDelay = 5 * time.Millisecond
)

// peer is another node. events guards it, save what never changes; and mu as well when node changes.
type peer struct {
	id    string
	node  Node
	heard time.Time
	rows  map[*Table]*remote

	gone context.Context // ends when it has gone
	drop context.CancelFunc
}

// heartbeat is what a node says of itself every second.
type heartbeat struct {
	Node
	Hello  bool              `json:"hello,omitempty"`  // it wants to hear of the others at once
	Tables map[string]uint64 `json:"tables,omitempty"` // the number of the last change that was told of each
}

// Nodes returns those that are alive: this one first, the others by name.
func (c *Cluster) Nodes() []Node { return append([]Node{c.Self()}, c.others()...) }

// others returns the other nodes by name.
func (c *Cluster) others() []Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Node, 0, len(c.peers))
	for _, p := range c.peers {
		all = append(all, p.node.clone())
	}
	slices.SortFunc(all, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Node returns one of the Nodes by its id.
func (c *Cluster) Node(id string) (n Node, alive bool) {
	if id == c.id {
		return c.Self(), true
	}
	if p := c.peer(id); p != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return p.node.clone(), true
	}
	return n, false
}

// peer returns another node, or nil.
func (c *Cluster) peer(id string) *peer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peers[id]
}

// beat says every second that this node is here, misses those that say nothing, and tells what has been put into tables.
func (c *Cluster) beat() {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	var flush <-chan time.Time // nil if nothing has been put
	looked := time.Now()
	for {
		select {
		case <-c.work.Done():
			return
		case <-c.put:
			if flush == nil {
				flush = time.After(flushDelay)
			}
		case <-flush:
			flush = nil
			for _, t := range c.tables {
				t.flush()
			}
		case <-ticker.C:
			c.sayBeat()
			now := time.Now()
			c.missSilent(now, now.Sub(looked) > pausedFor)
			looked = now
		}
	}
}

// sayBeat sends the heartbeat that tells how far the tables are. It comes from the goroutine that tells their changes,
// so that it does not overtake them.
func (c *Cluster) sayBeat() {
	tables := make(map[string]uint64, len(c.tables))
	for name, t := range c.tables {
		tables[name] = t.last()
	}
	c.sayHeartbeat(subjectAll, heartbeat{Tables: tables})
}

// sayHere says besides what this node is.
func (c *Cluster) sayHere(to string, hello bool) { c.sayHeartbeat(to, heartbeat{Hello: hello}) }

func (c *Cluster) sayHeartbeat(to string, h heartbeat) {
	c.beating.Lock()
	defer c.beating.Unlock()
	if !c.live.Load() {
		return // it would come again after its goodbye
	}
	h.Node = c.Self()
	body, err := json.Marshal(h)
	if err != nil {
		panic("cluster: a node that is no JSON: " + err.Error()) // it has texts and numbers only
	}
	c.send(to, frame{kind: kindHere, body: body})
}

// hearHere takes a heartbeat. events is held.
func (c *Cluster) hearHere(f frame) {
	var h heartbeat
	if err := json.Unmarshal(f.body, &h); err != nil || h.ID != f.from {
		c.unreadable(f, err)
		return
	}
	p := c.peer(f.from)
	switch {
	case p == nil:
		p = c.come(h.Node)
		c.sayHere(subjectTo+p.id, false)
	case h.Hello:
		c.sayHere(subjectTo+p.id, false)
	}
	changed := !p.node.sameButFigures(h.Node)
	c.mu.Lock()
	p.node = h.Node
	c.mu.Unlock()
	p.heard = time.Now()
	if changed {
		c.tellWatchers(p.node, true)
	}
	for name, last := range h.Tables {
		if t := c.tables[name]; t != nil {
			c.reached(p, t, last)
		}
	}
}

// come takes in a node. events is held.
func (c *Cluster) come(n Node) *peer {
	p := &peer{id: n.ID, node: n, heard: time.Now(), rows: make(map[*Table]*remote)}
	p.gone, p.drop = context.WithCancel(c.work)
	c.mu.Lock()
	c.peers[n.ID] = p
	c.mu.Unlock()
	c.counts.came.Add(1)
	c.log.Info("a node has come", "node", n.Name, "id", n.ID, "version", n.Version, "again", c.silent[n.ID])
	for _, f := range c.flows {
		f.come(n.ID, c.silent[n.ID])
	}
	delete(c.silent, n.ID)
	c.tellWatchers(n, true)
	for _, t := range c.tables {
		p.rows[t] = newRemote()
		c.refetch(p, t)
	}
	return p
}

// missSilent drops who has not been heard for too long. When it was this node that was stopped for a while, as by a
// signal, nobody is to blame: they get their time anew.
func (c *Cluster) missSilent(now time.Time, paused bool) {
	c.events.Lock()
	defer c.events.Unlock()
	for _, n := range c.others() {
		p := c.peer(n.ID)
		switch {
		case paused:
			p.heard = now
		case now.Sub(p.heard) > goneAfter:
			if len(c.silent) >= maxSilent {
				clear(c.silent)
			}
			c.silent[n.ID] = true
			c.leave(p, "it has been silent for too long")
		}
	}
}

// leave lets a node go with its rows. events is held.
func (c *Cluster) leave(p *peer, why string) {
	c.mu.Lock()
	delete(c.peers, p.id)
	c.mu.Unlock()
	p.drop()
	c.counts.went.Add(1)
	c.log.Info("a node has gone", "node", p.node.Name, "id", p.id, "why", why)
	for _, f := range c.flows {
		f.leave(p.id, c.silent[p.id])
	}
	for _, t := range c.tables {
		p.rows[t].clear(func(key string) { t.changed(p.id, key, nil) })
	}
	c.tellWatchers(p.node, false)
}

func (c *Cluster) tellWatchers(n Node, here bool) {
	for _, f := range c.watchers {
		f(n.clone(), here)
	}
}

// awaitTables waits until the tables of those who are here have been fetched once.
func (c *Cluster) awaitTables(ctx context.Context) {
	var awaited []*peer
	var rows []*remote
	c.events.Lock()
	for _, n := range c.others() {
		p := c.peer(n.ID)
		for _, r := range p.rows {
			awaited, rows = append(awaited, p), append(rows, r)
		}
	}
	c.events.Unlock()
	for i, r := range rows {
		select {
		case <-r.here:
		case <-awaited[i].gone.Done():
		case <-ctx.Done():
			return
		}
	}
}
