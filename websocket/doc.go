// Package websocket is a WebSocket engine: server and client of RFC 6455, with no dependencies.
//
// # Serving
//
// Accept turns an HTTP request into a connection. Serve reads it in the style of events, in place
// and without a copy; Read returns one message at a time.
//
//	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
//		conn, err := websocket.Accept(w, r, nil)
//		if err != nil {
//			return // the request has been answered with the reason
//		}
//		conn.Run(func() {
//			conn.Serve(func(typ websocket.MessageType, payload []byte) {
//				conn.Write(context.Background(), typ, payload)
//			})
//		})
//	})
//
// Run keeps the handler where the version of HTTP demands it and lets it return where that saves
// memory. Handler is Accept and Run in one.
//
// # Connecting
//
//	conn, err := websocket.Dial(ctx, "wss://example.com/echo", nil)
//	if err != nil {
//		return err
//	}
//	defer conn.CloseNow()
//	if err := conn.Write(ctx, websocket.Text, []byte("hello")); err != nil {
//		return err
//	}
//	typ, message, err := conn.Read(ctx)
//	…
//	return conn.Close(ctx, websocket.CloseNormal, "")
//
// # HTTP/2 and HTTP/3
//
// Accept takes handshakes over all versions of HTTP (RFC 6455, RFC 8441, RFC 9220). Over HTTP/2 the
// server must offer them first, which net/http does not by itself: see CheckHTTP2 and the package
// enableh2. Over HTTP/3 the requests come from quic-go: see the package h3. A client connects with
// the Dialer of the package h2 or h3 as DialOptions.Carrier. This package imports neither.
//
// # Broadcasting
//
// NewFrame encodes a message once; Send offers it to a connection without ever blocking, and says
// whether it was Sent, Queued or Dropped. The queue of each connection is bounded in bytes, so a
// reader that does not keep up costs neither time nor memory beyond its limit.
//
// # Keeping connections alive
//
// A Keepalive pings peers that are silent and gives up those that stay so, with one goroutine and one
// timer for any number of connections:
//
//	var keepalive = websocket.NewKeepalive(25*time.Second, 20*time.Second)
//	…
//	keepalive.Watch(conn)
//
// Nothing else pings: without it a peer that vanished is noticed when something is written to it.
// Conn.Ping measures the round trip to one peer.
//
// # Large messages and streams of bytes
//
// NextReader and NextWriter move a message of any size through a small buffer, and NetConn makes a
// net.Conn of a connection, for protocols that want a stream of bytes:
//
//	typ, r, err := conn.NextReader(ctx)
//	if err != nil {
//		return err
//	}
//	_, err = io.Copy(file, r)
//
// # Limits
//
// Limits, in AcceptOptions and DialOptions, bounds what a peer may cost: bytes and fragments of a
// message, pings and pongs, what waits to be sent, and how long writing and closing may take. Every
// limit has a default. A peer that goes beyond one is closed with a code and a reason that names it.
//
// # How a connection ends
//
// Every way ends in one *CloseError, which all calls return from then on, as does End: the code, the
// reason, who began, and whether both close frames were exchanged. A peer that breaks the protocol is
// told the rule in the close reason.
//
// # What it costs
//
// An idle connection holds no buffer: on a plain socket it waits for readability and borrows a
// buffer when bytes have arrived; on TLS it waits with two bytes. Small messages are read and
// written without allocation, each write tries the socket at once, and only a socket that is full
// gets a goroutine to drain the queue.
package websocket
