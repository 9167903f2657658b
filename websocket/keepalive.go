package websocket

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

const (
	// DefaultPingInterval is below the minute after which common proxies drop a silent connection.
	DefaultPingInterval = 25 * time.Second
	// DefaultPongTimeout is long enough for a phone that changes its network.
	DefaultPongTimeout = 20 * time.Second
)

// Keepalive looks after any number of connections: one from which nothing has come for a while is
// sent a ping, and ended if nothing comes after that either. Whatever arrives is a sign of life, so a
// busy connection is never pinged.
//
// All connections share one goroutine and one timer; each costs about 50 bytes, and one look per
// interval. The times are kept to within an eighth of the shorter one, and are never cut short.
type Keepalive struct {
	interval, timeout uint64 // in ticks
	silence           error  // what ends a connection

	tickLength time.Duration
	tick       atomic.Uint64 // the current one, from 1

	mu      sync.Mutex // guards what follows, and watched of every connection
	wheel   [][]*Conn  // by the tick at which they are to be looked at, modulo the length
	started bool       // the sweeper
	closed  bool

	stop    chan struct{}  // closed by Close
	running sync.WaitGroup // the sweeper, and the ends of connections
}

// watched is what Keepalive notes about a connection; guarded by Keepalive.mu.
type watched struct {
	slot   int32  // of the wheel, counted from 1; notFiled and gone are none
	index  int32  // in the slot
	pinged uint64 // the tick of the ping that is to be answered, 0 for none
}

const (
	notFiled = 0  // new, or being looked at
	gone     = -1 // over
)

const (
	ticksPerPeriod = 8    // in the shorter of interval and timeout
	maxTicks       = 1000 // in the longer one
)

// NewKeepalive returns a Keepalive that pings after interval without a sign of life and waits timeout
// for the next one. Zero means DefaultPingInterval and DefaultPongTimeout. The goroutine starts with
// the first connection; call Close to end it.
func NewKeepalive(interval, timeout time.Duration) *Keepalive {
	if interval <= 0 {
		interval = DefaultPingInterval
	}
	if timeout <= 0 {
		timeout = DefaultPongTimeout
	}
	tick := max(min(interval, timeout)/ticksPerPeriod, max(interval, timeout)/maxTicks, time.Millisecond)
	ticks := func(d time.Duration) uint64 { return uint64((d + tick - 1) / tick) }
	k := &Keepalive{
		interval: ticks(interval),
		timeout:  ticks(timeout),
		silence:  fmt.Errorf("%w: nothing came for %v, nor within %v of a ping", ErrSilent, interval, timeout),
		stop:     make(chan struct{}),

		tickLength: tick,
	}
	k.tick.Store(1)
	k.wheel = make([][]*Conn, max(k.interval, k.timeout)+2)
	return k
}

// ErrSilent is the cause, in CloseError.Err, of the end of a connection that a Keepalive has given up.
var ErrSilent = errors.New("the peer is silent")

// Watch looks after c from now until it is over. Some goroutine must be in Read or Serve for most of
// the time: while nobody listens, silence is not held against the peer, and a ping goes unanswered.
// While bytes wait to be sent, Limits.WriteTimeout decides whether the peer is there. A connection
// is watched by one Keepalive; a second one has no effect.
//
// A silent connection ends with CloseAbnormal, By Network, and ErrSilent as the cause. The peer is
// sent a close frame with CloseGoingAway if that can be done without waiting (RFC 6455 section 7.1.7
// lets it be omitted when the peer is unlikely to receive it), and the transport is dropped.
func (k *Keepalive) Watch(c *Conn) {
	if !c.keepalive.CompareAndSwap(nil, k) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || c.over() { // of one that is over, forget may have been called already
		return
	}
	if !k.started {
		k.started = true
		k.running.Go(k.run)
	}
	k.fileLocked(c, k.tick.Load()+k.interval+1)
}

// Close stops looking after connections, which stay as they are, and waits for the goroutine to end.
// Connections to come are not looked after either.
func (k *Keepalive) Close() {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.stop)
	}
	k.mu.Unlock()
	k.running.Wait()
}

func (k *Keepalive) run() {
	t := time.NewTicker(k.tickLength)
	defer t.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-t.C:
			k.sweep(k.tick.Add(1))
		}
	}
}

// sweep looks at the connections that are due.
func (k *Keepalive) sweep(now uint64) {
	slot := now % uint64(len(k.wheel))
	k.mu.Lock()
	due := k.wheel[slot]
	k.wheel[slot] = nil
	for _, c := range due {
		c.watched.slot = notFiled
	}
	k.mu.Unlock()
	for _, c := range due {
		k.look(c, now)
	}
}

// look does what is to be done about c.
func (k *Keepalive) look(c *Conn, now uint64) {
	switch k.judge(c, now) {
	case sendPing:
		c.out.SendControl(encode(c.role, wire.Ping, nil))
	case giveUp:
		k.running.Go(func() { c.fellSilent(k.silence) }) // dropping a transport may take time
	}
}

// judgement is what is to be done about a connection.
type judgement uint8

const (
	leave judgement = iota
	sendPing
	giveUp
)

// judge decides what is to be done about c, and notes when to look again.
func (k *Keepalive) judge(c *Conn, now uint64) judgement {
	heard, listening := c.lastSign()
	k.mu.Lock()
	defer k.mu.Unlock()
	w := &c.watched
	if w.slot == gone {
		return leave
	}
	if !listening {
		heard = now
	}
	if heard >= w.pinged {
		w.pinged = 0
	}
	switch {
	case w.pinged == 0 && now-heard <= k.interval:
		k.fileLocked(c, heard+k.interval+1)
		return leave
	case c.out.Busy(): // the write timeout decides meanwhile
		k.fileLocked(c, now+1)
		return leave
	case w.pinged == 0:
		w.pinged = now
		k.fileLocked(c, now+k.timeout)
		return sendPing
	}
	w.slot = gone
	return giveUp
}

// fileLocked notes that c is to be looked at in a tick to come. Lock held.
func (k *Keepalive) fileLocked(c *Conn, tick uint64) {
	slot := tick % uint64(len(k.wheel))
	c.watched.slot, c.watched.index = int32(slot)+1, int32(len(k.wheel[slot]))
	k.wheel[slot] = append(k.wheel[slot], c)
}

// forget lets go of a connection that is over.
func (k *Keepalive) forget(c *Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := &c.watched
	if w.slot > 0 {
		slot := k.wheel[w.slot-1]
		last := len(slot) - 1
		slot[w.index] = slot[last]
		slot[w.index].watched.index = w.index
		slot[last] = nil
		k.wheel[w.slot-1] = slot[:last]
	}
	w.slot = gone
}

// hears notes a sign of life, and whether the reader waits for more from now on. Only the reader
// calls it. It costs no look at a clock.
func (c *Conn) hears(listening bool) {
	k := c.keepalive.Load()
	if k == nil {
		return
	}
	sign := k.tick.Load() << 1
	if listening {
		sign |= 1
	}
	c.sign.Store(sign)
}

// lastSign returns the tick of the last sign of life, and whether somebody waits for more.
func (c *Conn) lastSign() (tick uint64, listening bool) {
	sign := c.sign.Load()
	return sign >> 1, sign&1 != 0
}

// fellSilent gives the connection up, unless it is ending already.
func (c *Conn) fellSilent(why error) {
	if c.beginEnd(&CloseError{Code: CloseAbnormal, By: Network, Err: why}) {
		c.out.Finish(c.closeFrame(CloseGoingAway, "no sign of life, not even a pong"), true)
		c.drop(why)
	}
}
