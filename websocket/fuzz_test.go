package websocket

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// FuzzConn feeds arbitrary bytes behind the handshake to a connection that nothing else happens on. Time is fake, so a hang is a
// deadlock that synctest reports, as it does a goroutine that is left.
func FuzzConn(f *testing.F) {
	for _, r := range rules {
		for _, client := range []bool{false, true} {
			f.Add(client, uint8(0), r.bytes(!client))
			f.Add(client, uint8(1), r.bytes(!client))
		}
	}
	f.Fuzz(func(t *testing.T, client bool, chunk uint8, stream []byte) {
		synctest.Test(t, func(t *testing.T) {
			role := wire.Server
			if client {
				role = wire.Client
			}
			ours, theirs := net.Pipe()
			c := newConn(ours, role, Limits{MaxMessageBytes: 1 << 16}, "", nil)
			p := newPeer(t, theirs, role == wire.Server)
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				checkAnswers(t, p)
			}()
			served := make(chan error, 1)
			received := 0
			go func() {
				served <- c.Serve(func(typ MessageType, m []byte) {
					if typ == Text && !utf8.Valid(m) {
						t.Errorf("text that is not UTF-8: %q", m)
					}
					received += len(m)
				})
			}()
			for rest := stream; len(rest) > 0; {
				n := len(rest)
				if chunk > 0 {
					n = min(n, int(chunk))
				}
				if _, err := theirs.Write(rest[:n]); err != nil {
					break // the connection has ended
				}
				rest = rest[n:]
			}
			theirs.Close()
			var end *CloseError
			if err := <-served; !errors.As(err, &end) || end != c.end {
				t.Errorf("Serve: %v", err)
			}
			if received > len(stream) {
				t.Errorf("%d bytes were received of a stream of %d", received, len(stream))
			}
			<-answered
			<-c.Done()
		})
	})
}

// checkAnswers reads what a connection that sends no messages may send: pongs, and at the end one close frame.
func checkAnswers(t *testing.T, p *peer) {
	for {
		first, payload, err := p.read()
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, io.ErrUnexpectedEOF):
			return
		case err != nil:
			t.Errorf("the answer can't be read: %v", err)
			return
		case first == 0x88:
			if len(payload) == 1 || len(payload) > 1 && !wire.CanSend(binary.BigEndian.Uint16([]byte(payload))) || !utf8.ValidString(payload[min(2, len(payload)):]) {
				t.Errorf("close payload %q", payload)
			}
			if first, payload, err := p.read(); err == nil {
				t.Errorf("frame %#x %q behind the close frame", first, payload)
			}
			return
		case first != 0x8A || len(payload) > wire.MaxControlPayload:
			t.Errorf("frame %#x %q was sent", first, payload)
		}
	}
}
