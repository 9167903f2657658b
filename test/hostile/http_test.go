package hostile

import (
	"strings"
	"testing"
)

// What several inputs are answered with.
const (
	badRequest    = "400 400 Bad Request | closed"
	tooMuchHeader = "431 431 Request Header Fields Too Large | closed"
	notOurName    = "421 this server does not go by the name in the Host header; it goes by: " + host + " (ref) | closed"
	nothingThere  = "404 there is nothing at this address; channels are below /channels/, clients of the protocol connect to /socket, and the server API is below /v1/ | closed"
	noSuchMethod  = "405 a channel URL takes a WebSocket handshake, GET or POST | closed"
	// served is the answer to what comes after.
	served = `200 { "channel": "open/after", "websocket": "ws://holdfast.test/channels/open/after", "publish": "http://holdfast.test/channels/open/after", "events": "http://holdfast.test/channels/open/after", "subscribers": 0, "max_message_bytes": 10000 } | closed`
)

func TestRequestsThatAreNoneOrForOthersAreRefused(t *testing.T) {
	n := newNode(t, nil)
	h := "Host: " + host + "\r\nConnection: close\r\n\r\n"
	n.try([]hostileInput{
		{"noise", strings.Repeat("\xa5", 100) + "\r\n\r\n", badRequest},
		{"a line of nothing", "\r\n\r\n" + h, badRequest},
		{"no method", " / HTTP/1.1\r\n" + h, badRequest},
		{"a method that can't be one", "G(T / HTTP/1.1\r\n" + h, badRequest},
		{"no version", "GET /\r\n" + h, badRequest},
		{"a version that can't be one", "GET / HTTP/one\r\n" + h, badRequest},
		{"a version in lower case", "GET / http/1.1\r\n" + h, badRequest},
		{"HTTP/2 without its preface", "GET / HTTP/2.0\r\n" + h, `505 505 HTTP Version Not Supported: unsupported protocol version | closed`},
		{"HTTP/3 over TCP", "GET / HTTP/3.0\r\n" + h, `505 505 HTTP Version Not Supported: unsupported protocol version | closed`},
		{"HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", notOurName},
		{"an upgrade to HTTP/2", request("GET /channels/open/a", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), `426 the Upgrade header is "h2c"; this URL speaks websocket only (ref) | closed`},
		{"an upgrade to TLS", request("GET /socket", "Upgrade: TLS/1.0"), `426 the Upgrade header is "TLS/1.0"; this URL speaks websocket only (ref) | closed`},
		{"two targets", "GET / /channels/open/a HTTP/1.1\r\n" + h, badRequest},
		{"a space in the target", request("GET /channels/open/a b"), badRequest},
		{"a control character in the target", request("GET /channels/open/\x01"), badRequest},
		{"the whole server", request("OPTIONS *"), `200 | closed`},
		{"a method nobody has", request("BREW /channels/open/a"), noSuchMethod},
		{"PUT", request("PUT /channels/open/a", "Content-Length: 0"), noSuchMethod},
		{"DELETE", request("DELETE /channels/open/a"), noSuchMethod},
		{"TRACE", request("TRACE /channels/open/a", "Cookie: id=x"), noSuchMethod},
		{"another server through this one", request("CONNECT evil.example:443"), notOurName},
		{"another server by its URL", request("GET http://evil.example/"), notOurName},
		{"a poll of a connection that is not there", request("GET /socket?after=0", "Holdfast-Connection: guessed"), "404 there is no such connection, or not any more; connect anew, and resume the session (ref) | closed"},
		{"leaving a connection that is not there", request("DELETE /socket", "Holdfast-Connection: "+strings.Repeat("x", 1000)), "404 there is no such connection, or not any more; connect anew, and resume the session (ref) | closed"},
		{"a connection for a page that can't read", request("GET /socket", "Accept: text/event-stream", "Sec-Fetch-Mode: no-cors"), "403 a page could not read the answer to such a request; send it with fetch in the mode cors, or with EventSource (ref) | closed"},
		{"POST to the protocol", post("/socket", "{}"), `426 this is where clients of the Holdfast protocol connect with a WebSocket; a channel's own URL is below /channels/ | closed`},
		{"no host", "GET /channels/open/a HTTP/1.1\r\nConnection: close\r\n\r\n", `400 400 Bad Request: missing required Host header | closed`},
		{"an empty host", "GET /channels/open/a HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", notOurName},
		{"two hosts", request("GET /channels/open/a", "Host: evil.example"), badRequest},
		{"a host with a character that none has", "GET / HTTP/1.1\r\nHost: a<b\r\nConnection: close\r\n\r\n", `400 400 Bad Request: malformed Host header | closed`},
		{"another host", "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", notOurName},
		{"a host that begins like ours", "GET / HTTP/1.1\r\nHost: " + host + ".evil.example\r\nConnection: close\r\n\r\n", notOurName},
		{"a host that ends like ours", "GET / HTTP/1.1\r\nHost: evil-" + host + "\r\nConnection: close\r\n\r\n", notOurName},
		{"a host with a user", "GET / HTTP/1.1\r\nHost: " + host + "@evil.example\r\nConnection: close\r\n\r\n", `400 400 Bad Request: malformed Host header | closed`},
		{"HTTP/1.0 without a host", "GET /channels/open/a HTTP/1.0\r\n\r\n", notOurName},
	})
}

