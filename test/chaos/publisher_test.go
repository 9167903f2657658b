package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/client"
)

// speaker publishes in a channel with history, or in one without.
type speaker interface {
	who() string
	// patient tells that there is at most one message without an answer, which keeps the order come what may.
	patient() bool
	// speak publishes one message after the other until speaking ends. ctx ends when all is over.
	speak(ctx, speaking context.Context)
	// settle waits for all acknowledgements, and returns where the server says that it has stored each message:
	// 0 for one without an answer. The error tells which have not come as they should.
	settle(ctx context.Context) ([]uint64, error)
}

// publisher is a speaker in Go: it says one thing after the other in a channel and waits for no acknowledgement.
type publisher struct {
	name     string
	channel  *client.Channel
	interval time.Duration // between messages, about
	waits    bool          // its client has a window of one

	// These belong to the goroutine of speak, and to settle after that.
	sent   []*client.Publication
	failed error
}

func (p *publisher) who() string { return p.name }

func (p *publisher) patient() bool { return p.waits }

func (p *publisher) speak(ctx, speaking context.Context) {
	for sleep(speaking, about(p.interval)) {
		publication, err := p.channel.PublishAsync(ctx, client.Text(textOf(p.name, len(p.sent))), nil)
		if err != nil {
			p.failed = err
			return
		}
		p.sent = append(p.sent, publication)
	}
}

func (p *publisher) settle(ctx context.Context) (offsets []uint64, err error) {
	if p.failed != nil {
		return nil, fmt.Errorf("%s can't publish: %w", p.name, p.failed)
	}
	var wrong []error
	for i, publication := range p.sent {
		ack, err := publication.Wait(ctx)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("message %d of %s: %w", i, p.name, err))
		}
		offsets = append(offsets, ack.Offset)
	}
	return offsets, errors.Join(wrong...)
}
