package signalr

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// upload is a stream that a client sends along with a call.
type upload struct {
	item func(hubproto.Value) // takes one item
	done func(failed string)  // takes the end; "" if the client has no complaint
}

// open notes what becomes of a stream. The error is a fault of the client's.
func (c *conn) open(id string, u *upload) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.uploads[id] != nil:
		return fmt.Errorf("the stream %s is there already", id)
	case len(c.uploads) >= maxUploads:
		return fmt.Errorf("the client sends %d streams, and may not send more at a time", maxUploads)
	}
	c.uploads[id] = u
	return nil
}

func (c *conn) upload(id string) *upload {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.uploads[id]
}

func (c *conn) closeUpload(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.uploads, id)
}

// uploaded takes an item of a stream. One of a stream that has been given up is thrown away.
func (c *conn) uploaded(m *hubproto.StreamItem) {
	if u := c.upload(m.ID); u != nil {
		u.item(m.Item)
	}
}

// uploadedAll takes the end of a stream.
func (c *conn) uploadedAll(m *hubproto.Completion) {
	if u := c.upload(m.ID); u != nil {
		c.closeUpload(m.ID)
		u.done(m.Error)
	}
}

// publishStream publishes the items of a stream. The call is answered with how many there were, when all are stored, or with what
// befell the first that could not be, and then no other is published.
func (c *conn) publishStream(k *call, name channel.Name) {
	p := &streamPublisher{call: k, name: name, id: k.streams[0]}
	if err := c.open(p.id, &upload{item: p.item, done: p.end}); err != nil {
		k.fail(badArgument("%v", err))
	}
}

// streamPublisher publishes a stream.
type streamPublisher struct {
	call *call
	name channel.Name
	id   string // of the stream

	mu       sync.Mutex // guards what follows
	pending  int        // items that are not stored yet
	count    int        // items that are
	ended    bool
	answered bool
}

func (p *streamPublisher) item(v hubproto.Value) {
	c := p.call.conn
	m, err := c.newMessage(p.name, v, publishOptions{})
	if err != nil {
		p.fail(err)
		return
	}
	weight := int64(len(m.Payload))
	if !c.begin(weight) {
		return
	}
	p.mu.Lock()
	p.pending++
	p.mu.Unlock()
	// Nobody tells a stream to wait: a channel that takes less keeps its client waiting.
	c.handler.channels.PublishPaced(c.handler.work, c.client, c.over, hub.Bundle(m), func(_ int, _ broker.Ack, err error) {
		c.release(weight)
		if err != nil {
			p.fail(err)
			return
		}
		p.mu.Lock()
		p.pending--
		p.count++
		p.settleLocked()
		p.mu.Unlock()
	})
}

func (p *streamPublisher) end(failed string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.settleLocked()
}

// settleLocked answers the call when all is done. Lock held.
func (p *streamPublisher) settleLocked() {
	if p.ended && p.pending == 0 && !p.answered {
		p.answered = true
		p.call.answer(struct {
			Published int `json:"published"`
		}{p.count})
	}
}

func (p *streamPublisher) fail(err error) {
	p.call.conn.closeUpload(p.id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.answered {
		p.answered = true
		p.call.fail(err)
	}
}

// gather collects the streams of a call that the backend answers: each is an array, behind the other arguments. The error is a fault of the
// client.
func (k *call) gather() error {
	g := &gathering{call: k, items: make([][]byte, len(k.streams)), open: len(k.streams)}
	for _, a := range k.arguments {
		g.arguments = appendItem(g.arguments, a)
	}
	k.arguments = nil
	g.grow(len(g.arguments))
	for i, id := range k.streams {
		u := &upload{
			item: func(v hubproto.Value) { g.item(i, v) },
			done: func(failed string) { g.end(failed) },
		}
		if err := k.conn.open(id, u); err != nil {
			return err
		}
	}
	return nil
}

// maxGatheredBytes is what all streams of a connection that are gathered may have brought, together.
const maxGatheredBytes = maxInFlightBytes

// gathering is what a call's streams have brought. It belongs to whoever reads.
type gathering struct {
	call      *call
	arguments []byte   // in JSON, with a comma in front of each
	items     [][]byte // likewise, of each stream
	bytes     int      // of all these
	open      int      // streams that have not ended
	over      bool
}

func appendItem(list []byte, v hubproto.Value) []byte { return v.AppendJSON(append(list, ',')) }

// asArray makes a JSON array of a list.
func asArray(list []byte) []byte {
	return append(append([]byte{'['}, bytes.TrimPrefix(list, []byte{','})...), ']')
}

func (g *gathering) grow(by int) {
	g.bytes += by
	g.call.conn.gathered += by
}

func (g *gathering) item(stream int, v hubproto.Value) {
	if g.over {
		return
	}
	c, before := g.call.conn, len(g.items[stream])
	g.items[stream] = appendItem(g.items[stream], v)
	g.grow(len(g.items[stream]) - before)
	switch most := c.handler.config.MaxMessageBytes; {
	case int64(g.bytes) > most:
		g.giveUp(&session.TooLargeError{Channel: channel.Name(g.call.method), LimitBytes: most})
	case c.gathered > maxGatheredBytes:
		g.giveUp(errGatheredTooMuch)
	}
}

var errGatheredTooMuch = protocol.Errorf(protocol.CodeTooMany, "the streams of calls that have not ended hold more than %d bytes; end some before the next", maxGatheredBytes)

func (g *gathering) end(failed string) {
	switch {
	case g.over:
		return
	case failed != "":
		g.giveUp(fmt.Errorf("%w: the client's stream has failed: %s", context.Canceled, failed))
		return
	}
	if g.open--; g.open > 0 {
		return
	}
	all := g.arguments
	for _, items := range g.items {
		all = append(append(all, ','), asArray(items)...)
	}
	g.letGo()
	g.call.askWith(asArray(all))
}

func (g *gathering) giveUp(err error) {
	g.letGo()
	for _, id := range g.call.streams {
		g.call.conn.closeUpload(id)
	}
	g.call.fail(err)
}

// letGo ends the gathering, and gives its room back.
func (g *gathering) letGo() {
	g.grow(-g.bytes)
	g.over, g.arguments, g.items = true, nil, nil
}
