package socket

import (
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
// WebSocket). Those to the client go down, as a stream or in answers to polls; those of the client come in a row of
// POSTs. Between requests it has timers and no goroutine of its own.
type exchange struct {
	down down
	up   upstream

	handler *Handler
	conn    *conn
	client  *session.Client
	key     exchangeKey
	over    chan struct{} // closed when the connection is over

	state   sync.Mutex  // guards what follows; taken before that of downstream
	silence *time.Timer // ends the connection
	closing *farewell   // what the client is told when it has to go; it ends though requests come
	err     error       // why the connection is over
}

// down carries the messages of an exchange to its client: polls or a stream.
type down interface {
	carrier
	// end throws away what waits, when the connection is over, and returns when nothing runs any more.
	end()
}

var (
	_ down = (*polls)(nil)
	_ down = (*stream)(nil)
)

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
	errCut    = errors.New("the stream has been cut off, or the client takes nothing of it")
	errSilent = errors.New("the client has sent no request for too long")
)

// newExchange returns a connection for a client that has been let in, and its id. Nothing carries its messages yet.
func newExchange(h *Handler, client *session.Client) (x *exchange, id string) {
	random := make([]byte, exchangeIDBytes)
	rand.Read(random) // never fails
	id = h.config.Cluster.Self().ID + nodeMark + base64.RawURLEncoding.EncodeToString(random)
	x = &exchange{
		up:      upstream{turn: make(chan struct{}, 1)},
		handler: h,
		client:  client,
		key:     keyOf(id),
		over:    make(chan struct{}),
	}
	x.up.turn <- struct{}{} // until begin
	return x, id
}

// add has the connection found by its id from now on. What the client sends waits until begin.
func (x *exchange) add(by down, number uint64) {
	x.down = by
	x.conn = newConn(x.handler, by, protocol.JSON, x.client, number)
	x.conn.awaitFirst()
	x.state.Lock()
	defer x.state.Unlock()
	x.silence = time.AfterFunc(x.patience(), func() { x.drop(errSilent) })
	x.handler.exchanges.add(x)
}

// begin lets the client talk, and be talked to.
func (x *exchange) begin() {
	if reason, closing := x.client.Connected(x.conn); closing {
		x.conn.expel(websocket.CloseGoingAway, reason)
	}
	<-x.up.turn
}

// patience is how long a client may send no request: as long as one with a WebSocket may send nothing.
func (x *exchange) patience() time.Duration {
	return x.handler.config.PingInterval + x.handler.config.PongTimeout
}

// heard notes a sign of life.
func (x *exchange) heard() {
	x.state.Lock()
	defer x.state.Unlock()
	if x.closing == nil && x.err == nil {
		x.silence.Reset(x.patience())
	}
}

// closes notes that the client is told to go. It has closeTimeout to learn of it. The result is false if it has been
// told before, or the connection is over.
func (x *exchange) closes(why *farewell) bool {
	x.state.Lock()
	defer x.state.Unlock()
	if x.err != nil || x.closing != nil {
		return false
	}
	x.closing = why
	x.silence.Reset(closeTimeout)
	return true
}

// drop ends the connection, and cleans up in a goroutine that session.Clients waits for. If the client has been told
// to go, that is why.
func (x *exchange) drop(why error) {
	x.state.Lock()
	defer x.state.Unlock()
	if x.err != nil {
		return
	}
	if x.closing != nil {
		why = x.closing
	}
	x.err = why
	x.silence.Stop()
	close(x.over)
	x.handler.exchanges.remove(x)
	go func() {
		defer x.client.Leave()
		x.conn.stop() // whatever is run
		x.down.end()
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

// violated ends the connection because of a request that breaks the protocol.
func (x *exchange) violated(w http.ResponseWriter, status int, kind string, err error) {
	x.conn.breaks(protocol.CloseBadMessage, kind, err.Error())
	http.Error(w, err.Error(), status)
}
