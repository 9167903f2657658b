package wstest

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// handshakeCases are about the opening handshake (RFC 6455 section 4) over HTTP/1.1.
func handshakeCases() []Case {
	return slices.Concat(acceptedCases(), refusedCases(), subprotocolCases(), clientRequestCases(), clientResponseCases())
}

// serverHandshake is a case in which a server gets a request, right or wrong, in writes of piece
// bytes (0: in one), and its answer is looked at.
func serverHandshake(id, name, rfc string, piece int, bend func(*head), judge func(x *exam, c *call)) Case {
	return Case{ID: "handshake/" + id, Name: name, RFC: rfc, Side: Server, run: func(x *exam) {
		to := x.link.(*caller)
		if to.Open != nil {
			x.skip("the target opens its connections in another way than by HTTP/1.1")
			return
		}
		conn, request := to.dial(x)
		if conn == nil {
			return
		}
		bend(request)
		c := &call{request: request, r: bufio.NewReader(conn)}
		b := request.bytes()
		if piece == 0 {
			piece = len(b)
		}
		for part := range slices.Chunk(b, piece) {
			if _, err := conn.Write(part); err != nil {
				break // refused already
			}
		}
		c.response, c.err = http.ReadResponse(c.r, nil)
		if x.ctx.Err() != nil {
			x.fail("an answer to the request", "none in the time allowed")
		}
		judge(x, c)
		if x.over() || c.err != nil || c.response.StatusCode != http.StatusSwitchingProtocols {
			return
		}
		p := newPeer(x, conn, c.r, nil)
		p.exchange(text("open"))
		p.finish()
	}}
}

// call is a request and what the server answered.
type call struct {
	request  *head
	r        *bufio.Reader
	response *http.Response
	err      error // the answer can't be read, perhaps because there is none
}

// mustAccept wants the answer 101 without an extension or subprotocol.
func mustAccept(x *exam, c *call) {
	const expected = "the answer 101"
	if c.err != nil {
		x.fail(expected, c.err.Error())
	} else if fault := checkResponse(c.response, strings.Trim(c.request.get("Sec-WebSocket-Key"), " \t")); fault != "" {
		x.fail(expected, fault)
	} else if h := c.response.Header; h.Get("Sec-WebSocket-Extensions") != "" || h.Get("Sec-WebSocket-Protocol") != "" {
		x.fail("neither an extension nor a subprotocol, as none is known", fmt.Sprintf("extensions %q and subprotocol %q",
			h.Values("Sec-WebSocket-Extensions"), h.Values("Sec-WebSocket-Protocol")))
	}
}

// mustRefuse wants an HTTP error as the answer.
func mustRefuse(x *exam, c *call) {
	const expected = "an HTTP error from 400 to 599"
	if c.err != nil {
		x.fail(expected, c.err.Error())
	} else if c.response.StatusCode < 400 {
		x.fail(expected, "the answer "+c.response.Status)
	}
}

// mustNotOpen wants anything but 101: an error, another answer, or the end of the connection.
func mustNotOpen(x *exam, c *call) {
	if c.err == nil && c.response.StatusCode < 200 {
		x.fail("no WebSocket", "the answer "+c.response.Status)
	}
}

// mustNameVersion wants an HTTP error that says which version the server speaks.
func mustNameVersion(x *exam, c *call) {
	mustRefuse(x, c)
	if !x.over() && !listHas(c.response.Header.Values("Sec-WebSocket-Version"), "13") {
		x.fail("the header Sec-WebSocket-Version: 13 with the refusal", fmt.Sprintf("%s with Sec-WebSocket-Version %q",
			c.response.Status, c.response.Header.Values("Sec-WebSocket-Version")))
	}
}

