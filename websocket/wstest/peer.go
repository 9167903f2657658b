package wstest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
)

// link is the way to the endpoint under test.
type link interface {
	// connect opens a connection up to and including the opening handshake. If that fails, the case is
	// over and the peer nil.
	connect(x *exam, o opening) *peer
}

// opening is what is peculiar to the opening of a connection.
type opening struct {
	offer  string // a server is offered this in Sec-WebSocket-Extensions
	bad    bool   // and must decline it
	answer string // a client that offers permessage-deflate is answered this
	behind []byte // bytes that come in one piece with the answer to a client
}

// maxEvents is how many events may wait to be looked at: more than any case asks for, so that a
// case can first send everything and then look at what came back.
const maxEvents = 4096

// peer is our end of a connection with the endpoint under test. What fails ends the case.
type peer struct {
	x      *exam
	conn   io.ReadWriteCloser
	events chan event

	agreed    *agreement // on compression; nil if there is none
	compress  *deflater
	closeSent bool
	ended     bool
}

// newPeer takes over an open connection. r is what is read from; it may hold bytes already.
func newPeer(x *exam, conn io.ReadWriteCloser, r *bufio.Reader, agreed *agreement) *peer {
	p := &peer{x: x, conn: conn, events: make(chan event, maxEvents), agreed: agreed}
	in := reader{r: r, wantsMasked: x.side == Client}
	if agreed != nil {
		ours, theirs := agreed.client, agreed.server
		if x.side == Client {
			ours, theirs = theirs, ours
		}
		p.compress = &deflater{direction: ours}
		in.inflate = &inflater{direction: theirs}
	}
	x.running.Go(func() {
		for {
			ev := in.next()
			select {
			case p.events <- ev:
			case <-x.ctx.Done():
				return
			}
			if ev.kind == gotEnd || ev.kind == gotBroken {
				return
			}
		}
	})
	return p
}

// closeAtEnd closes conn when the exam ends.
func (x *exam) closeAtEnd(conn io.Closer) {
	x.running.Add(1)
	context.AfterFunc(x.ctx, func() {
		defer x.running.Done()
		conn.Close()
	})
}

// send sends frames in one write.
func (p *peer) send(frames ...frame) { p.write(p.encode(frames)) }

// sendInPieces sends frames in writes of size bytes, whatever the bounds of the frames.
func (p *peer) sendInPieces(size int, frames ...frame) {
	for piece := range slices.Chunk(p.encode(frames), size) {
		p.write(piece)
	}
}

// sendEach sends each frame in a write of its own.
func (p *peer) sendEach(frames ...frame) {
	for _, f := range frames {
		p.send(f)
	}
}

func (p *peer) encode(frames []frame) []byte {
	var b []byte
	for _, f := range frames {
		b = f.appendTo(b, p.x.side == Server)
		p.closeSent = p.closeSent || f.first&0x0F == opClose
	}
	return b
}

// write sends raw bytes. An error is not reported: what the endpoint has sent before it closed the
// connection tells more.
func (p *peer) write(b []byte) {
	if !p.x.over() {
		p.conn.Write(b)
	}
}

// exchange sends frames in one write and expects what a right endpoint answers to them.
func (p *peer) exchange(frames ...frame) {
	p.send(frames...)
	p.expect(answersTo(frames)...)
}

// exchangeInPieces is exchange with writes of size bytes.
func (p *peer) exchangeInPieces(size int, frames ...frame) {
	p.sendInPieces(size, frames...)
	p.expect(answersTo(frames)...)
}

// answersTo returns what comes back for frames: an echo for each message, a pong for each ping.
func answersTo(frames []frame) []event {
	var answers []event
	var message []frame
	for _, f := range frames {
		switch op := f.first & 0x0F; {
		case op == opPing:
			answers = append(answers, pongOf(string(f.payload)))
		case op < opClose:
			message = append(message, f)
			if f.first&finBit != 0 {
				answers = append(answers, echoOf(message...))
				message = nil
			}
		}
	}
	return answers
}

