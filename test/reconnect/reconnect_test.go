// Package reconnect has a node die with all its clients, and watches how the others take them in.
package reconnect

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	sdk "github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/test/nodes"
	"github.com/holdfast-dev/holdfast/websocket"
)

var (
	clients = flag.Int("clients", 300, "how many lose their node at the same time")
	each    = flag.Int("each", 15, "how many handshakes a node admits each second")
	strict  = flag.Bool("strict", false, "hold the delay of those who were connected all the time to three times the usual, too; for a machine that does nothing else")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The SDK's clients of a node that is killed are all back within
//
//	5 s + 1.1 × clients / (0.9 × handshakes a second of all nodes that are left)
//
// and what they wait besides by themselves. Who is connected elsewhere misses nothing meanwhile.
func TestTheClientsOfANodeThatDiesAreBackInTheTimeThatIsStated(t *testing.T) {
	c := nodes.Start(t, 3, nodes.Options{Config: fmt.Sprintf(
		"limits: {drain: 1s, handshakes: %d, handshakes_per_address: 0, connections_per_address: 0, connections_per_user: 0, messages: 0, bytes: 0}", *each)})
	dying, left := c.Nodes[0], c.Nodes[1]
	dying.Stop(t)
	t.Setenv("HOLDFAST_LIMITS_HANDSHAKES", "0") // its clients need not wait for their turn before they lose it
	dying.Start(t)
	dying.AwaitReady(t)
	crowd := gather(t, dying, *clients)
	p := startProbe(t, left)
	usual := p.during(t, 3*time.Second, nil)

	killed := time.Now()
	dying.Kill(t)
	took := 5*time.Second + time.Duration(1.1*float64(*clients)/(0.9*2*float64(*each))*float64(time.Second))
	const ownWaits = 10 * time.Second // which the SDK adds to what it is told, and loses while it tries the dead node
	const slack = 20 * time.Second    // for a machine with much else to do
	storm := p.during(t, took+ownWaits+slack, crowd.back)
	p.stop(t)

	waits := crowd.waits(killed)
	t.Logf("%d clients, %d handshakes a second and node: half back after %v, 99 of 100 after %v, all after %v (stated: %v and up to %v of their own); turned away %d times, nobody more than %d times",
		*clients, *each, at(waits, 0.5), at(waits, 0.99), at(waits, 1), took.Round(time.Second/10), ownWaits, crowd.refusals(), crowd.mostRefusals())
	t.Logf("delay of those who were connected: usual p50 %v p99 %v, meanwhile p50 %v p99 %v", at(usual, 0.5), at(usual, 0.99), at(storm, 0.5), at(storm, 0.99))
	if len(waits) != *clients {
		t.Errorf("%d clients of %d are back", len(waits), *clients)
	}
	if crowd.refusals() == 0 {
		t.Error("nobody was turned away: it was no storm")
	}
	if *strict {
		if all := at(waits, 1); all > took+ownWaits {
			t.Errorf("it took %v, and %v are stated", all, took+ownWaits)
		}
		if most := 3 * at(usual, 0.99); at(storm, 0.99) > most {
			t.Errorf("those who were connected waited %v, and %v would be three times the usual", at(storm, 0.99), most)
		}
	}
}

// at returns a quantile, to be read.
func at(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	d := all[min(int(share*float64(len(all))), len(all)-1)]
	if d > time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// crowd is the clients of a node.
type crowd struct {
	back chan struct{} // closed when all are connected elsewhere

	mu     sync.Mutex // guards what follows
	since  []time.Time
	turned map[int]int // refusals by client
}

// gather connects clients to a node, one of them after the other as fast as it lets them in, and returns when all are.
func gather(t *testing.T, n *nodes.Node, count int) *crowd {
	t.Helper()
	c := &crowd{back: make(chan struct{}), turned: make(map[int]int)}
	ctx, cancel := context.WithCancel(context.Background())
	var watching, arriving sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		watching.Wait()
	})
	home := n.URL() + "/socket"
	for i := range count {
		arriving.Add(1)
		watching.Go(func() {
			one, err := sdk.Dial(ctx, home, &sdk.Options{KeepTrying: true})
			if err == nil {
				_, err = one.Channel("crowd").Subscribe(ctx, nil)
			}
			arriving.Done()
			if err != nil {
				t.Error(err)
				return
			}
			c.watch(ctx, one, i, home, count)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := one.Close(ctx); err != nil && !errors.Is(err, sdk.ErrClosed) {
				t.Error(err)
			}
		})
	}
	arriving.Wait()
	return c
}

// watch notes when a client is elsewhere, and how often it was turned away before.
func (c *crowd) watch(ctx context.Context, one *sdk.Client, i int, home string, count int) {
	away := false
	for change := range one.States(ctx) {
		c.mu.Lock()
		if refused, ok := errors.AsType[*websocket.HandshakeError](change.Err); ok && refused.StatusCode == http.StatusTooManyRequests && change.Endpoint != home {
			c.turned[i]++
		}
		if change.State == sdk.Ready && change.Endpoint != home && !away {
			away = true
			if c.since = append(c.since, time.Now()); len(c.since) == count {
				close(c.back)
			}
		}
		c.mu.Unlock()
	}
}

// waits returns how long the clients were away, in order.
func (c *crowd) waits(since time.Time) (all []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.since {
		all = append(all, at.Sub(since))
	}
	slices.Sort(all)
	return all
}

func (c *crowd) refusals() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, times := range c.turned {
		n += times
	}
	return n
}

func (c *crowd) mostRefusals() (most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, times := range c.turned {
		most = max(most, times)
	}
	return most
}
