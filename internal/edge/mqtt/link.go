package mqtt

import (
	"bytes"
	"context"
	"net"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/websocket"
)

// link carries the bytes of one connection: a bare one, or a WebSocket. Its methods but serve and flush never block.
type link interface {
	// serve calls handle with what arrives until the connection is over, and returns why.
	serve(handle func(p []byte)) error
	// send offers packets that many links share, sendCopy packets in parts that the caller goes on using.
	send(p *packets) websocket.Result
	sendCopy(parts ...[]byte) websocket.Result
	// flush waits until all that was sent has left.
	flush(ctx context.Context) error
	// end sends the last packet, if there is one, in place of what waits, and closes the connection.
	end(last []byte, reason string)
	// drop closes the connection at once.
	drop()
	remoteAddr() net.Addr
}

// packets are packets on their way to many links, encoded once for each kind of link.
type packets struct {
	bytes []byte
	once  sync.Once
	frame *websocket.Frame // made by once
}

func (p *packets) framed() *websocket.Frame {
	p.once.Do(func() { p.frame = websocket.NewFrame(websocket.Binary, p.bytes) })
	return p.frame
}

// bare is a link over TCP or TLS.
type bare struct{ *websocket.ByteConn }

func (l bare) serve(handle func(p []byte)) error         { return l.Serve(handle) }
func (l bare) send(p *packets) websocket.Result          { return l.Send(p.bytes) }
func (l bare) sendCopy(parts ...[]byte) websocket.Result { return l.SendCopy(parts...) }
func (l bare) flush(ctx context.Context) error           { return l.Flush(ctx) }
func (l bare) end(last []byte, _ string)                 { l.End(last, true) }
func (l bare) drop()                                     { l.CloseNow() }
func (l bare) remoteAddr() net.Addr                      { return l.RemoteAddr() }

// framed is a link over a WebSocket, whose binary messages carry the bytes, whatever their boundaries (MQTT 5, section 6).
type framed struct{ *websocket.Conn }

func (l framed) serve(handle func(p []byte)) error {
	return l.ServeBatch(func(batch []websocket.Message) {
		for _, m := range batch {
			if m.Type != websocket.Binary {
				l.close(websocket.CloseUnsupportedData, "MQTT comes in binary messages")
				return
			}
			handle(m.Payload)
		}
	})
}

func (l framed) send(p *packets) websocket.Result { return l.Send(p.framed()) }

func (l framed) sendCopy(parts ...[]byte) websocket.Result {
	all := parts[0]
	if len(parts) > 1 {
		all = bytes.Join(parts, nil)
	}
	return l.Send(websocket.NewFrame(websocket.Binary, all))
}

func (l framed) flush(ctx context.Context) error { return l.Flush(ctx) }

func (l framed) end(last []byte, reason string) {
	if len(last) > 0 {
		l.Send(websocket.NewFrame(websocket.Binary, last)) // if the socket is full, the close frame says it alone
	}
	l.close(websocket.CloseNormal, reason)
}

// close closes the WebSocket. It can't fail: the code may be sent, and the reason is cut to what fits.
func (l framed) close(code websocket.CloseCode, reason string) {
	if l.Expel(code, door.Reason(reason, "")) != nil {
		l.CloseNow()
	}
}

func (l framed) drop()                { l.CloseNow() }
func (l framed) remoteAddr() net.Addr { return l.RemoteAddr() }