// acceptedCases are requests that are right, however they are written.
func acceptedCases() []Case {
	const rfc = "6455 §4.2.1, §4.2.2; 9110 §5"
	var cases []Case
	add := func(id, name string, piece int, bend func(*head)) {
		cases = append(cases, serverHandshake(id, name, rfc, piece, bend, mustAccept))
	}
	add("plain", "A right request is answered with 101 and the right headers.", 0, func(*head) {})
	add("example-key", "The key of the RFC's example is answered as there.", 0, func(h *head) { h.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") })
	add("lower-case", "The names of headers may be in lower case.", 0, func(h *head) { h.rename(strings.ToLower) })
	add("upper-case", "The names of headers may be in upper case.", 0, func(h *head) { h.rename(strings.ToUpper) })
	add("upgrade-case", "The value of Upgrade is compared ignoring case.", 0, func(h *head) { h.set("Upgrade", "WebSocket") })
	add("connection-case", "The value of Connection is compared ignoring case.", 0, func(h *head) { h.set("Connection", "UPGRADE") })
	add("connection-list", "Connection may be a list.", 0, func(h *head) { h.set("Connection", "keep-alive, Upgrade") })
	add("connection-list-tight", "Connection may be a list without spaces.", 0, func(h *head) { h.set("Connection", "foo,upgrade,bar") })
	add("connection-lines", "Connection may be spread over several lines.", 0, func(h *head) { h.set("Connection", "keep-alive"); h.add("Connection", "Upgrade") })
	add("connection-empty-elements", "Connection may have empty elements.", 0, func(h *head) { h.set("Connection", ", ,Upgrade,") })
	add("upgrade-list", "Upgrade may be a list.", 0, func(h *head) { h.set("Upgrade", "example/1, websocket") })
	add("spaces", "Values may have spaces and tabs around them.", 0, func(h *head) {
		for i := range h.fields {
			h.fields[i].value = " \t" + h.fields[i].value + "\t "
		}
	})
	add("other-order", "Headers may come in any order.", 0, func(h *head) { slices.Reverse(h.fields) })
	add("bytewise", "A request may arrive byte by byte.", 1, func(*head) {})
	add("more-headers", "Other headers do not matter.", 0, func(h *head) {
		h.add("Cookie", "a=b; c=d")
		h.add("User-Agent", "wstest")
		h.add("X-Long", strings.Repeat("x", 2000))
		h.add("Sec-WebSocket-Future", "later")
	})
	add("unknown-extension", "An extension that nobody knows is declined.", 0, func(h *head) { h.set("Sec-WebSocket-Extensions", `x-wstest-none; a; b=1; c="2"`) })
	add("unknown-extensions-lines", "Extensions on several lines that nobody knows are declined.", 0, func(h *head) {
		h.set("Sec-WebSocket-Extensions", "x-wstest-none, x-wstest-neither; a=1")
		h.add("Sec-WebSocket-Extensions", "x-wstest-nor")
	})
	add("unknown-subprotocol", "A subprotocol that nobody knows is declined.", 0, func(h *head) { h.set("Sec-WebSocket-Protocol", "x-wstest-none, x-wstest-neither") })
	return cases
}

// subprotocolCases are about the selection of one of the target's subprotocols.
func subprotocolCases() []Case {
	pick := func(id, name string, offer func(known string) []string, wanted bool) Case {
		var known string
		return Case{ID: "handshake/" + id, Name: name, RFC: "6455 §1.9, §4.2.2, §11.3.4", Side: Server, run: func(x *exam) {
			to := x.link.(*caller)
			if len(to.Subprotocols) == 0 {
				x.skip("the target does not say which subprotocols the server speaks")
				return
			}
			known = to.Subprotocols[0]
			serverHandshake(id, name, "", 0, func(h *head) {
				for _, line := range offer(known) {
					h.add("Sec-WebSocket-Protocol", line)
				}
			}, func(x *exam, c *call) {
				want := []string(nil)
				if wanted {
					want = []string{known}
				}
				switch {
				case c.err != nil:
					x.fail("the answer 101", c.err.Error())
				case checkResponse(c.response, c.request.get("Sec-WebSocket-Key")) != "":
					x.fail("the answer 101", checkResponse(c.response, c.request.get("Sec-WebSocket-Key")))
				case !slices.Equal(c.response.Header.Values("Sec-WebSocket-Protocol"), want):
					x.fail(fmt.Sprintf("the subprotocol %q", want), fmt.Sprintf("%q", c.response.Header.Values("Sec-WebSocket-Protocol")))
				}
			}).run(x)
		}}
	}
	return []Case{
		pick("subprotocol", "A subprotocol that the server speaks is agreed on.", func(k string) []string { return []string{k} }, true),
		pick("subprotocol-list", "A subprotocol is found among others.", func(k string) []string { return []string{"x-wstest-none, " + k + ",x-wstest-neither"} }, true),
		pick("subprotocol-lines", "A subprotocol is found on any of several lines.", func(k string) []string { return []string{"x-wstest-none", k} }, true),
		pick("subprotocol-part", "A subprotocol is not taken for one of which it is a part.", func(k string) []string { return []string{k + "x, x" + k} }, false),
	}
}
