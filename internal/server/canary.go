package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/health"
)

// canary is how a node finds out whether it can do its work: by the way that clients come. Again and again it connects
// to its own listener, with TLS if there is any, publishes, and waits until that has come back through the hub and through
// the log. From that, readiness (package health) learns what is late or lost.
//
// It is nobody's client: it shows a key of this run, is on no list and in no count, held to no limit, and no backend is asked
// about it.
type canary struct {
	key    string
	every  time.Duration // 0 for none
	log    *slog.Logger
	ready  *health.Readiness
	states chan cluster.State // for the other nodes: the last one
	others *canaryOthers
	flown  *flownMetrics
	perch  *perch                // where it lands
	route  *route                // how it gets there; set by begin
	fault  atomic.Pointer[error] // the last one, for the log

	ailing bool // the log has been told of trouble; one change at a time

	work    context.Context
	stop    context.CancelFunc
	running sync.WaitGroup // the flying, and the serving
	ended   sync.Once
}

// What is checked.
const (
	checkListener    = "listener"    // takes connections
	checkCertificate = "certificate" // counts now; only with TLS
	checkHub         = "hub"         // hands messages on
	checkLog         = "log"         // stores them; only if there is one
)

// canaryLate is after what time that which has not come back counts as lost. Two of them, and the wait before the first, are
// to be over within five seconds.
const canaryLate = 1750 * time.Millisecond

// newCanaryKey returns what the canary of this run shows. It is on nobody's disk, and in nobody's configuration.
func newCanaryKey() string { return rand.Text() + rand.Text() }

// init makes the canary of s, which has its store.
func (c *canary) init(ctx context.Context, s *Server) (err error) {
	c.every, c.log = s.config.Canary, s.config.Log
	c.work, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	var checks []string
	if c.every > 0 {
		checks = append(checks, checkListener)
		if s.config.HTTPS != "" {
			checks = append(checks, checkCertificate)
		}
		checks = append(checks, checkHub)
		if s.store.logs != nil {
			checks = append(checks, checkLog)
		}
		if c.perch, err = newPerch(ctx, s); err != nil {
			return err
		}
	}
	c.ready = health.New(checks...)
	c.others = watchOthers(s)
	c.ready.Excuse = c.others.excuse
	c.ready.Changed = c.changed
	c.states = make(chan cluster.State, 1)
	c.flown = newFlownMetrics(s.metrics.Telemetry, c.ready)
	return nil
}

// begin lets the canary fly until end. The server listens.
func (c *canary) begin(s *Server) {
	c.running.Go(func() { c.tell(s) })
	c.ready.Begin()
	if c.every == 0 {
		return
	}
	c.route = newRoute(s, c.key)
	c.running.Go(func() {
		tick := time.NewTicker(c.every)
		defer tick.Stop()
		for c.work.Err() == nil {
			if !c.fly() {
				select {
				case <-tick.C: // the time is up already: at once, so that two in a row are known soon
				default:
				}
			}
			select {
			case <-tick.C:
			case <-c.work.Done():
			}
		}
	})
}

// end waits until nothing is left of the canary. Whoever asks is told why. Further calls do nothing.
func (c *canary) end(why string) {
	if c.ready == nil {
		return // it was not made
	}
	c.ended.Do(func() {
		c.ready.Drain(why)
		if c.perch != nil {
			c.perch.leave()
			defer c.perch.close()
		}
		c.stop()
		c.running.Wait()
	})
}

// tell tells the other nodes how this one does, until end. It has a goroutine of its own: to be told, the node is counted through, and if
// that is what is stuck, whoever asks /readyz shall be answered all the same.
func (c *canary) tell(s *Server) {
	for {
		select {
		case state := <-c.states:
			s.cluster.Update(func(n *cluster.Node) { n.State = state })
		case <-c.work.Done():
			return
		}
	}
}

// changed tells the log of trouble, and of its end. It is called for one change at a time.
func (c *canary) changed(r health.Report) {
	select {
	case <-c.states: // which is not true any more
	default:
	}
	c.states <- cluster.State(r.Status)
	if r.Status != health.NotReady {
		if r.Status == health.Ready && c.ailing {
			c.log.Info("the node is ready again: its own messages come through")
		}
		c.ailing = false
		return
	}
	c.ailing = true
	var fault any = "none"
	if err := c.fault.Load(); err != nil {
		fault = *err
	}
	c.log.Error("the node is not ready: load balancers that ask /readyz send no clients here", "reason", r.Reason, "error", fault)
}

// serveProbes answers load balancers, and the canary, before anything else is asked of a request: by which name it came,
// from where, and whether over TLS. There is no line in the log, and no limit.
func (s *Server) serveProbes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case health.AlivePath:
			s.canary.ready.ServeAlive(w, r)
		case health.ReadyPath:
			s.canary.ready.ServeReady(w, r)
		case canaryPath:
			s.canary.serve(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
