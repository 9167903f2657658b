package signalr

import (
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/websocket"
)

// maxUnacked is how much is taken of a client that may reconnect before it is told so: less than the 100,000 bytes that Microsoft's
// keep before they stop sending. What is left is told when all that came together has been taken.
const maxUnacked = 32 << 10

// receive takes what a client has sent on a link. Calls are begun when it returns.
func (c *conn) receive(l link, payloads ...[]byte) {
	c.heard.Store(time.Now().UnixNano())
	c.reading.Lock()
	defer c.reading.Unlock()
	defer c.publishBurst()
	for _, payload := range payloads {
		c.frames.Feed(payload)
		for {
			if c.isOver() || c.out.current() != l {
				return
			}
			frame, err := c.frames.Next()
			switch {
			case errors.Is(err, hubproto.ErrTooLarge):
				c.expel(err, err.Error(), websocket.CloseMessageTooBig)
				return
			case err != nil:
				c.breaks("bad_frame", err)
				return
			}
			if frame == nil {
				break
			}
			if err := c.take(frame); err != nil {
				c.breaks("bad_message", err)
				return
			}
		}
	}
	if c.in.unacked > 0 {
		c.acknowledge()
	}
}

// acknowledge tells a client that may reconnect which of its messages have been taken.
func (c *conn) acknowledge() {
	c.out.say(&hubproto.Ack{Sequence: c.in.taken})
	c.in.unacked = 0
}

// take deals with one message. The error is a fault of the client.
func (c *conn) take(frame []byte) error {
	if !c.greeted {
		c.greet(frame)
		return nil
	}
	m, err := c.frames.Encoding.Decode(frame)
	if err != nil || m == nil {
		return err
	}
	run, err := c.in.take(m)
	if err != nil {
		return err
	}
	if c.in.counts && m.Tracked() {
		if c.in.unacked += len(frame); c.in.unacked > maxUnacked {
			c.acknowledge()
		}
	}
	if !run {
		return nil
	}
	if c.out.full.Load() {
		c.publishBurst() // rather than let it wait
	}
	if c.out.settle(c.work) != nil {
		return nil
	}
	return c.dispatch(m, len(frame))
}

// greet answers the handshake, and subscribes the client to what its hub says.
func (c *conn) greet(frame []byte) {
	hello, err := hubproto.DecodeHandshake(frame)
	if err == nil && hello.Protocol.Binary() && !c.out.carriesBytes() {
		err = fmt.Errorf("the protocol %s is not available on a transport of text", hello.Protocol)
	}
	if err != nil {
		c.out.sayRaw(hubproto.AppendHandshake(nil, err.Error()))
		c.out.expel(nil, websocket.CloseNormal, "")
		c.end(err)
		return
	}
	c.greeted = true
	c.frames.Encoding = hello.Protocol
	c.in = incoming{counts: c.reconnects, next: 1}
	c.out.greeted(hello.Protocol, c.reconnects, c.handler.config.SendQueueBytes)
	c.out.sayRaw(hubproto.AppendHandshake(nil, ""))
	for _, name := range c.hub.subscribe {
		c.subscribe(&call{conn: c, method: "subscribe"}, name.Pattern(), subscribeOptions{})
	}
}

// dispatch runs a message. The error is a fault of the client.
func (c *conn) dispatch(m hubproto.Message, bytes int) error {
	switch m := m.(type) {
	case *hubproto.Invocation:
		return c.invoke(m, bytes)
	case *hubproto.StreamItem:
		c.publishBurst()
		if !c.client.Pace(c.over, 1, bytes) {
			return nil
		}
		c.uploaded(m)
	case *hubproto.Completion:
		if !c.result(m) {
			c.uploadedAll(m)
		}
	case *hubproto.CancelInvocation:
		c.cancel(m.ID)
	case *hubproto.Ack:
		c.out.acknowledged(m.Sequence)
	case *hubproto.Close:
		c.out.expel(nil, websocket.CloseNormal, "")
		c.end(errLeft)
	}
	return nil
}
