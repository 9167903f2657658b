package websocket

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/duplex"
	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
)

// EventStream is an answer of HTTP that goes on for as long as there is something to say: Server-Sent Events (WHATWG HTML,
// section 9.2), for clients that have no WebSocket. It sends as a Conn does: the first write is tried at once and never blocks, what
// the socket does not take waits in a bounded queue, and a stream over HTTP/1.1 that has nothing to send holds no buffer.
//
// What the bytes mean is the caller's business. The methods may be called from any goroutine, Wait from one.
type EventStream struct {
	nc        net.Conn
	handler   context.Context // done when the client has gone, over HTTP/2 and HTTP/3; nil over HTTP/1.1
	timeout   time.Duration   // of ending
	transport transport
	in        inbound // what a client sends although it has said everything
	out       outbox.Outbox

	ending  sync.WaitGroup // seeOff
	over    chan struct{}  // closed when nothing more is sent
	closing sync.Once      // of over

	mu    sync.Mutex  // guards what follows
	ended bool        // no end begins any more
	timer *time.Timer // bounds the end; nil before
}

// AcceptEvents answers a GET with status 200, the headers of w and the type text/event-stream, and takes over the request's
// connection or stream. Of the limits, SendQueueBytes, WriteTimeout and CloseTimeout count. If the connection can't be taken over, the
// request has been answered with the reason, and the error is a *HandshakeError.
//
// Over HTTP/1.1 the connection serves this request alone. After AcceptEvents neither w nor r.Body may be used. Call Run next.
func AcceptEvents(w http.ResponseWriter, r *http.Request, l Limits) (*EventStream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	l = l.withDefaults()
	s := &EventStream{timeout: l.CloseTimeout, over: make(chan struct{})}
	var err error
	if r.ProtoMajor == 1 {
		s.nc, err = takeOver(w, l.WriteTimeout)
	} else {
		s.handler = r.Context()
		s.nc, err = begin(w, r)
	}
	if err != nil {
		return nil, err
	}
	s.transport = newTransport(s.nc, l.WriteTimeout)
	s.out.Init(s.transport, l.SendQueueBytes, s.drop)
	return s, nil
}

// takeOver takes over a connection of HTTP/1.1. Without a Content-Length the body is all that follows until the connection is
// closed (RFC 9112 section 6.3), so that the bytes of a message are the same for everybody.
func takeOver(w http.ResponseWriter, writeTimeout time.Duration) (net.Conn, error) {
	h := w.Header()
	h.Del("Content-Length")
	h.Del("Transfer-Encoding")
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		h.Del("Date")
		return nil, refuse(w, notTakenOver(err))
	}
	err = nc.SetDeadline(time.Now().Add(handshakeTimeout))
	if err == nil {
		rw.WriteString("HTTP/1.1 200 OK\r\n")
		h.Write(rw) // keeps names and values on their line
		rw.WriteString("\r\n")
		err = rw.Flush() // reports the errors of the writes before it
	}
	if err == nil {
		err = wantAcks(nc, writeTimeout)
	}
	if err == nil {
		err = nc.SetDeadline(time.Time{}) // the server's timeouts are for requests
	}
	if err != nil {
		nc.Close()
		return nil, &HandshakeError{Reason: err.Error()}
	}
	return nc, nil
}

// begin sends the header over HTTP/2 and HTTP/3.
func begin(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	control := http.NewResponseController(w)
	for _, clear := range []func(time.Time) error{control.SetReadDeadline, control.SetWriteDeadline} {
		if err := clear(time.Time{}); err != nil { // the server's timeouts are for requests
			return nil, refuse(w, notTakenOver(err))
		}
	}
	w.WriteHeader(http.StatusOK)
	if err := control.Flush(); err != nil {
		return nil, &HandshakeError{Reason: err.Error()}
	}
	s := &serverStream{w: w, control: control, body: r.Body, handler: r.Context()}
	return handlerConn{duplex.New(s, address(""), address(r.RemoteAddr))}, nil
}