func TestHeadersThatAreTooMuchOrBrokenAreRefused(t *testing.T) {
	n := newNode(t, nil)
	many := make([]string, 3000)
	for i := range many {
		many[i] = "X-A: 1234567890"
	}
	n.try([]hostileInput{
		{"a header of 64 KiB", request("GET /channels/open/a", "X-Long: "+strings.Repeat("a", 64<<10)), tooMuchHeader},
		{"3000 headers", request("GET /channels/open/a", many...), tooMuchHeader},
		{"a target of 64 KiB", request("GET /channels/open/" + strings.Repeat("a", 64<<10)), tooMuchHeader},
		{"a header that does not end", "GET / HTTP/1.1\r\nX: " + strings.Repeat("a", 64<<10), tooMuchHeader},
		{"cookies of 40 KiB", request("GET /channels/open/a", "Cookie: id="+strings.Repeat("a", 40<<10)), tooMuchHeader},
		{"a space behind the name", request("GET /channels/open/a", "X-A : b"), `400 400 Bad Request: invalid header name | closed`},
		{"a space before the first name", "GET / HTTP/1.1\r\n X: y\r\nHost: " + host + "\r\n\r\n", badRequest},
		{"no colon", request("GET /channels/open/a", "X-A"), badRequest},
		{"no name", request("GET /channels/open/a", ": a"), badRequest},
		{"a zero byte in a name", request("GET /channels/open/a", "X-\x00A: b"), badRequest},
		{"a zero byte in a value", request("GET /channels/open/a", "X-A: b\x00"), badRequest},
		{"a carriage return in a value", request("GET /channels/open/a", "X-A: b\rc: d"), badRequest},
		{"a folded Host", "GET / HTTP/1.1\r\nHost: " + host + "\r\n .evil.example\r\nConnection: close\r\n\r\n", `400 400 Bad Request: malformed Host header | closed`},
		{"an expectation that can't be met", request("GET /channels/open/a", "Expect: a miracle"), `417 | closed`},
	})
}

