package server

import (
	"sync"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// canaryOthers is what the canaries of all nodes have lost last. A load balancer that is told to send clients elsewhere should
// only be told if it is better there: see docs/decisions/0027-what-readiness-means.md.
type canaryOthers struct {
	rows    *cluster.Table // by check, those that this node has found to fail
	quorate func() bool    // this node sees a majority of those that keep the logs

	mu     sync.Mutex                 // guards what follows
	own    map[string]bool            // in rows
	failed map[string]map[string]bool // other nodes by check
	alive  map[string]bool            // other nodes that do not drain
}

// watchOthers begins to hear of other nodes. The cluster has not started yet.
func watchOthers(s *Server) *canaryOthers {
	o := &canaryOthers{own: make(map[string]bool), failed: make(map[string]map[string]bool), alive: make(map[string]bool)}
	o.quorate = func() bool {
		if s.store.logs == nil {
			return true
		}
		m, together := s.store.logs.Membership()
		return !together || m.Connected+1 >= m.Needed
	}
	s.cluster.Watch(o.seen)
	o.rows = s.cluster.Table("canary", o.changed)
	return o
}

// seen notes which other nodes there are.
func (o *canaryOthers) seen(n cluster.Node, here bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if here && n.State != cluster.Draining {
		o.alive[n.ID] = true
	} else {
		delete(o.alive, n.ID)
	}
}

// changed hears what another node has found.
func (o *canaryOthers) changed(node, check string, value []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if value == nil {
		delete(o.failed[check], node)
		return
	}
	if o.failed[check] == nil {
		o.failed[check] = make(map[string]bool)
	}
	o.failed[check][node] = true
}

// note tells the others how this node has found a check: the first time already, so that all know of each other when it counts.
func (o *canaryOthers) note(check string, good bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case good && o.own[check]:
		delete(o.own, check)
		o.rows.Delete(check)
	case !good && !o.own[check]:
		o.own[check] = true
		o.rows.Put(check, []byte("1"))
	}
}

// excuse says why a node may be ready though a check has failed, or "". It asks nobody and waits for nothing that may be stuck.
func (o *canaryOthers) excuse(check string) string {
	better := 0
	o.mu.Lock()
	defer o.mu.Unlock()
	for node := range o.alive {
		if !o.failed[check][node] {
			better++
		}
	}
	switch {
	case check == checkCertificate && better == 0:
		return "no other node is known to have a better one"
	case check == checkLog && len(o.alive) > 0 && better == 0 && o.quorate():
		return "no other node can store anything either; what needs no log goes on"
	}
	return ""
}
