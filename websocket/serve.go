package websocket

import (
	"runtime"
	"sync"
	"time"
)

// maxHold is how long the answers to messages that came together wait for each other.
const maxHold = time.Millisecond

// Serve calls handle for each message until the connection is over, and returns the *CloseError
// that tells how it ended. The payload is valid until handle returns: small messages are read in
// place, without a copy or an allocation. handle runs on Serve's goroutine, so while it runs
// nothing is read, and it should not block: of messages that came together, what is sent on this
// connection meanwhile is kept and leaves in one write, when the last has been handled or a
// millisecond has passed.
func (c *Conn) Serve(handle func(typ MessageType, payload []byte)) error {
	return c.serve(func(m Message) (alone bool) {
		next, more := c.another()
		if !more {
			handle(m.Type, m.Payload)
			return true
		}
		c.out.Hold()
		held := time.Now()
		for handle(m.Type, m.Payload); more; handle(m.Type, m.Payload) {
			if time.Since(held) > maxHold {
				c.out.Release()
			}
			m = next
			next, more = c.another()
		}
		c.out.Release()
		return false
	})
}

// ServeBatch is Serve for a handler that takes the messages that came together at once, in order, so
// that it can pass them on together. The slice and the payloads are valid until handle returns.
func (c *Conn) ServeBatch(handle func(batch []Message)) error {
	return c.serve(func(m Message) (alone bool) {
		batch := batches.Get().(*[]Message)
		for more := true; more; m, more = c.another() {
			*batch = append(*batch, m)
		}
		handle(*batch)
		alone = len(*batch) == 1
		clear(*batch)
		*batch = (*batch)[:0]
		batches.Put(batch)
		return alone
	})
}

// batches are the slices of messages under way. One read buffer bounds how many there can be.
var batches = sync.Pool{New: func() any { return new([]Message) }}

// serve reads until the connection is over. Each read makes one call of turn with the first message;
// turn gets the others from another and tells whether there were none.
func (c *Conn) serve(turn func(first Message) (alone bool)) error {
	c.reading <- struct{}{}
	defer c.letGo()
	if c.over() {
		return c.end
	}
	for {
		first, _, err := c.receive()
		if err != nil {
			return c.finish(err)
		}
		if !turn(first) {
			// Let the other connections have their turn: none starves behind one that always has something
			// to say, and when this one is read again more will have come.
			runtime.Gosched()
		}
	}
}

// another returns the next message that is at hand, if there is one. It stays valid together with
// those before it.
func (c *Conn) another() (Message, bool) {
	m, _, ok, _ := c.parse(true) // which reports no error
	return m, ok
}