func TestBodiesThatTwoServersWouldReadDifferentlyAreRefusedOrReadAsTheStandardSays(t *testing.T) {
	n := newNode(t, nil)
	body := func(headers, body string) string {
		return "POST /channels/open/a HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n" + body + after
	}
	n.try([]hostileInput{
		{"a length and chunks", body("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), `202 { "channel": "open/a", "type": "text", "bytes": 5 } | ` + served},
		{"chunks and a length that hides a request", body("Transfer-Encoding: chunked\r\nContent-Length: 100\r\n", "0\r\n\r\n"), `202 { "channel": "open/a", "type": "text", "bytes": 0 } | ` + served},
		{"two lengths", body("Content-Length: 3\r\nContent-Length: 5\r\n", "hello"), badRequest},
		{"a list of lengths", body("Content-Length: 5, 5\r\n", "hello"), badRequest},
		{"a negative length", body("Content-Length: -5\r\n", "hello"), badRequest},
		{"a length with a sign", body("Content-Length: +5\r\n", "hello"), badRequest},
		{"a length in hexadecimal", body("Content-Length: 0x5\r\n", "hello"), badRequest},
		{"a length with a space", body("Content-Length: 5 5\r\n", "hello"), badRequest},
		{"an empty length", body("Content-Length:\r\n", "hello"), badRequest},
		{"a length beyond numbers", body("Content-Length: 99999999999999999999\r\n", "hello"), badRequest},
		{"chunks twice", body("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), `501 Unsupported transfer encoding | closed`},
		{"chunks in two headers", body("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), `501 Unsupported transfer encoding | closed`},
		{"an encoding that is like chunks", body("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), `501 Unsupported transfer encoding | closed`},
		{"chunks behind a vertical tab", body("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), badRequest},
		{"chunks behind a space in the name", body("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), `400 400 Bad Request: invalid header name | closed`},
		{"compressed chunks", body("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), `501 Unsupported transfer encoding | closed`},
		{"identity", body("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), `501 Unsupported transfer encoding | closed`},
		{"a chunk without a size", body("Transfer-Encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n"), `400 the body could not be read: invalid byte in chunk length (ref) | closed`},
		{"a negative chunk", body("Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n0\r\n\r\n"), `400 the body could not be read: invalid byte in chunk length (ref) | closed`},
		{"a chunk beyond numbers", body("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"), `400 the body could not be read: http chunk length too large (ref) | closed`},
		{"a chunk longer than it says", body("Transfer-Encoding: chunked\r\n", "3\r\nhello\r\n0\r\n\r\n"), `400 the body could not be read: malformed chunked encoding (ref) | closed`},
		{"an extension of a chunk that does not end", body("Transfer-Encoding: chunked\r\n", "5;"+strings.Repeat("a", 20_000)+"\r\nhello\r\n0\r\n\r\n"), `400 the body could not be read: header line too long (ref) | closed`},
		{"extensions that are more than the body", body("Transfer-Encoding: chunked\r\n", strings.Repeat("1;"+strings.Repeat("a", 3000)+"\r\na\r\n", 50)+"0\r\n\r\n"), `400 the body could not be read: chunked encoding contains too much non-data (ref) | closed`},
		{"line feeds for line ends in chunks", body("Transfer-Encoding: chunked\r\n", "5\nhello\n0\n\n"), `400 the body could not be read: chunked line ends with bare LF (ref) | closed`},
		{"a trailer that is a length", body("Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", "0\r\nContent-Length: 5\r\n\r\n"), badRequest},
		{"chunks over HTTP/1.0", "POST /channels/open/a HTTP/1.0\r\nHost: " + host + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", `202 { "channel": "open/a", "type": "text", "bytes": 0 } | closed`},
		{"a length over the limit, and no body", "POST /channels/open/a HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\nContent-Length: 99999\r\n\r\n", `413 the message is larger than the limit of 10000 bytes of channel open/a (ref) | closed`},
		{"a message a byte too large", post("/channels/open/a", strings.Repeat("a", maxMessage+1)), `413 the message is larger than the limit of 10000 bytes of channel open/a (ref) | closed`},
		{"chunks without an end", request("POST /channels/open/a", "Transfer-Encoding: chunked") + strings.Repeat("1000\r\n"+strings.Repeat("a", 0x1000)+"\r\n", 100), `413 the message is larger than the limit of 10000 bytes of channel open/a (ref) | closed`},
		{"a message too large for its channel", post("/channels/small/a", strings.Repeat("a", 101)), `413 the message is larger than the limit of 100 bytes of channel small/a (ref) | closed`},
		{"text that is none", post("/channels/open/a", "\xff\xfe", "Content-Type: text/plain"), `415 a body of type text/plain must be valid UTF-8; send other bytes as application/octet-stream (ref) | closed`},
		{"a type that is none", post("/channels/open/a", "x", "Content-Type: //;;"), `415 the Content-Type "//;;" can't be read: mime: no media type (ref) | closed`},
		{"an id that is too long", post("/channels/open/a", "x", "Idempotency-Key: "+strings.Repeat("a", 129)), `400 an Idempotency-Key and a key have at most 128 bytes (ref) | closed`},
		{"a key that is too long", post("/channels/open/a?key="+strings.Repeat("a", 129), "x"), `400 an Idempotency-Key and a key have at most 128 bytes (ref) | closed`},
	})
}

func TestNamesThatAreNoneAreRefusedInEverySpelling(t *testing.T) {
	n := newNode(t, nil)
	var inputs []hostileInput
	for _, in := range []struct{ name, target, want string }{
		{"no name", "/channels/", `400 the channel name is empty; give it at least one segment, as in "chat/lobby" (ref) | closed`},
		{"no name and no slash", "/channels", nothingThere},
		{"a slash in front", "/channels//open/a", `400 channel name "/open/a" has an empty segment (segment 1); remove the leading "/" (ref) | closed`},
		{"a slash behind", "/channels/open/a/", `400 channel name "open/a/" has an empty segment (segment 3); remove the trailing "/" (ref) | closed`},
		{"two slashes", "/channels/open//a", `400 channel name "open//a" has an empty segment (segment 2); remove the extra "/" (ref) | closed`},
		{"the parent", "/channels/../socket", `400 channel name "../socket" has a dot segment (segment 1), which URLs resolve away, so that no client could reach it; use another name for it (ref) | closed`},
		{"the parent behind", "/channels/open/..", `400 channel name "open/.." has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it (ref) | closed`},
		{"the parent, escaped", "/channels/open/%2e%2e/dead/a", `400 channel name "open/../dead/a" has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it (ref) | closed`},
		{"the parent, half escaped", "/channels/open/.%2E/dead/a", `400 channel name "open/../dead/a" has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it (ref) | closed`},
		{"the parent, escaped with its slashes", "/channels/open%2f..%2fdead%2fa", `400 channel name "open/../dead/a" has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it (ref) | closed`},
		{"the parent, escaped twice", "/channels/dead/%252e%252e/open", `401 you may not subscribe to dead/%2e%2e/open: nobody may (ref) | closed`},
		{"the parent in overlong UTF-8", "/channels/open/%c0%ae%c0%ae/a", `400 channel name "open/\xc0\xae\xc0\xae/a" is not valid UTF-8 at byte 5 (segment 2); encode it as UTF-8 (ref) | closed`},
		{"a slash in overlong UTF-8", "/channels/open/%c0%afa", `400 channel name "open/\xc0\xafa" is not valid UTF-8 at byte 5 (segment 2); encode it as UTF-8 (ref) | closed`},
		{"a slash that is escaped", "/channels/open%2fa", `200 { "channel": "open/a", "websocket": "ws://holdfast.test/channels/open/a", "publish": "http://holdfast.test/channels/open/a", "events": "http://holdfast.test/channels/open/a", "subscribers": 0, "max_message_bytes": 10000 } | closed`},
		{"a backslash for a slash", `/channels/open\..\dead`, `401 you may not subscribe to open\..\dead without saying who you are: send a token (ref) | closed`},
		{"one wildcard", "/channels/open/+", `400 channel name "open/+" has the segment "+" (segment 2), which is a wildcard of patterns; use another name for it (ref) | closed`},
		{"one wildcard, escaped", "/channels/open/%2b", `400 channel name "open/+" has the segment "+" (segment 2), which is a wildcard of patterns; use another name for it (ref) | closed`},
		{"all wildcards, escaped", "/channels/open/%23", `400 channel name "open/#" has the segment "#" (segment 2), which is a wildcard of patterns; use another name for it (ref) | closed`},
		{"a wildcard of other systems", "/channels/open/*", `400 channel name "open/*" has the segment "*" (segment 2), which is a wildcard of patterns; use another name for it (ref) | closed`},
		{"another wildcard of other systems", "/channels/open/%3e", `400 channel name "open/>" has the segment ">" (segment 2), which is a wildcard of patterns; use another name for it (ref) | closed`},
		{"a zero byte", "/channels/open/%00", `400 channel name "open/\x00" has the control character U+0000 at byte 5 (segment 2); remove it (ref) | closed`},
		{"a line end and a header", "/channels/open/%0d%0aSet-Cookie:%20id=x", `400 channel name "open/\r\nSet-Cookie: id=x" has the control character U+000D at byte 5 (segment 2); remove it (ref) | closed`},
		{"a delete character", "/channels/open/%7f", `400 channel name "open/\x7f" has the control character U+007F at byte 5 (segment 2); remove it (ref) | closed`},
		{"a control character of Unicode", "/channels/open/%c2%85", `400 channel name "open/\u0085" has the control character U+0085 at byte 5 (segment 2); remove it (ref) | closed`},
		{"bytes that are no UTF-8", "/channels/open/%ff%fe", `400 channel name "open/\xff\xfe" is not valid UTF-8 at byte 5 (segment 2); encode it as UTF-8 (ref) | closed`},
		{"a surrogate", "/channels/open/%ed%a0%80", `400 channel name "open/\xed\xa0\x80" is not valid UTF-8 at byte 5 (segment 2); encode it as UTF-8 (ref) | closed`},
		{"a broken escape", "/channels/open/%zz", badRequest},
		{"an escape that stops", "/channels/open/%", badRequest},
		{"a name of 256 bytes", "/channels/" + strings.Repeat("a", 256), `400 channel name "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" is 256 bytes long (at most 255); shorten it (ref) | closed`},
		{"a name of 256 bytes, escaped", "/channels/" + strings.Repeat("%61", 256), `400 channel name "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" is 256 bytes long (at most 255); shorten it (ref) | closed`},
		{"the password file", "/../../../../etc/passwd", nothingThere},
		{"the password file, escaped", "/%2e%2e/%2e%2e/etc/passwd", nothingThere},
		{"a repository", "/.git/config", nothingThere},
		{"another host behind two slashes", "//evil.example/channels/open/a", nothingThere},
		{"the protocol with a slash", "/socket/", nothingThere},
		{"the protocol in capitals", "/SOCKET", nothingThere},
		{"a position that is none", "/channels/kept/a?since=x", `400 since: "x" is not a position; it looks like 1042:k3f9a2 (ref) | closed`},
		{"a position that is negative", "/channels/kept/a?since=-1", `400 since: "-1" is not a position; it looks like 1042:k3f9a2 (ref) | closed`},
		{"a position beyond numbers", "/channels/kept/a?since=99999999999999999999", `400 since: "99999999999999999999" is not a position; it looks like 1042:k3f9a2 (ref) | closed`},
		{"a position with a line end", "/channels/kept/a?since=1:a%0d%0ab", `400 since: "1:a\r\nb" is not a position; it looks like 1042:k3f9a2 (ref) | closed`},
		{"a position of another log", "/channels/kept/a?since=1:zzzzzz", `410 messages behind 1:zzzzzz are not kept any more, or may not be; ask for ?since=0 to get all that is kept, or for ?last= | closed`},
		{"a number that is negative", "/channels/kept/a?last=-1", `400 last="-1" is not a number of messages; use last=10 (ref) | closed`},
		{"a number beyond numbers", "/channels/kept/a?last=99999999999999999999", `400 last="99999999999999999999" is not a number of messages; use last=10 (ref) | closed`},
		{"a place and a number", "/channels/kept/a?since=0&last=1", `400 since= and last= contradict each other; use one of them (ref) | closed`},
		{"a history that there is not", "/channels/open/a?last=1", `404 the channel keeps no history: the rules of the server give none to channels of this name | closed`},
	} {
		inputs = append(inputs, hostileInput{in.name, request("GET "+in.target, "Accept: application/json"), in.want})
	}
	n.try(inputs)
}
