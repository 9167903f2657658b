package wstest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// answerer is the way to a client: it listens and has the client dial.
type answerer struct{ ClientTarget }

// connect waits for the client's connection and answers its handshake.
func (a *answerer) connect(x *exam, o opening) *peer {
	conn, r, request := a.accept(x)
	if conn == nil {
		return nil
	}
	response := newResponse(request)
	var agreed *agreement
	if o.answer != "" {
		offers := request.Header.Values("Sec-WebSocket-Extensions")
		var answer, refusal string
		if agreed, answer, refusal = answerOffer(o.answer, offers); refusal != "" {
			x.skip(refusal)
			return nil
		}
		response.add("Sec-WebSocket-Extensions", answer)
	}
	conn.Write(append(response.bytes(), o.behind...))
	return newPeer(x, conn, r, agreed)
}

// accept waits for the client's opening handshake. It returns nil if the case is over.
func (a *answerer) accept(x *exam) (net.Conn, *bufio.Reader, *http.Request) {
	const expected = "an opening handshake from the client"
	fail := func(err error) (net.Conn, *bufio.Reader, *http.Request) {
		x.fail(expected, err.Error())
		return nil, nil, nil
	}
	if x.over() {
		return nil, nil, nil
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fail(err)
	}
	x.closeAtEnd(ln)
	url := "ws://" + ln.Addr().String() + "/"
	if a.TLS != nil {
		url = "wss" + strings.TrimPrefix(url, "ws")
	}
	gone := make(chan error, 1)
	x.running.Go(func() {
		gone <- a.Echo(x.ctx, url)
		ln.Close()
	})
	nc, err := ln.Accept()
	ln.Close()
	if err != nil {
		select {
		case echoed := <-gone:
			err = fmt.Errorf("none; the client has ended: %v", echoed)
		case <-x.ctx.Done():
			err = fmt.Errorf("none in the time allowed")
		}
		return fail(err)
	}
	x.closeAtEnd(nc)
	conn := nc
	if a.TLS != nil {
		tc := tls.Server(nc, a.TLS)
		if err := tc.HandshakeContext(x.ctx); err != nil {
			return fail(err)
		}
		conn = &secured{tc, nc}
	}
	r := bufio.NewReader(conn)
	request, err := http.ReadRequest(r)
	if err != nil {
		return fail(err)
	}
	if fault := checkRequest(request); fault != "" {
		x.fail("a right opening handshake", fault)
		return nil, nil, nil
	}
	return conn, r, request
}

// checkRequest says what is wrong with a client's opening handshake (RFC 6455 section 4.1), or
// returns "".
func checkRequest(r *http.Request) string {
	h := r.Header
	keys := h.Values("Sec-WebSocket-Key")
	switch version := h.Values("Sec-WebSocket-Version"); {
	case r.Method != http.MethodGet:
		return "the method " + r.Method
	case !r.ProtoAtLeast(1, 1):
		return "a request in " + r.Proto
	case r.Host == "":
		return "no Host header"
	case !listHas(h.Values("Upgrade"), "websocket"):
		return fmt.Sprintf("the header Upgrade %q", h.Values("Upgrade"))
	case !listHas(h.Values("Connection"), "upgrade"):
		return fmt.Sprintf("the header Connection %q", h.Values("Connection"))
	case len(version) != 1 || version[0] != "13":
		return fmt.Sprintf("the header Sec-WebSocket-Version %q", version)
	case len(keys) != 1:
		return fmt.Sprintf("%d headers Sec-WebSocket-Key", len(keys))
	case r.ContentLength != 0:
		return "a request that announces a body"
	}
	if nonce, err := base64.StdEncoding.DecodeString(keys[0]); err != nil || len(nonce) != 16 {
		return fmt.Sprintf("the header Sec-WebSocket-Key %q, which is not 16 bytes in base64", keys[0])
	}
	return ""
}

// newResponse returns the right answer to a client's opening handshake (RFC 6455 section 4.2.2).
func newResponse(r *http.Request) *head {
	return &head{start: "HTTP/1.1 101 Switching Protocols", fields: []field{
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Accept", acceptKey(r.Header.Get("Sec-WebSocket-Key"))},
	}}
}