func notTakenOver(err error) *handshake.Refusal {
	return &handshake.Refusal{
		Status: http.StatusInternalServerError,
		Reason: fmt.Sprintf("the connection can't be taken over from this http.ResponseWriter: %v; middleware must implement Unwrap", err),
	}
}

// Send offers bytes to the client, all or, if the result is Dropped or Closed, none of them. It never blocks. b is shared, not
// copied: it must never change. An empty queue takes any number of bytes. Cost where the socket has room: one system call over
// HTTP/1.1; over HTTP/2 and HTTP/3 a goroutine sends them.
func (s *EventStream) Send(b []byte) Result { return Result(s.out.Send(b)) }

// Flush waits until everything that was sent has left the queue. It returns ctx's error if that ends before, and another if the
// stream is ending.
func (s *EventStream) Flush(ctx context.Context) error { return s.out.Drained(ctx) }

// Close ends the stream with last behind what waits, and returns when that has left, or, with the connection dropped, when ctx or the
// closing timeout ends.
func (s *EventStream) Close(ctx context.Context, last []byte) {
	s.end(last, false)
	stop := context.AfterFunc(ctx, func() { s.drop(ctx.Err()) })
	defer stop()
	<-s.over
}

// Finish sends last behind what waits, begins to end the stream and returns at once.
func (s *EventStream) Finish(last []byte) { s.end(last, false) }

// Expel throws away what waits, sends last in its place, begins to end the stream and returns at once.
func (s *EventStream) Expel(last []byte) { s.end(last, true) }

// end begins to end the stream. Only the first call counts.
func (s *EventStream) end(last []byte, discard bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	s.timer = time.AfterFunc(s.timeout, func() { s.drop(errCloseTimeout) })
	buf := outbox.NewBuffer(len(last))
	buf.B = append(buf.B, last...)
	s.ending.Go(func() { s.seeOff(buf, discard) })
}

// seeOff sends the last bytes and says that there are no more.
func (s *EventStream) seeOff(last *outbox.Buffer, discard bool) {
	defer s.closing.Do(func() { close(s.over) })
	s.out.Finish(last, discard)
	if s.out.Flush() != nil {
		return
	}
	half, ok := s.nc.(interface{ CloseWrite() error })
	if (!ok || half.CloseWrite() != nil) && s.handler == nil { // over HTTP/2 and HTTP/3 the handler's return ends the stream
		s.drop(net.ErrClosed)
	}
}

// drop ends the stream now.
func (s *EventStream) drop(err error) {
	s.out.Abort(err)
	s.nc.Close()
	s.closing.Do(func() { close(s.over) })
}

// Run calls f, which uses the stream and calls Wait, where that is right: over HTTP/1.1 on a goroutine of its own, so that the HTTP handler
// returns at once and its stack, buffers and request are let go; over HTTP/2 and HTTP/3 on the caller's. Call it from the handler
// that called AcceptEvents, as the last thing. When f returns, the stream is over.
func (s *EventStream) Run(f func()) {
	if s.handler == nil {
		go s.run(f)
		return
	}
	s.run(f)
}

func (s *EventStream) run(f func()) {
	defer s.finish()
	f()
}

// finish ends what is left.
func (s *EventStream) finish() {
	s.mu.Lock()
	s.ended = true
	timer := s.timer
	s.mu.Unlock()
	if timer != nil {
		timer.Stop()
	}
	s.drop(net.ErrClosed)
	s.out.Wait()
	s.ending.Wait()
	s.in.clear()
}

// Wait returns when the client has gone, or when the stream has been ended and the client knows.
func (s *EventStream) Wait() {
	if s.handler != nil {
		select {
		case <-s.handler.Done():
		case <-s.over:
		}
		return
	}
	for skipped := 0; skipped < maxSkip; {
		n, err := s.transport.skip(&s.in)
		if err != nil {
			return
		}
		skipped += n
	}
}

// maxSkip is how many bytes a client may send behind its request before it is dropped.
const maxSkip = 64 << 10
