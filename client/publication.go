package client

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/protocol"
)

// Payload is what a message carries: text, which is valid UTF-8, or bytes.
type Payload = protocol.Payload

// Text returns a payload of text.
func Text(s string) Payload { return protocol.Text(s) }

// Binary returns a payload of bytes, which it keeps.
func Binary(b []byte) Payload { return protocol.Binary(b) }

var (
	errNotText = errors.New("holdfast: a text payload has to be valid UTF-8; send it as Binary")
	errNotName = errors.New("holdfast: names, ids and keys have to be valid UTF-8")
)

// checkTexts refuses what would make the whole message unreadable that it is sent in.
func checkTexts(p Payload, names ...string) error {
	if !p.Binary && !utf8.Valid(p.Data) {
		return errNotText
	}
	for _, name := range names {
		if !utf8.ValidString(name) {
			return errNotName
		}
	}
	return nil
}

// PublishOptions are what a publication may have besides its payload.
type PublishOptions struct {
	ID  string // its own, unique in the channel; one is made up if it is empty
	Key string // what it is about, for subscribers with Latest
}

// Ack says what became of a publication.
type Ack struct {
	ID     string
	Offset uint64 // where it is stored; 0: the channel has no history, and it was given to whoever was there
	Epoch  string // of Offset
	// Duplicate tells that the server had stored it before, at Offset, when it came again.
	Duplicate bool
}

// Publication is a message on its way to the server. It is sent again after a drop, until it has been
// acknowledged or refused.
type Publication struct {
	c    *Client
	id   uint64 // of the command, on every connection
	verb *protocol.Publish

	// Guarded by Client.mu.
	link   *link     // that it was sent on last and may be answered on; nil while it waits
	first  time.Time // when it was sent first, as far as that matters for being stored once
	before string    // a position in the channel from before that; "" if none is known
	faults int       // how often the server has failed with it

	done chan struct{} // closed when ack and err are set
	ack  Ack
	err  error
}

// Done is closed when the publication has been acknowledged or has failed.
func (p *Publication) Done() <-chan struct{} { return p.done }

// Wait waits for the acknowledgement. When ctx ends first, the publication goes on. The error is a
// *protocol.Error if the server has refused it, ErrUncertain if it may have been stored or not, and
// ErrClosed if it was not sent before the client was closed.
func (p *Publication) Wait(ctx context.Context) (Ack, error) {
	select {
	case <-p.done:
		return p.ack, p.err
	case <-ctx.Done():
		return Ack{}, context.Cause(ctx)
	}
}

// settle ends the wait. Lock held; the lane has let go of it.
func (p *Publication) settle(ack Ack, err error) {
	delete(p.c.awaiting, p.id)
	p.ack, p.err = ack, err
	p.ack.ID = p.verb.ID
	p.c.unacked--
	p.c.unackedBytes -= len(p.verb.Data)
	close(p.c.room)
	p.c.room = make(chan struct{})
	close(p.done)
	p.c.settled()
}

// replied takes the server's answer; see awaiter.
func (p *Publication) replied(l *link, r *protocol.Reply) {
	lane := p.c.lanes[p.verb.Channel]
	var ok protocol.PublishOK
	err := r.Result(&ok)
	if err == nil {
		lane.acknowledged(p, Ack{Offset: ok.Offset, Epoch: ok.Epoch, Duplicate: ok.Duplicate})
		return
	}
	if refused := r.Err; refused != nil && refused.Retry && p.mayTryAgain(refused) {
		if p.link == l {
			p.link = nil
			lane.waiting++
			lane.pause(refused.After)
		}
		return
	}
	lane.remove(p)
	p.settle(Ack{}, err)
	lane.pump()
}

// maxFaults is how often the server may fail with a publication before it counts as refused.
const maxFaults = 3

func (p *Publication) mayTryAgain(refused *protocol.Error) bool {
	if refused.Code == protocol.CodeInternal {
		p.faults++
	}
	return p.faults < maxFaults
}

// publish puts a publication on its way. It waits while too many are unacknowledged.
func (c *Client) publish(ctx context.Context, verb *protocol.Publish) (*Publication, error) {
	if err := checkTexts(verb.Payload, verb.Channel, verb.ID, verb.Key); err != nil {
		return nil, err
	}
	if len(verb.ID) > protocol.MaxIDBytes || len(verb.Key) > protocol.MaxIDBytes {
		return nil, fmt.Errorf("holdfast: the id and the key of a publication have at most %d bytes", protocol.MaxIDBytes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if err := c.usable(); err != nil {
			return nil, err
		}
		if c.unacked == 0 || c.unacked < c.options.Window && c.unackedBytes+len(verb.Data) <= windowBytes {
			break
		}
		room := c.room
		c.mu.Unlock()
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		c.mu.Lock()
		if err != nil {
			return nil, err
		}
	}
	p := &Publication{c: c, id: c.number(), verb: verb, done: make(chan struct{})}
	if verb.ID == "" {
		verb.ID = fmt.Sprintf("%s-%d", c.prefix, p.id)
	}
	c.unacked++
	c.unackedBytes += len(verb.Data)
	c.awaiting[p.id] = p
	c.lane(verb.Channel).add(p)
	return p, nil
}

// withdraw gives a publication up that nobody waits for any more.
func (p *Publication) withdraw(cause error) error {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	select {
	case <-p.done: // in the meantime
		return p.err
	default:
	}
	if !p.first.IsZero() {
		cause = fmt.Errorf("%w: %w", ErrUncertain, cause)
	}
	p.c.lanes[p.verb.Channel].remove(p)
	p.settle(Ack{}, cause)
	return cause
}
