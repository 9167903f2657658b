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
	return c.ServeBatch(func(batch []Message) {
		if len(batch) == 1 {
			handle(batch[0].Type, batch[0].Payload)
			return
		}
		c.out.Hold()
		held := time.Now()
		for _, m := range batch {
			handle(m.Type, m.Payload)
			if time.Since(held) > maxHold {
				c.out.Release()
			}
		}
		c.out.Release()
	})
}

// ServeBatch is Serve for a handler that takes the messages that came together at once, in order, so
// that it can pass them on together. The slice and the payloads are valid until handle returns.
func (c *Conn) ServeBatch(handle func(batch []Message)) error {
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
		batch := batches.Get().(*[]Message)
		*batch = append(*batch, first)
		for {
			m, _, ok, _ := c.parse(true) // which reports no error
			if !ok {
				break
			}
			*batch = append(*batch, m)
		}
		handle(*batch)
		clear(*batch)
		*batch = (*batch)[:0]
		batches.Put(batch)
		// Let the other connections have their turn: none starves behind one that always has something
		// to say, and when this one is read again more will have come.
		runtime.Gosched()
	}
}

// batches are the slices of messages under way. One read buffer bounds how many there can be.
var batches = sync.Pool{New: func() any { return new([]Message) }}
