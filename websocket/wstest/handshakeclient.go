package wstest

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// clientRequestCases are about what a client asks for.
func clientRequestCases() []Case {
	return []Case{
		{ID: "handshake/client-request", Side: Client, Name: "A client's request has everything that it must have, once and rightly written.", RFC: "6455 §4.1",
			talk: func(p *peer) { p.exchange(text("open")) }},
		{ID: "handshake/client-new-key", Side: Client, Name: "A client chooses a new key for each connection.", RFC: "6455 §4.1: the nonce MUST be selected randomly for each connection",
			run: func(x *exam) {
				var keys []string
				for range 3 {
					conn, _, request := x.link.(*answerer).accept(x)
					if conn == nil {
						return
					}
					key := request.Header.Get("Sec-WebSocket-Key")
					if slices.Contains(keys, key) {
						x.fail("a new key", fmt.Sprintf("%q again", key))
					}
					keys = append(keys, key)
					conn.Close()
				}
			}},
		{ID: "handshake/client-waits", Side: Client, Name: "A client sends nothing behind its request before it is answered.", RFC: "6455 §4.1: the client MUST wait for a response",
			run: func(x *exam) {
				conn, r, request := x.link.(*answerer).accept(x)
				if conn == nil {
					return
				}
				if n := r.Buffered(); n > 0 {
					x.fail("nothing behind the request", fmt.Sprintf("%d bytes", n))
				}
				conn.Write(newResponse(request).bytes())
				p := newPeer(x, conn, r, nil)
				p.exchange(text("open"))
				p.finish()
			}},
	}
}

// clientHandshake is a case in which a client gets an answer, right or wrong, in writes of piece
// bytes (0: in one), and then either opens the connection or ends it without a word.
func clientHandshake(id, name string, piece int, opens bool, bend func(*head)) Case {
	return Case{ID: "handshake/client-" + id, Name: name, RFC: "6455 §4.1", Side: Client, run: func(x *exam) {
		conn, r, request := x.link.(*answerer).accept(x)
		if conn == nil {
			return
		}
		response := newResponse(request)
		bend(response)
		b := response.bytes()
		if piece == 0 {
			piece = len(b)
		}
		for part := range slices.Chunk(b, piece) {
			conn.Write(part)
		}
		if opens {
			p := newPeer(x, conn, r, nil)
			p.exchange(text("open"))
			p.finish()
		} else {
			x.expectGone(r)
		}
	}}
}

// expectGone expects that a client ends the connection without a frame.
func (x *exam) expectGone(r io.Reader) {
	const expected = "the end of the connection without a frame"
	switch got, err := io.ReadAll(r); {
	case x.ctx.Err() != nil:
		x.fail(expected, "neither in the time allowed")
	case len(got) > 0:
		x.fail(expected, fmt.Sprintf("%d bytes (%x) and then %v", len(got), got[:min(len(got), 24)], err))
	}
}

// clientResponseCases are about what a client takes for an answer.
func clientResponseCases() []Case {
	var cases []Case
	accepted := func(id, name string, piece int, bend func(*head)) {
		cases = append(cases, clientHandshake(id, name, piece, true, bend))
	}
	accepted("bytewise", "An answer may arrive byte by byte.", 1, func(*head) {})
	accepted("lower-case", "An answer's header names may be in lower case.", 0, func(h *head) { h.rename(strings.ToLower) })
	accepted("upgrade-case", "An answer's Upgrade is compared ignoring case.", 0, func(h *head) { h.set("Upgrade", "WebSocket") })
	accepted("connection-list", "An answer's Connection may be a list.", 0, func(h *head) { h.set("Connection", "keep-alive, upgrade") })
	accepted("spaces", "An answer's values may have spaces around them.", 0, func(h *head) {
		for i := range h.fields {
			h.fields[i].value = "  " + h.fields[i].value + " "
		}
	})
	accepted("other-words", "The words behind an answer's status do not matter.", 0, func(h *head) { h.start = "HTTP/1.1 101 Welcome" })
	accepted("more-headers", "Other headers of an answer do not matter.", 0, func(h *head) { h.add("Set-Cookie", "a=b"); h.add("Server", "wstest") })
	cases = append(cases, Case{ID: "handshake/client-frame-with-answer", Side: Client, Name: "A message and a ping that come in one segment with the answer are read.", RFC: "6455 §4.1, §5.1",
		open: opening{behind: ping("early").appendTo(text("early").appendTo(nil, false), false)},
		talk: func(p *peer) { p.expect(answersTo([]frame{text("early"), ping("early")})...) }})

	refused := func(id, name string, bend func(*head)) {
		cases = append(cases, clientHandshake(id, name, 0, false, bend))
	}
	for _, status := range []string{"200 OK", "204 No Content", "302 Found", "400 Bad Request", "401 Unauthorized", "404 Not Found", "503 Service Unavailable"} {
		refused("status-"+status[:3], "The status "+status+" is no open connection, whatever the headers.", func(h *head) {
			h.start = "HTTP/1.1 " + status
			h.add("Content-Length", "0")
		})
	}
	for _, name := range []string{"Upgrade", "Connection", "Sec-WebSocket-Accept"} {
		refused("no-"+strings.ToLower(name), "An answer without "+name+" is refused.", func(h *head) { h.drop(name) })
	}
	for _, wrong := range []struct{ id, name, value string }{
		{"wrong-upgrade", "Upgrade", "x-wstest-none"},
		{"wrong-connection", "Connection", "close"},
		{"wrong-accept", "Sec-WebSocket-Accept", acceptKey("another key")},
		{"empty-accept", "Sec-WebSocket-Accept", ""},
		{"extension", "Sec-WebSocket-Extensions", "x-wstest-none"},
		{"subprotocol", "Sec-WebSocket-Protocol", "x-wstest-none"},
	} {
		refused(wrong.id, fmt.Sprintf("An answer with %s: %q, which was not asked for, is refused.", wrong.name, wrong.value), func(h *head) { h.set(wrong.name, wrong.value) })
	}
	refused("accept-other-case", "An answer whose Sec-WebSocket-Accept differs in case is refused.", func(h *head) {
		h.set("Sec-WebSocket-Accept", swapCase(h.get("Sec-WebSocket-Accept")))
	})
	refused("no-http", "An answer that is not HTTP is refused.", func(h *head) { h.start = "welcome" })
	return cases
}

// swapCase writes small letters large and large ones small.
func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if low := strings.ToLower(string(r)); low != string(r) {
			return rune(low[0])
		}
		return rune(strings.ToUpper(string(r))[0])
	}, s)
}
