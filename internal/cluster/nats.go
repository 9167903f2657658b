package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect opens a connection to NATS for a purpose, with further options; Broker.Connect is one. The cluster closes it.
type Connect func(ctx context.Context, purpose string, options ...nats.Option) (*nats.Conn, error)

const (
	// maxWaitingBytes is what one subscription may have waiting: beyond, NATS drops frames.
	maxWaitingBytes = 64 << 20
	maxWaiting      = 512 << 10 // frames

	subscribeTimeout = 10 * time.Second
	closeTimeout     = time.Second // to send what has been published
)

// natsBus is a connection to NATS.
type natsBus struct {
	conn  *nats.Conn
	takes sync.WaitGroup // the goroutines of subscriptions
}

// openBus connects. What NATS drops is counted in dropped.
func openBus(ctx context.Context, connect Connect, purpose string, dropped *atomic.Int64, log *slog.Logger) (bus, error) {
	conn, err := connect(ctx, purpose, nats.NoEcho(), nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
		if sub == nil || !errors.Is(err, nats.ErrSlowConsumer) {
			log.Warn("error of the connection to NATS", "connection", purpose, "error", err)
			return
		}
		dropped.Add(1)
		all, err := sub.Dropped()
		log.Warn("what other nodes say is dropped, because it is not taken fast enough; this node has more to do than it can",
			"subject", sub.Subject, "dropped", all, "error", err)
	}))
	if err != nil {
		return nil, err
	}
	if most := conn.MaxPayload(); most < MaxBodyBytes+maxHeaderBytes {
		conn.Close()
		return nil, fmt.Errorf("NATS takes messages of at most %d bytes, and nodes say up to %d at once; raise max_payload of the NATS server", most, MaxBodyBytes+maxHeaderBytes)
	}
	return &natsBus{conn: conn}, nil
}

func (b *natsBus) publish(subject string, frame []byte) error { return b.conn.Publish(subject, frame) }

func (b *natsBus) subscribe(subject string, take func(frame []byte)) error {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) { take(m.Data) })
	if err != nil {
		return err
	}
	b.takes.Add(1)
	sub.SetClosedHandler(func(string) { b.takes.Done() })
	if err = sub.SetPendingLimits(maxWaiting, maxWaitingBytes); err == nil {
		err = b.conn.FlushTimeout(subscribeTimeout) // so that what is published from now on comes
	}
	return err
}

func (b *natsBus) maxBytes() int { return int(b.conn.MaxPayload()) }

func (b *natsBus) close() error {
	err := b.conn.FlushTimeout(closeTimeout)
	b.conn.Close()
	b.takes.Wait()
	return err
}
