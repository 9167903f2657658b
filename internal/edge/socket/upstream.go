package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/websocket"
)

// upstream takes the messages of a client without a WebSocket, each the body of a POST, one at a time and in order.
type upstream struct {
	turn chan struct{} // of one place: held by the POST that is received and run, and in the end for good

	mu     sync.Mutex // guards what follows
	begun  uint64     // the number of the last message whose commands are run, or have been
	newest *post      // that waits for its turn or is received
}

// post is one POST.
type post struct {
	number   uint64
	control  *http.ResponseController // nil once its message is here
	replaced chan struct{}            // closed when another one has come
}

var (
	errReplaced = errors.New("another request has come that does the same, and this one does it no more")
	errSequence = errors.New("messages are numbered 1, 2, 3 … in " + sequenceHeader + ", and each is sent when the one before has been answered")
)

// enter makes a POST the newest. One before it that is still received is given up, as it has been by its client, who
// else would not have sent another. It returns nil if the message has been here before, and errSequence if it
// can't be its turn.
func (u *upstream) enter(n uint64, w http.ResponseWriter) (*post, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if n <= u.begun {
		return nil, nil
	}
	if n != u.begun+1 {
		return nil, errSequence
	}
	before := u.newest
	u.newest = &post{number: n, control: http.NewResponseController(w), replaced: make(chan struct{})}
	if before == nil {
		return u.newest, nil
	}
	close(before.replaced)
	if before.control != nil {
		return u.newest, before.control.SetReadDeadline(time.Unix(1, 0))
	}
	return u.newest, nil
}

// begin notes that the message of a POST is here and about to be run. It returns false if another one has come.
func (u *upstream) begin(p *post) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.newest != p {
		return false
	}
	u.begun, u.newest = p.number, nil
	return true
}

// leave undoes enter.
func (u *upstream) leave(p *post) {
	u.mu.Lock()
	defer u.mu.Unlock()
	p.control = nil
	if u.newest == p {
		u.newest = nil
	}
}

// end waits until no message is run, and lets none be run any more.
func (u *upstream) end() { u.turn <- struct{}{} }

// serveSend takes a message of a client. It is answered when the commands have been begun, so that a client waits that
// sends more than it lets be answered.
func (h *Handler) serveSend(w http.ResponseWriter, r *http.Request, x *exchange) {
	x.heard()
	err := x.receive(w, r)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case tooLarge:
		err = fmt.Errorf("the message is larger than the server reads (%d bytes); send less", h.accept.MaxMessageBytes)
		h.door.Refuse(w, r, x.client, &door.RequestError{Kind: "too_large", Status: http.StatusRequestEntityTooLarge, Err: err})
		x.conn.expel(websocket.CloseMessageTooBig, err.Error())
	case errors.Is(err, errSequence):
		x.violated(w, http.StatusConflict, "bad_sequence", err)
	case errors.Is(err, errReplaced):
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.Is(err, errGone):
		http.Error(w, err.Error(), http.StatusNotFound)
	default: // it has been cut off, so that nobody may read this
		http.Error(w, fmt.Sprintf("the message could not be received: %v; send it again", err), http.StatusBadRequest)
	}
}

// receive receives and runs the message of a POST, when it is its turn, unless that has been done before.
func (x *exchange) receive(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.ParseUint(r.Header.Get(sequenceHeader), 10, 64)
	if err != nil || n == 0 {
		return errSequence
	}
	if r.ContentLength > x.handler.accept.MaxMessageBytes { // known before it comes
		return &http.MaxBytesError{Limit: x.handler.accept.MaxMessageBytes}
	}
	p, err := x.up.enter(n, w)
	if p == nil {
		return err
	}
	defer x.up.leave(p)
	if err != nil {
		return err
	}
	select {
	case x.up.turn <- struct{}{}:
	case <-p.replaced:
		return errReplaced
	case <-x.over:
		return errGone
	case <-r.Context().Done():
		return context.Cause(r.Context())
	}
	defer func() { <-x.up.turn }()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, x.handler.accept.MaxMessageBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return err
	}
	select {
	case <-p.replaced:
		return errReplaced // which may be why it can't be read
	default:
	}
	if err != nil {
		return err
	}
	if !x.up.begin(p) {
		return errReplaced
	}
	x.conn.receiveAll([]websocket.Message{{Type: websocket.Text, Payload: body}})
	return nil
}
