package hostile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// handshake returns a good handshake with changes: "-Name" leaves a header out, "+Name: value" adds one, and "Name: value"
// replaces one, or adds it. The server closes behind its answer, unless it agrees.
func handshake(target string, changes ...string) string {
	headers := []string{
		"Host: " + host, "Connection: close, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}
	for _, change := range changes {
		name, _, _ := strings.Cut(strings.TrimLeft(change, "+-"), ":")
		at := slices.IndexFunc(headers, func(h string) bool { return strings.HasPrefix(h, name+":") })
		switch {
		case change[0] == '-':
			headers = slices.Delete(headers, at, at+1)
		case change[0] == '+' || at < 0:
			headers = append(headers, strings.TrimPrefix(change, "+"))
		default:
			headers[at] = change
		}
	}
	return "GET " + target + " HTTP/1.1\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
}

func TestHandshakesThatBreakARuleAreRefusedOrAgreeToNothing(t *testing.T) {
	n := newNode(t, nil)
	many := make([]string, 65)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	var inputs []hostileInput
	for _, in := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"no Connection", []string{"Connection: close"}, `400 the Connection header does not contain "upgrade"; if a proxy is in between, it must forward the Upgrade and Connection headers (ref) | closed`},
		{"an Upgrade to something like it", []string{"Upgrade: websockets"}, `426 the Upgrade header is "websockets"; this URL speaks websocket only (ref) | closed`},
		{"an empty Upgrade", []string{"Upgrade: "}, "426 this is where clients of the Holdfast protocol connect with a WebSocket; a channel's own URL is below /channels/ | closed"},
		{"no version", []string{"-Sec-WebSocket-Version"}, "426 the request has no Sec-WebSocket-Version header; this server speaks version 13 (ref) | closed"},
		{"version 8", []string{"Sec-WebSocket-Version: 8"}, `426 Sec-WebSocket-Version "8" is not spoken here; this server speaks version 13 (ref) | closed`},
		{"version 13 and 8", []string{"Sec-WebSocket-Version: 13, 8"}, `426 Sec-WebSocket-Version "13, 8" is not spoken here; this server speaks version 13 (ref) | closed`},
		{"version 13 twice", []string{"+Sec-WebSocket-Version: 13"}, "426 the request has 2 Sec-WebSocket-Version headers; it must have one, saying 13 (ref) | closed"},
		{"version 013", []string{"Sec-WebSocket-Version: 013"}, `426 Sec-WebSocket-Version "013" is not spoken here; this server speaks version 13 (ref) | closed`},
		{"no key", []string{"-Sec-WebSocket-Key"}, "400 the request has 0 Sec-WebSocket-Key headers; it must have one (ref) | closed"},
		{"two keys", []string{"+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}, "400 the request has 2 Sec-WebSocket-Key headers; it must have one (ref) | closed"},
		{"a key of 15 bytes", []string{"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"}, `400 Sec-WebSocket-Key "dGhlIHNhbXBsZSBub25j" is not 16 bytes in base64 (ref) | closed`},
		{"a key that is no base64", []string{"Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="}, `400 Sec-WebSocket-Key "!!!!!!!!!!!!!!!!!!!!!!==" is not 16 bytes in base64 (ref) | closed`},
		{"a key with bits behind its end", []string{"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="}, "101"},
		{"a body", []string{"Content-Length: 5"}, "400 a WebSocket handshake must not have a body (ref) | closed"},
		{"an empty subprotocol", []string{"Sec-WebSocket-Protocol: "}, "400 Sec-WebSocket-Protocol is empty; leave it out if there is nothing to offer (ref) | closed"},
		{"a subprotocol that can't be one", []string{"Sec-WebSocket-Protocol: a b"}, `400 Sec-WebSocket-Protocol names "a b", which is not a token (RFC 9110 section 5.6.2) (ref) | closed`},
		{"a subprotocol with quotes", []string{`Sec-WebSocket-Protocol: "holdfast.v1.json"`}, `400 Sec-WebSocket-Protocol names "\"holdfast.v1.json\"", which is not a token (RFC 9110 section 5.6.2) (ref) | closed`},
		{"a subprotocol twice", []string{"Sec-WebSocket-Protocol: a, a"}, `400 Sec-WebSocket-Protocol names "a" twice (ref) | closed`},
		{"65 subprotocols", []string{"Sec-WebSocket-Protocol: " + strings.Join(many, ",")}, "400 Sec-WebSocket-Protocol names more than 64 subprotocols (ref) | closed"},
		{"a subprotocol of the future", []string{"Sec-WebSocket-Protocol: holdfast.v2.json"}, "101"},
		{"a subprotocol in capitals", []string{"Sec-WebSocket-Protocol: HOLDFAST.V1.JSON"}, "101"},
		{"the server's own subprotocol behind a lie", []string{"Sec-WebSocket-Protocol: admin, holdfast.v1.json"}, "101 holdfast.v1.json"},
		{"an empty extension", []string{"Sec-WebSocket-Extensions: "}, "400 Sec-WebSocket-Extensions is empty; leave it out if there is nothing to offer (ref) | closed"},
		{"an extension that can't be one", []string{"Sec-WebSocket-Extensions: a b"}, `400 Sec-WebSocket-Extensions has neither ';' nor ',' at "b" (RFC 6455 section 9.1) (ref) | closed`},
		{"an extension nobody has", []string{"Sec-WebSocket-Extensions: x-webkit-deflate-frame"}, "101"},
		{"a parameter nobody has", []string{"Sec-WebSocket-Extensions: permessage-deflate; level=9"}, "101"},
		{"a parameter twice", []string{"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; server_no_context_takeover"}, "101"},
		{"a window of 16 bits", []string{"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16"}, "101"},
		{"a window of no bits", []string{"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits="}, `400 Sec-WebSocket-Extensions lacks a value for "server_max_window_bits" (RFC 6455 section 9.1) (ref) | closed`},
		{"a window with a leading zero", []string{"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=08"}, "101"},
		{"65 extensions", []string{"Sec-WebSocket-Extensions: " + strings.Join(many, ",")}, "400 Sec-WebSocket-Extensions has more than 64 extensions (ref) | closed"},
		{"a quoted parameter that does not end", []string{`Sec-WebSocket-Extensions: permessage-deflate; a="b`}, "400 Sec-WebSocket-Extensions has a quoted value without its closing quote (RFC 6455 section 9.1) (ref) | closed"},
		{"another host", []string{"Host: evil.example"}, notOurName},
	} {
		inputs = append(inputs, hostileInput{in.name, handshake("/socket", in.changes...), in.want})
	}
	inputs = append(inputs,
		hostileInput{"a body in chunks", handshake("/socket", "Transfer-Encoding: chunked") + "0\r\n\r\n", "400 a WebSocket handshake must not have a body (ref) | closed"},
		hostileInput{"POST", strings.Replace(handshake("/socket"), "GET", "POST", 1), `405 a WebSocket is opened with GET, not "POST" (ref) | closed`},
		hostileInput{"HTTP/1.0", strings.Replace(handshake("/socket"), "HTTP/1.1", "HTTP/1.0", 1), "400 WebSocket needs HTTP/1.1 and this request is HTTP/1.0; if a proxy is in between, make it use HTTP/1.1 towards this server (ref) | closed"},
		hostileInput{"a page", handshake("/"), nothingThere},
		hostileInput{"a name that is none", handshake("/channels/open//a"), `400 channel name "open//a" has an empty segment (segment 2); remove the extra "/" (ref) | closed`},
		hostileInput{"a choice that is none", handshake("/channels/open/a?echo=perhaps"), `400 echo="perhaps" is not a choice; use echo=true or echo=false (ref) | closed`},
		hostileInput{"a position that is none", handshake("/channels/kept/a?since=x"), `400 since: "x" is not a position; it looks like 1042:k3f9a2 (ref) | closed`},
		hostileInput{"a history that there is not", handshake("/channels/open/a?last=1"), "101"},
		hostileInput{"a history that is not shown", handshake("/channels/unread/a?last=1"), "401 you may not read the history of unread/a without saying who you are: send a token (ref) | closed"},
		hostileInput{"a channel nobody may read", handshake("/channels/dead/a"), "401 you may not subscribe to dead/a: nobody may (ref) | closed"},
		hostileInput{"a channel for users", handshake("/channels/users/a"), "401 you may not subscribe to users/a without saying who you are: send a token (ref) | closed"},
		hostileInput{"somebody's inbox", handshake("/channels/inbox/ada"), "401 you may not subscribe to inbox/ada without saying who you are: send a token (ref) | closed"},
		hostileInput{"a channel of no rule", handshake("/channels/whatever"), "401 you may not subscribe to whatever without saying who you are: send a token (ref) | closed"},
	)
	n.try(inputs)
}

func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	const (
		foreign    = "403 origin %q is not allowed (allowed: the same origin, https://*.app.example, http://localhost:*); whoever runs the server can add it to listen.origins (ref) | closed"
		twoOrigins = "403 the request has 2 Origin headers; it may have one (ref) | closed"
	)
	n := newNode(t, nil)
	var inputs []hostileInput
	for _, in := range []struct{ name, origin string }{
		{"another site", "https://evil.example"},
		{"no origin at all", "null"},
		{"an empty origin", ""},
		{"the name itself, of which only subdomains are allowed", "https://app.example"},
		{"a name that ends alike", "https://evil-app.example"},
		{"a name that begins alike", "https://a.app.example.evil.example"},
		{"a dot too many", "https://.app.example"},
		{"a dot behind", "https://a.app.example."},
		{"in the clear", "http://a.app.example"},
		{"another port", "https://a.app.example:8443"},
		{"a port that is none", "https://a.app.example:443x"},
		{"a port with a zero in front", "https://a.app.example:0443"},
		{"a user in front", "https://a.app.example@evil.example"},
		{"a user that looks like the host", "https://evil.example@a.app.example"},
		{"a path", "https://a.app.example/"},
		{"a backslash", `https://evil.example\.app.example`},
		{"a question mark", "https://evil.example?.app.example"},
		{"a fragment", "https://evil.example#.app.example"},
		{"a zero in the name", "https://evil.example%00.app.example"},
		{"a space in the name", "https://evil.example .app.example"},
		{"two in one header", "https://a.app.example https://evil.example"},
		{"a list", "https://a.app.example, https://evil.example"},
		{"letters that look alike", "https://a.аpp.example"},
		{"a dot that looks alike", "https://evil\u3002app.example"},
		{"letters that look alike, for machines", "https://a.xn--pp-7kc.example"},
		{"the same host by another scheme", "ftp://" + host},
		{"the same host on another port", "http://" + host + ":81"},
		{"an extension of the browser", "chrome-extension://abcdefgh"},
		{"a file", "file://"},
		{"another machine's localhost", "http://localhost.evil.example:1"},
		{"localhost over TLS, which is not allowed", "https://localhost:1"},
	} {
		inputs = append(inputs, hostileInput{in.name, handshake("/channels/open/a", "Origin: "+in.origin), fmt.Sprintf(foreign, in.origin)})
	}
	inputs = append(inputs,
		hostileInput{"two headers, a good one first", handshake("/channels/open/a", "+Origin: https://a.app.example", "+Origin: https://evil.example"), twoOrigins},
		hostileInput{"the same twice", handshake("/channels/open/a", "+Origin: https://a.app.example", "+Origin: https://a.app.example"), twoOrigins},
		hostileInput{"another site on the protocol", handshake("/socket", "Origin: https://evil.example"), fmt.Sprintf(foreign, "https://evil.example")},
		hostileInput{"another site that publishes", post("/channels/open/a", "x", "Origin: https://evil.example"), fmt.Sprintf(foreign, "https://evil.example")},
		hostileInput{"another site that reads", request("GET /channels/kept/a?last=1", "Origin: https://evil.example"), fmt.Sprintf(foreign, "https://evil.example")},
		hostileInput{"another site that asks first", request("OPTIONS /channels/open/a", "Origin: https://evil.example", "Access-Control-Request-Method: POST"), fmt.Sprintf(foreign, "https://evil.example")},
	)
	n.try(inputs)
}
