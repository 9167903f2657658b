package reconnect

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/test/nodes"
	"github.com/holdfast-dev/holdfast/websocket"
)

// probe is two clients of a node that stays: one publishes, and the other hears it.
type probe struct {
	ctx     context.Context
	cancel  context.CancelFunc
	from    *websocket.Conn
	to      *websocket.Conn
	running sync.WaitGroup
	began   time.Time

	mu     sync.Mutex // guards what follows
	delays []time.Duration
	next   int // number of the message that comes next
	missed int
}

const (
	probeEvery   = 10 * time.Millisecond
	probeChannel = "/channels/probe"
)

func startProbe(t *testing.T, n *nodes.Node) *probe {
	t.Helper()
	p := &probe{began: time.Now()}
	p.ctx, p.cancel = context.WithTimeout(context.Background(), 10*time.Minute)
	dial := func() *websocket.Conn {
		c, err := websocket.Dial(p.ctx, n.URL()+probeChannel, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.CloseNow)
		return c
	}
	p.to, p.from = dial(), dial()
	p.running.Go(p.hear)
	p.running.Go(func() { p.say(t) })
	return p
}

// say publishes numbers with the time.
func (p *probe) say(t *testing.T) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-p.ctx.Done():
			return
		case <-tick.C:
		}
		text := fmt.Appendf(nil, "%d %d", i, int64(time.Since(p.began)))
		if err := p.from.Write(p.ctx, websocket.Text, text); err != nil && p.ctx.Err() == nil {
			t.Error(err)
			return
		}
	}
}

// hear takes the numbers.
func (p *probe) hear() {
	for {
		_, text, err := p.to.Read(p.ctx)
		if err != nil {
			return // stop looks whether something is missing
		}
		var number int
		var sent time.Duration
		_, err = fmt.Sscanf(string(text), "%d %d", &number, (*int64)(&sent))
		p.mu.Lock()
		if err != nil || number != p.next {
			p.missed++
		}
		p.next = number + 1
		p.delays = append(p.delays, time.Since(p.began)-sent)
		p.mu.Unlock()
	}
}

// during returns the delays of some time, or until over is closed, in order.
func (p *probe) during(t *testing.T, most time.Duration, over <-chan struct{}) []time.Duration {
	t.Helper()
	p.mu.Lock()
	p.delays = nil
	p.mu.Unlock()
	select {
	case <-over:
	case <-time.After(most):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.delays)
	if len(p.delays) == 0 {
		t.Error("those who are connected are not served")
	}
	return p.delays
}

// stop ends it, and tells whether a message was missed.
func (p *probe) stop(t *testing.T) {
	t.Helper()
	p.cancel()
	p.running.Wait()
	if p.missed > 0 {
		t.Errorf("those who are connected missed messages %d times", p.missed)
	}
}
