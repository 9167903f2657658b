//go:build linux

package storm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/test/storm/record"
	"github.com/holdfast-dev/holdfast/websocket"
)

// bare is a client without an SDK: a WebSocket or an event stream on a channel's own URL. It tries one node after the
// other.
type bare struct {
	crowd   *crowd
	ear     *ear
	channel string
	try     int // counts the attempts, and so chooses the node

	since string          // position to go on behind
	seen  map[string]bool // ids of the messages that have come by a WebSocket, which is told no offsets
	fresh int             // how many since the position was last moved
}

const (
	retryAfter  = 500 * time.Millisecond // at most, at random
	quietFor    = 30 * time.Second       // after which a client tries another node, about twice the interval of heartbeats
	rebaseAfter = 200                    // messages
)

func (c *crowd) bare(i int, kind string) *bare {
	return &bare{crowd: c, channel: c.chat(i), try: i, seen: map[string]bool{}, ear: c.listenFor(fmt.Sprintf("%s-%d", kind, i), kind, c.chat(i))}
}

// at returns an http URL of the channel, or with the scheme ws.
func (b *bare) at(scheme, query string) string {
	nodes := b.crowd.fleet.nodes
	return fmt.Sprintf("%s://%s/channels/%s?%s", scheme, nodes[b.try%len(nodes)].clients.Addr(), b.channel, query)
}

// where asks for the channel's present end.
func (b *bare) where(ctx context.Context) (string, error) {
	_, at, err := get(ctx, b.at("http", "last=1"))
	return at, err
}

// get asks for a page of a history, and returns where it leads to.
func get(ctx context.Context, from string) (body []byte, position string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", from, nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := single.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", resp.Status, body)
	}
	return body, resp.Header.Get("Holdfast-Position"), err
}

// single makes a connection for each request.
var single = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// joinRaw brings a subscriber with a bare WebSocket in.
func (c *crowd) joinRaw(ctx context.Context, i int) (err error) {
	b := c.bare(i, record.Raw)
	if b.since, err = b.where(ctx); err != nil {
		return err
	}
	conn, err := b.dial(ctx)
	if err != nil {
		return err
	}
	c.listens(func(ctx context.Context) {
		b.again(ctx, func(ctx context.Context) error { return b.read(ctx, conn) }, b.listen)
	})
	return b.ear.joins(b.since)
}

// again goes on, however often that ends: first with one thing, then with another.
func (b *bare) again(ctx context.Context, first, then func(context.Context) error) {
	for f := first; ; f = then {
		err := f(ctx)
		if ctx.Err() != nil {
			return
		}
		if _, fatal := errors.AsType[*gaveUp](err); fatal {
			b.ear.tells(record.Ended, err.Error())
			return
		}
		b.try++
		if !sleep(ctx, about(retryAfter)) {
			return
		}
	}
}

// gaveUp is what a client that is told so does not try again after.
type gaveUp struct{ why string }

func (g *gaveUp) Error() string { return g.why }

func (b *bare) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return websocket.Dial(ctx, b.at("ws", "since="+url.QueryEscape(b.since)), nil)
}

// listen connects and notes what comes until that ends.
func (b *bare) listen(ctx context.Context) error {
	b.rebase(ctx)
	conn, err := b.dial(ctx)
	if err != nil {
		return err
	}
	b.ear.tells(record.Live, "")
	return b.read(ctx, conn)
}

func (b *bare) read(ctx context.Context, conn *websocket.Conn) error {
	defer conn.CloseNow()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := make(chan struct{})
	go func() { // a connection on which nothing passes is given up
		defer close(gone)
		for sleep(ctx, quietFor/3) {
			pinging, done := context.WithTimeout(ctx, quietFor/3)
			_, err := conn.Ping(pinging)
			done()
			if err != nil {
				cancel()
			}
		}
	}()
	defer func() { cancel(); <-gone }()
	for {
		_, message, err := conn.Read(ctx)
		if err != nil {
			if end := conn.End(); end != nil && (end.Code == 4410 || end.Code == 1008 || end.Code == 4401 || end.Code == 4403) {
				return &gaveUp{end.Error()}
			}
			return err
		}
		if id := idOf(string(message)); !b.seen[id] {
			b.seen[id] = true
			b.fresh++
			b.ear.got(string(message), 0, "")
		}
	}
}

// rebase looks where a message is stored that has come, so that not all is sent again from the beginning.
func (b *bare) rebase(ctx context.Context) {
	if b.fresh < rebaseAfter {
		return
	}
	page, at, err := readPage(ctx, b.at("http", "last=50"))
	if err != nil {
		return // it is only to save messages
	}
	for i := len(page) - 1; i >= 0; i-- {
		if b.seen[idOf(page[i].Data)] {
			b.since = protocol.Position{Offset: page[i].Offset, Epoch: at.Epoch}.String()
			b.fresh = 0
			return
		}
	}
}
