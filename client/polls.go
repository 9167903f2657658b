package client

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// polls is a carrier that asks for messages again and again.
type polls struct {
	*exchange
	wait int // seconds that a poll may wait; 0 for as long as the server likes. It belongs to Serve
}

// longCut is how long a poll must have waited for its end to be taken as that of something idle.
const longCut = 1500 * time.Millisecond

// dialPolls opens a connection. ctx bounds that only.
func dialPolls(ctx context.Context, endpoint string, o *websocket.DialOptions) (carrier, error) {
	x, err := newExchange(endpoint, o)
	if err != nil {
		return nil, err
	}
	status, text, err := x.ask(ctx, answerBytes, http.MethodGet, "", nil, "Accept", "application/json")
	if err == nil && status != http.StatusOK {
		err = refused(status, text, nil)
	}
	if err == nil {
		err = x.named(text)
	}
	if err != nil {
		x.CloseNow()
		return nil, err
	}
	return &polls{exchange: x}, nil
}

// polled is the answer to a poll.
type polled struct {
	Next     uint64            `json:"next"`
	Messages []json.RawMessage `json:"messages"`
	Close    json.RawMessage   `json:"close"`
}

// Serve implements carrier.
func (p *polls) Serve(handle func(typ websocket.MessageType, payload []byte)) error {
	for next := uint64(0); ; {
		text, err := p.poll(next)
		if err != nil {
			return err
		}
		p.heard()
		var answer polled
		if err := json.Unmarshal(text, &answer); err != nil {
			return p.dropped(err)
		}
		next = answer.Next
		for _, m := range answer.Messages {
			if p.context.Err() != nil {
				return p.dropped(context.Cause(p.context)) // it has ended otherwise
			}
			handle(websocket.Text, m)
		}
		if answer.Close != nil {
			return p.closed(answer.Close)
		}
	}
}

// poll asks for what is behind so many messages. If it is cut off after a long wait, as by a proxy that takes it for idle, it
// waits for half of that from then on.
func (p *polls) poll(after uint64) ([]byte, error) {
	for resend := firstResend; ; resend *= 2 {
		query := "after=" + strconv.FormatUint(after, 10)
		if p.wait > 0 {
			query += "&wait=" + strconv.Itoa(p.wait)
		}
		begun := time.Now()
		text, lost, err := p.try(http.StatusOK, p.most+answerBytes, http.MethodGet, query, nil)
		if !lost {
			return text, err
		}
		if waited := time.Since(begun); waited >= longCut {
			p.wait = max(1, int(waited.Seconds()/2))
			resend = firstResend
		}
		if resend > lastResend || !sleep(p.context, resend) {
			return nil, p.dropped(err)
		}
	}
}

// Watch implements carrier. The server hears of the client by each poll.
func (p *polls) Watch(ping, pong time.Duration, _ func()) { p.exchange.Watch(ping, pong, nil) }
