package broker

import (
	"errors"
	"runtime"
	"sync"

	"github.com/nats-io/nats.go"
)

const (
	maxLiveMessages = 256 << 10 // waiting for the follower
	maxLiveBytes    = 64 << 20
	maxLiveBatch    = 512
)

// Live is a message as it comes from the live feed.
type Live struct {
	*Message
	// Previous is the offset of the message that was the newest of the channel before, 0 if none was
	// kept. It tells whether anything is missing.
	Previous uint64
}

// Follow calls deliver with what is stored in the log from now on, on one goroutine. Messages that
// came together come as one batch, of at most 512. The feed is a hint, not the log: a message comes
// at most once as a rule, may be repeated or come late, and may be missing, which Previous shows.
// One that is not Holdfast's is left out, in the same way as Read leaves it out.
//
// At most 64 MiB wait for deliver; what is beyond is dropped, and logged. While there is no connection
// nothing comes; the feed goes on by itself. Stop returns when deliver is not running and will not run
// again.
func (l *Log) Follow(deliver func(batch []Live)) (stop func()) {
	f := &follower{log: l, deliver: deliver, ended: make(chan struct{})}
	if err := f.start(l.broker.live); err != nil {
		l.broker.config.Log.Warn("the live feed is not there yet; readers get messages from the log meanwhile", "log", l.name, "error", err)
	}
	return f.stop
}

// follower is one live feed.
type follower struct {
	log     *Log
	deliver func([]Live)
	feed    *nats.Subscription // nil if the broker has been closed
	ended   chan struct{}      // closed when deliver has run for the last time

	starting sync.Mutex // held until feed is set
	batch    []Live     // the feed's goroutine's
}

func (f *follower) start(conn *nats.Conn) (err error) {
	f.starting.Lock()
	f.feed, err = conn.Subscribe(f.log.live+">", f.take)
	if err == nil {
		f.feed.SetClosedHandler(func(string) { close(f.ended) })
		err = f.feed.SetPendingLimits(maxLiveMessages, maxLiveBytes)
	}
	f.starting.Unlock()
	if err != nil {
		return err
	}
	return conn.FlushTimeout(answerTimeout) // from here on nothing is missed
}

// take collects one message and delivers the batch when no more has come yet.
func (f *follower) take(raw *nats.Msg) {
	l := f.log
	if m, err := l.parse(raw, l.live); err == nil {
		f.batch = append(f.batch, Live{Message: m, Previous: headerNumber(raw, headerPrevious)})
	} else {
		l.strange(raw, err)
	}
	if len(f.batch) < maxLiveBatch && f.more() {
		return
	}
	if len(f.batch) > 0 {
		f.deliver(f.batch)
		f.batch = nil
	}
}

// more tells whether a message waits besides the one at hand, which counts as waiting. A burst comes
// through the engine message by message, so the other goroutines get a few turns before the answer is
// no: then its messages leave together. That costs less than a microsecond where nothing else runs.
func (f *follower) more() bool {
	for turn := 0; ; turn++ {
		f.starting.Lock()
		waiting, _, err := f.feed.Pending()
		f.starting.Unlock()
		if err != nil || waiting > 1 {
			return err == nil
		}
		if turn == maxTurns {
			return false
		}
		runtime.Gosched()
	}
}

// maxTurns is how many turns others get for each message that no other waits behind: enough for one to
// come through the engine's goroutines, from one queue to the next.
const maxTurns = 8

func (f *follower) stop() {
	if f.feed == nil {
		return
	}
	if err := f.feed.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrBadSubscription) && !errors.Is(err, nats.ErrConnectionClosed) {
		f.log.broker.config.Log.Warn("the live feed was not told to NATS to be over", "log", f.log.name, "error", err)
	}
	<-f.ended // closing the connection ends it too
}
