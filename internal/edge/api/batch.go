package api

import (
	"context"
	"fmt"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// batch is messages that are published together, of which some may be refused.
type batch struct {
	handler  *Handler
	call     *call
	results  []published
	messages []*broker.Message
	at       []int // of each message in results
}

func newBatch(h *Handler, c *call) *batch { return &batch{handler: h, call: c} }

// add puts a message to a channel in, or what is wrong with it.
func (b *batch) add(to string, what *content) {
	m, err := b.handler.message(b.call.client, to, what)
	if err != nil {
		b.results = append(b.results, published{Channel: channel.Name(to), Error: b.handler.problemOf(b.call.client, err)})
		return
	}
	b.messages, b.at = append(b.messages, m), append(b.at, len(b.results))
	b.results = append(b.results, published{Channel: m.Channel})
}

// publish publishes what is not refused, in order, and waits until it is known what became of it.
func (b *batch) publish() *publishedAll {
	for i, done := range b.handler.publishAll(b.call.ctx, b.messages) {
		r := &b.results[b.at[i]]
		if done.err != nil {
			r.Error = b.handler.problemOf(b.call.client, done.err)
		} else {
			*r = *newPublished(r.Channel, done.ack)
		}
	}
	return &publishedAll{b.results}
}

// outcome is what became of a message.
type outcome struct {
	known bool
	ack   broker.Ack
	err   error
}

// outcomes gathers what becomes of messages.
type outcomes struct {
	done chan struct{} // closed when all is known

	mu   sync.Mutex // guards what follows
	all  []outcome
	left int
}

func (o *outcomes) note(i int, a broker.Ack, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[i] = outcome{true, a, err}
	if o.left--; o.left == 0 {
		close(o.done)
	}
}

// publishAll publishes messages in order, and those of one channel that follow each other together, which costs each
// subscriber one write. All are on their way to the log at the same time. What is not known when ctx ends may happen all
// the same.
func (h *Handler) publishAll(ctx context.Context, messages []*broker.Message) []outcome {
	if len(messages) == 0 {
		return nil
	}
	o := &outcomes{done: make(chan struct{}), all: make([]outcome, len(messages)), left: len(messages)}
	for from := 0; from < len(messages); {
		to := from + 1
		for to < len(messages) && messages[to].Channel == messages[from].Channel {
			to++
		}
		first := from
		h.channels.Publish(ctx, nil, hub.Bundle(messages[from:to]...), func(i int, a broker.Ack, err error) { o.note(first+i, a, err) })
		from = to
	}
	select {
	case <-o.done:
		return o.all
	case <-ctx.Done():
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	all := append([]outcome(nil), o.all...) // the others may become known yet
	for i := range all {
		if !all[i].known {
			all[i].err = fmt.Errorf("%w: nobody waited until it was known what became of the message", broker.ErrUnavailable)
		}
	}
	return all
}
