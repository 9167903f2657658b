package handshake

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const acceptOfTestKey = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

func response(status int, fields ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	return &http.Response{StatusCode: status, Header: h}
}

func TestAResponseOfTheRFCIsAccepted(t *testing.T) {
	offered := []string{"chat", "superchat"}
	for _, c := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"without a subprotocol", []string{"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", acceptOfTestKey}, ""},
		{"with a subprotocol", []string{"Upgrade", "WebSocket", "Connection", "x, upgrade", "Sec-WebSocket-Accept", acceptOfTestKey, "Sec-WebSocket-Protocol", "superchat"}, "superchat"},
		{"with whitespace around values", []string{"Upgrade", " websocket ", "Connection", " Upgrade\t", "Sec-WebSocket-Accept", "\t" + acceptOfTestKey + " ", "Sec-WebSocket-Protocol", " chat "}, "chat"},
	} {
		if got, err := CheckResponse(response(101, c.fields...), testKey, offered); got != c.want || err != nil {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
}

func TestAResponseThatBreaksARuleIsRefusedWithItsReason(t *testing.T) {
	good := func(more ...string) *http.Response {
		return response(101, append([]string{"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", acceptOfTestKey}, more...)...)
	}
	without := func(name string, more ...string) *http.Response {
		resp := good()
		resp.Header.Del(name)
		for _, value := range more {
			resp.Header.Add(name, value)
		}
		return resp
	}
	for _, c := range []struct {
		name string
		resp *http.Response
		want string
	}{
		{"200", response(200), "server answered 200 OK, not 101 Switching Protocols"},
		{"426", response(426), "server answered 426 Upgrade Required, not 101 Switching Protocols"},
		{"no Upgrade", without("Upgrade"), "server sent 0 Upgrade headers; there must be one"},
		{"two Upgrades", good("Upgrade", "websocket"), "server sent 2 Upgrade headers; there must be one"},
		{"another Upgrade", without("Upgrade", "websocket, h2c"), `server's Upgrade header is "websocket, h2c", not "websocket"`},
		{"no Connection", without("Connection"), `server's Connection header does not contain "upgrade"`},
		{"Connection: close", without("Connection", "close"), `server's Connection header does not contain "upgrade"`},
		{"no accept", without("Sec-WebSocket-Accept"), "server sent 0 Sec-WebSocket-Accept headers; there must be one"},
		{"two accepts", good("Sec-WebSocket-Accept", acceptOfTestKey), "server sent 2 Sec-WebSocket-Accept headers; there must be one"},
		{"a wrong accept", without("Sec-WebSocket-Accept", strings.ToLower(acceptOfTestKey)), `server's Sec-WebSocket-Accept "s3pplmbitxaq9kygzzhzrbk+xoo=" does not answer the key that was sent; something in between may have answered instead of the server`},
		{"an extension", good("Sec-WebSocket-Extensions", "permessage-deflate; x"), `server chose the extension "permessage-deflate", which was not offered`},
		{"a broken extension", good("Sec-WebSocket-Extensions", "a b"), `server's Sec-WebSocket-Extensions has neither ';' nor ',' at "b" (RFC 6455 section 9.1)`},
		{"a subprotocol not offered", good("Sec-WebSocket-Protocol", "Chat"), `server chose the subprotocol "Chat", which was not offered`},
		{"an empty subprotocol", good("Sec-WebSocket-Protocol", ""), `server chose the subprotocol "", which was not offered`},
		{"a list of subprotocols", good("Sec-WebSocket-Protocol", "chat, superchat"), `server chose the subprotocol "chat, superchat", which was not offered`},
		{"two subprotocols", good("Sec-WebSocket-Protocol", "chat", "Sec-WebSocket-Protocol", "superchat"), "server sent 2 Sec-WebSocket-Protocol headers; there must be one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := CheckResponse(c.resp, testKey, []string{"chat", "superchat"})
			if got != "" || err == nil || err.Error() != c.want {
				t.Errorf("got %q, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func FuzzCheckResponse(f *testing.F) {
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	f.Add(head + "Sec-WebSocket-Accept: " + acceptOfTestKey + "\r\n\r\n")
	f.Add(head + "Sec-WebSocket-Accept: " + acceptOfTestKey + "\r\nSec-WebSocket-Protocol: chat\r\n\r\n\x81\x00")
	f.Add(head + "Sec-WebSocket-Accept: x\r\n\r\n")
	f.Add("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
	f.Fuzz(func(t *testing.T, raw string) {
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw)), nil)
		if err != nil {
			return
		}
		offered := []string{"chat", "superchat"}
		subprotocol, err := CheckResponse(resp, testKey, offered)
		if err != nil {
			checkSentence(t, err.Error())
			return
		}
		if resp.StatusCode != 101 || !strings.Contains(raw, acceptOfTestKey) || subprotocol != "" && !slices.Contains(offered, subprotocol) {
			t.Fatalf("accepted %q with subprotocol %q", raw, subprotocol)
		}
	})
}
