package session

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Receiver is the client of a subscription, as its edge sees it: a bounded queue, and a way to tell
// it things. What is told and what is delivered come in order. For a subscription to a pattern that
// spans several logs, the methods may be called from several goroutines at the same time, each for
// its log's channels.
//
// All methods but Flush must not block and must not call the subscription: they are called while a
// channel is locked.
type Receiver interface {
	// Deliver offers p: Sent if it has left, Queued if it waits, Dropped if the queue is full and p
	// was not taken, Closed if the client is gone. An empty queue takes a publication of any size.
	Deliver(p *hub.Publication) websocket.Result
	// Flush waits until all that was delivered has left. It returns an error when ctx ends or the
	// client is gone.
	Flush(ctx context.Context) error

	// Live tells that all that is stored behind at will be delivered as it comes.
	Live(at broker.Position)
	// Lost tells that there were messages behind since and before the next one, or may have been,
	// that are not kept any more. The epoch tells which log.
	Lost(since broker.Position)
	// Gap tells that n messages before the next one were dropped because the queue was full; or, if n is 0, that nobody
	// knows how many were, since it happened on their way from another node.
	Gap(n int)
	// TooSlow tells that the queue is full and the rule is to disconnect. Nothing is delivered after
	// it.
	TooSlow()
}
