package socket

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// exchange is a connection without a WebSocket: its messages travel in requests of HTTP (docs/protocol.md, Without a
// WebSocket). Those to the client are fetched, by one request that stays or by a row of polls; those of the client
// come in a row of POSTs. It is the carrier of its conn. Between requests it has a timer and no goroutine.
type exchange struct {
	downstream
	up upstream

	handler  *Handler
	conn     *conn
	client   *session.Client
	key      exchangeKey
	streamed bool          // its messages are fetched by one request
	over     chan struct{} // closed when the connection is over

	state    sync.Mutex               // guards what follows; taken before that of downstream
	silence  *time.Timer              // ends the connection
	ends     time.Time                // when it does though requests come: the client has been told to go
	err      error                    // why the connection is over
	writing  *http.ResponseController // of the stream, or nil
	answered time.Time                // when a poll was last
}

const (
	exchangeIDBytes = 24 // random ones, of which an id is made: who knows it is the connection
	// closeTimeout is how long a client may take to fetch why its connection closes, and writeTimeout how long it may
	// take no bytes while some wait for it. They are those of WebSockets.
	closeTimeout = 5 * time.Second
	writeTimeout = 30 * time.Second
	fetchBytes   = 256 << 10 // of messages that leave at a time, or one message
	// defaultQueueBytes is Config.SendQueueBytes if that is not given.
	defaultQueueBytes = 1 << 20
)

var (
	errGone   = errors.New("the connection is over")
	errLeft   = errors.New("the client has left")
	errCut    = errors.New("the client does not read the stream any more")
	errSilent = errors.New("the client has sent no request for too long")
)

// newExchange returns a connection for a client that has been let in, and its id. Nobody finds it yet.
func newExchange(h *Handler, client *session.Client, number uint64, streamed bool) (x *exchange, id string) {
	random := make([]byte, exchangeIDBytes)
	rand.Read(random) // never fails
	id = base64.RawURLEncoding.EncodeToString(random)
	x = &exchange{
		downstream: downstream{most: h.config.SendQueueBytes},
		up:         upstream{turn: make(chan struct{}, 1)},
		handler:    h,
		client:     client,
		key:        keyOf(id),
		streamed:   streamed,
		over:       make(chan struct{}),
	}
	x.conn = newConn(h, x, protocol.JSON, client, number)
	x.state.Lock()
	defer x.state.Unlock()
	x.silence = time.AfterFunc(x.patience(), func() { x.drop(errSilent) })
	return x, id
}

// patience is how long a client may send no request: as long as one with a WebSocket may send nothing.
func (x *exchange) patience() time.Duration {
	return x.handler.config.PingInterval + x.handler.config.PongTimeout
}

// heard notes a sign of life.
func (x *exchange) heard() {
	x.state.Lock()
	defer x.state.Unlock()
	if x.ends.IsZero() && x.err == nil {
		x.silence.Reset(x.patience())
	}
}

// Expel implements carrier. Unlike a WebSocket's it throws nothing away: what waits goes first.
func (x *exchange) Expel(code websocket.CloseCode, reason string) error {
	x.state.Lock()
	defer x.state.Unlock()
	if x.err != nil || !x.downstream.close(&farewell{code, reason}) {
		return nil
	}
	x.ends = time.Now().Add(closeTimeout)
	x.silence.Reset(closeTimeout)
	return x.limitWritingLocked()
}

// Close implements carrier. A client of whom no request is here is not waited for: the server stops, and takes none.
func (x *exchange) Close(ctx context.Context, code websocket.CloseCode, reason string) error {
	attended := x.attended()
	if err := x.Expel(code, reason); err != nil {
		return err
	}
	if !attended {
		x.drop(errGone)
	}
	select {
	case <-x.over:
	case <-ctx.Done():
		x.drop(context.Cause(ctx))
	}
	return nil
}

// drop ends the connection, and cleans up in a goroutine that session.Clients waits for.
func (x *exchange) drop(why error) {
	x.state.Lock()
	defer x.state.Unlock()
	if x.err != nil {
		return
	}
	x.err = why
	x.silence.Stop()
	close(x.over)
	x.handler.exchanges.remove(x)
	x.downstream.end()
	if err := x.limitWritingLocked(); err != nil {
		x.handler.config.Log.Debug("not cut off", "path", Path, "error", err) // it ends by its own limit
	}
	go func() {
		defer x.client.Leave()
		x.conn.stop() // whatever is run
		x.up.end()
		x.client.Ended(codeOf(why))
		x.conn.finish(why)
	}()
}

// codeOf returns the close code that a WebSocket would have ended with, and the reason.
func codeOf(why error) (code int, reason string) {
	if f, ok := errors.AsType[*farewell](why); ok {
		return int(f.Code), f.Reason
	}
	if errors.Is(why, errLeft) {
		return int(websocket.CloseNormal), ""
	}
	return int(websocket.CloseAbnormal), why.Error()
}

// writes names the request that the stream is written to, or none.
func (x *exchange) writes(to *http.ResponseController) {
	x.state.Lock()
	defer x.state.Unlock()
	x.writing = to
}

// limitWriting bounds the time for what is written next to the stream.
func (x *exchange) limitWriting() error {
	x.state.Lock()
	defer x.state.Unlock()
	return x.limitWritingLocked()
}

func (x *exchange) limitWritingLocked() error {
	limit := time.Now().Add(writeTimeout)
	switch {
	case x.writing == nil:
		return nil
	case x.err != nil:
		limit = time.Unix(1, 0)
	case !x.ends.IsZero():
		limit = x.ends
	}
	return x.writing.SetWriteDeadline(limit)
}

// untilAnswer returns how long a poll has to wait before it may be answered.
func (x *exchange) untilAnswer() time.Duration {
	x.state.Lock()
	defer x.state.Unlock()
	return max(0, time.Until(x.answered.Add(pollSpacing)))
}

// violated ends the connection because of a request that breaks the protocol.
func (x *exchange) violated(w http.ResponseWriter, status int, kind string, err error) {
	x.conn.breaks(protocol.CloseBadMessage, kind, err.Error())
	http.Error(w, err.Error(), status)
}
