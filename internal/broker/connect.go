package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	oldestServer     = "2.12.0"
	reconnectWait    = 100 * time.Millisecond
	externalTimeout  = 5 * time.Second // to connect to an external server
	externalPing     = 5 * time.Second // a connection that answers none of two is given up, as when a machine or the network has failed
	externalPings    = 2
	externalWrite    = (externalPings + 1) * externalPing // likewise one that takes no bytes; all who publish wait meanwhile
	reconnectNothing = -1                                 // no buffer while disconnected: what cannot be sent now fails now
)

// Connect opens one more connection to NATS, for what does not go through logs; whoever asks for it closes it, before the
// broker. The options given win over the broker's own: it connects again by itself, and does not hold back what can't be
// sent meanwhile, but fails.
func (b *Broker) Connect(ctx context.Context, purpose string, options ...nats.Option) (*nats.Conn, error) {
	return b.connect(ctx, purpose, nil, options...)
}

// connect opens one connection to the engine. There are several, because NATS serves one
// connection's requests one after the other: a slow read shall not hold up a write. lost is called
// when the connection is lost, with the reason; it may be nil.
func (b *Broker) connect(ctx context.Context, purpose string, lost func(error), more ...nats.Option) (*nats.Conn, error) {
	log := b.config.Log.With("connection", purpose)
	options := []nats.Option{
		nats.Name("holdfast " + purpose),
		nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait), nats.ReconnectBufSize(reconnectNothing),
		nats.SkipSubjectValidation(), // ours are made by escape
		nats.NoCallbacksAfterClientClose(),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			log.Warn("the connection to NATS is lost; connecting again", "error", err)
			if lost != nil {
				lost(err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("connected to NATS again") }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			if sub != nil && errors.Is(err, nats.ErrSlowConsumer) {
				dropped, _ := sub.Dropped()
				log.Warn("live messages were dropped because they were not taken fast enough; the hole will be filled from the log",
					"subject", sub.Subject, "dropped", dropped)
				return
			}
			log.Warn("error of the connection to NATS", "error", err)
		}),
	}
	options = append(options, more...)
	if b.engine != nil {
		return b.engine.Connect(options...)
	}
	timeout := externalTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	options = append(options, nats.Timeout(timeout), nats.PingInterval(externalPing), nats.MaxPingsOutstanding(externalPings), nats.FlusherTimeout(externalWrite))
	nc, err := nats.Connect(b.config.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("no connection to NATS at %s: %w; check broker.url, and that the server runs", withoutSecret(b.config.URL), err)
	}
	return nc, nil
}

// checkServer says what an external server lacks.
func (b *Broker) checkServer(ctx context.Context) error {
	if b.engine != nil {
		return nil
	}
	at := withoutSecret(b.config.URL)
	if v := b.live.ConnectedServerVersion(); !atLeast(v, oldestServer) {
		return fmt.Errorf("the NATS server at %s is version %s; Holdfast needs %s or newer", at, v, oldestServer)
	}
	if most, need := b.live.MaxPayload(), int64(b.config.maxRecordBytes()); most < need {
		return fmt.Errorf("the NATS server at %s takes messages of at most %d bytes, and messages of Holdfast may be %d with what belongs to them; raise max_payload there, or lower the largest message here", at, most, need)
	}
	ctx, cancel := context.WithTimeout(ctx, externalTimeout)
	defer cancel()
	answer, err := b.live.RequestWithContext(ctx, "$JS.API.INFO", nil)
	if err == nil {
		err = unmarshalAPI(answer.Data, &struct{}{})
	}
	if err != nil {
		return fmt.Errorf("the NATS server at %s has no JetStream for this account (%w); start it with -js, or enable JetStream for the account", at, err)
	}
	return nil
}

// atLeast compares versions such as "2.12.3-RC.1" by their numbers.
func atLeast(version, oldest string) bool {
	have, need := numbers(version), numbers(oldest)
	for i := range need {
		if have[i] != need[i] {
			return have[i] > need[i]
		}
	}
	return true
}

func numbers(version string) (n [3]int) {
	version, _, _ = strings.Cut(version, "-")
	for i, part := range strings.SplitN(version, ".", len(n)) {
		number, err := strconv.Atoi(part)
		if err != nil {
			return [3]int{}
		}
		n[i] = number
	}
	return n
}

// withoutSecret returns a URL, or a list of them, as it may be shown.
func withoutSecret(urls string) string {
	var shown []string
	for one := range strings.SplitSeq(urls, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.User == nil {
			if strings.Contains(one, "@") {
				one = "(a URL that cannot be read)"
			}
			shown = append(shown, one)
			continue
		}
		u.User = url.User("…")
		shown = append(shown, u.Redacted())
	}
	return strings.Join(shown, ",")
}