// expect waits for the events wanted and accepts nothing else. Messages come in order, pongs come
// in order, but how the two mix is free (RFC 6455 section 5.5.2 asks for a pong only "as soon as is
// practical"), and of several pongs only the last must come (section 5.5.3).
func (p *peer) expect(want ...event) {
	var messages, pongs []event
	for _, e := range want {
		if e.kind == gotPong {
			pongs = append(pongs, e)
		} else {
			messages = append(messages, e)
		}
	}
	for len(messages)+len(pongs) > 0 {
		missing := list(slices.Concat(messages, pongs))
		ev := p.next(missing)
		if p.x.over() {
			return
		}
		switch at := slices.IndexFunc(pongs, ev.equal); {
		case ev.kind == gotPong && at >= 0:
			pongs = pongs[at+1:]
		case len(messages) > 0 && ev.equal(messages[0]):
			messages = messages[1:]
		default:
			p.x.fail(missing, ev.String())
		}
	}
}

// next returns the next event. Pings are answered and not reported. expected says what is waited for.
func (p *peer) next(expected string) event {
	for !p.x.over() {
		select {
		case ev := <-p.events:
			if p.x.ctx.Err() != nil {
				p.x.fail(expected, "nothing in the time allowed")
			}
			if ev.kind == gotPing {
				p.send(pong(string(ev.payload)))
				continue
			}
			return ev
		case <-p.x.ctx.Done():
			p.x.fail(expected, "nothing in the time allowed")
		}
	}
	return event{}
}

// finish does the closing handshake if the connection is still open.
func (p *peer) finish() {
	if !p.ended && !p.x.over() {
		p.send(closing(1000, ""))
		p.expectClose([]int{1000})
	}
}

// expectFail expects that the endpoint fails the connection (RFC 6455 section 7.1.7) with a close
// frame that has one of codes. Answers to what was sent before the violation may have got ahead of
// it, or not: the RFC does not ask an endpoint to hand over what it holds before it fails.
func (p *peer) expectFail(codes []int, before ...event) { p.expectClose(codes, before...) }

// expectClose expects a close frame with one of codes and then the end of the connection. The
// frame is answered unless it is an answer. A server closes the transport first (RFC 6455 section
// 7.1.1): our end does not, unless it is the server.
func (p *peer) expectClose(codes []int, before ...event) {
	expected := "close " + codeList(codes)
	for !p.x.over() {
		ev := p.next(expected)
		if len(before) > 0 && ev.equal(before[0]) {
			before = before[1:]
			continue
		}
		if !p.x.over() && (ev.kind != gotClose || !slices.Contains(codes, ev.code)) {
			p.x.fail(expected, ev.String())
		}
		break
	}
	if !p.closeSent {
		p.send(closing(codes[0], ""))
	}
	if p.x.side == Client {
		p.closeHalf()
	}
	p.expectEnd()
}

// expectEnd expects that nothing more comes and that the endpoint closes the transport.
func (p *peer) expectEnd() {
	expected := "the end of the connection after the close frame"
	if ev := p.next(expected); ev.kind != gotEnd {
		p.x.fail(expected, ev.String())
	}
	p.ended = true
}

// closeHalf closes our half of the transport, or all of it if halves can't be closed.
func (p *peer) closeHalf() {
	if half, ok := p.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	} else {
		p.conn.Close()
	}
}

// fits tells whether a message of n bytes is within the limit of the endpoint, and ends the
// case as not applicable if it is not.
func (p *peer) fits(n int) bool {
	if limit := p.x.maxMessage; limit > 0 && int64(n) > limit {
		p.x.skip(fmt.Sprintf("a message of %d bytes is over the endpoint's limit of %d", n, limit))
		return false
	}
	return true
}
