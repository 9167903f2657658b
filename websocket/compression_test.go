package websocket

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
)

// compressing returns both ends of a connection that has agreed on compression.
func compressing(t *testing.T, server, client *Compression, l Limits) (s, c *Conn) {
	t.Helper()
	addr, conns := accepting(t, false, &AcceptOptions{Compression: server, Limits: l})
	c, err := Dial(t.Context(), "ws://"+addr+"/", &DialOptions{Compression: client, Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	s = <-conns
	t.Cleanup(func() {
		c.CloseNow()
		s.CloseNow()
		<-c.Done()
		<-s.Done()
	})
	return s, c
}

// chat is a message like those of a chat.
func chat(i int) string {
	return fmt.Sprintf(`{"v":1,"id":"01J%06d","from":"Ada","room":"lobby","text":"message number %d is about nothing"}`, i*7919, i)
}

func TestCompressedMessagesArriveWholeBothWays(t *testing.T) {
	for name, c := range map[string]*Compression{"takeover": {}, "no takeover": {NoContextTakeover: true}} {
		t.Run(name, func(t *testing.T) {
			s, client := compressing(t, c, c, Limits{})
			if s.compression == nil || client.compression == nil {
				t.Fatal("there is no compression")
			}
			messages := []string{"", "short", strings.Repeat("é", 100), filler(100_000)}
			for i := range 50 {
				messages = append(messages, chat(i))
			}
			for _, m := range messages {
				for _, pair := range [][2]*Conn{{s, client}, {client, s}} {
					if err := pair[0].Write(t.Context(), Text, []byte(m)); err != nil {
						t.Fatal(err)
					}
					wantMessage(t, pair[1], Text, m)
				}
			}
		})
	}
}

func TestWithoutAnOfferNothingIsCompressed(t *testing.T) {
	s, c := compressing(t, &Compression{}, nil, Limits{})
	if s.compression != nil || c.compression != nil {
		t.Error("compression that was not offered")
	}
	s, c = compressing(t, nil, &Compression{}, Limits{})
	if s.compression != nil || c.compression != nil {
		t.Error("compression that was not accepted")
	}
}

func TestABroadcastIsCompressedOnceAndUnderstoodByAll(t *testing.T) {
	takeover, none := &Compression{}, &Compression{NoContextTakeover: true}
	var servers, clients []*Conn
	for _, c := range []*Compression{takeover, none, nil, takeover} {
		s, client := compressing(t, takeover, c, Limits{})
		servers, clients = append(servers, s), append(clients, client)
	}
	for i := range 30 {
		one := NewFrame(Text, []byte(chat(i)+filler(100)))
		batch := NewBatch(NewFrame(Text, []byte(chat(i)+filler(200))), NewFrame(Binary, []byte("\xff binary")), NewFrame(Text, []byte("short")))
		for j, s := range servers {
			if r := s.Send(one); r != Sent {
				t.Fatalf("Send: %d", r)
			}
			if r := s.SendBatch(batch); r != Sent {
				t.Fatalf("SendBatch: %d", r)
			}
			own := chat(i) + fmt.Sprint(" to client ", j) // moves the contexts apart
			if err := s.Write(t.Context(), Text, []byte(own)); err != nil {
				t.Fatal(err)
			}
			wantMessage(t, clients[j], Text, chat(i)+filler(100))
			wantMessage(t, clients[j], Text, chat(i)+filler(200))
			wantMessage(t, clients[j], Binary, "\xff binary")
			wantMessage(t, clients[j], Text, "short")
			wantMessage(t, clients[j], Text, own)
		}
	}
}

func TestSendingFromManyGoroutinesKeepsTheContextRight(t *testing.T) {
	s, c := compressing(t, &Compression{}, &Compression{}, Limits{})
	const each = 200
	frame := NewFrame(Text, []byte(chat(1)+filler(300)))
	for g := range 3 {
		go func() {
			for i := range each {
				if g == 0 {
					for s.Send(frame) == Dropped {
					}
				} else if err := s.Write(t.Context(), Text, []byte(chat(g*1000+i))); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	got := map[string]int{}
	for range 3 * each {
		_, m, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got[string(m)]++
	}
	if got[string(frame.Payload())] != each || len(got) != 1+2*each {
		t.Errorf("%d kinds of messages, %d broadcasts", len(got), got[string(frame.Payload())])
	}
}

func TestABombEndsItsSender(t *testing.T) {
	s, c := compressing(t, &Compression{}, &Compression{}, Limits{MaxMessageBytes: 1 << 20})
	served := make(chan error, 1)
	go func() { served <- s.Serve(func(MessageType, []byte) {}) }()
	if err := c.Write(t.Context(), Text, []byte(strings.Repeat("a", 2<<20))); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Read(t.Context())
	if CloseCodeOf(err) != CloseMessageTooBig || !strings.Contains(err.Error(), "limit of 1048576 bytes") {
		t.Errorf("the client saw %v", err)
	}
	if err := <-served; CloseCodeOf(err) != CloseMessageTooBig {
		t.Errorf("Serve: %v", err)
	}
}

func TestWhatCanNotBeInflatedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		stream []byte
		code   CloseCode
	}{
		"not DEFLATE":                  {raw(0xC1, true, "\xff\xff\xff"), CloseInvalidPayload},
		"text that is not UTF-8":       {raw(0xC1, true, "\x00\x02\x00\xfd\xff\xff\xfe"), CloseInvalidPayload},
		"RSV1 on a continuation":       {append(raw(0x41, true, "a"), raw(0xC0, true, "b")...), CloseProtocolError},
		"RSV2":                         {raw(0xA1, true, "a"), CloseProtocolError},
		"after a message, in one read": {append(raw(0x81, true, "good"), raw(0xC1, true, "\xff\xff\xff")...), CloseInvalidPayload},
	} {
		t.Run(name, func(t *testing.T) {
			addr, conns := accepting(t, false, &AcceptOptions{Compression: &Compression{}})
			p, h := dialRaw(t, addr, false, "Sec-WebSocket-Extensions: permessage-deflate\r\n", nil)
			if got := h.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate") {
				t.Fatalf("Sec-WebSocket-Extensions: %q", got)
			}
			s := <-conns
			var handled []string
			served := make(chan error, 1)
			go func() {
				served <- s.Serve(func(_ MessageType, m []byte) { handled = append(handled, string(m)) })
			}()
			p.write(c.stream)
			p.wantClose(c.code)
			p.Close()
			<-served
			if want := strings.Contains(name, "after"); want != (len(handled) == 1) {
				t.Errorf("handled %q", handled)
			}
		})
	}
}

func TestAnUnofferedExtensionInTheAnswerFailsDial(t *testing.T) {
	for answer, options := range map[string]*DialOptions{
		"Sec-WebSocket-Extensions: permessage-deflate\r\n":                         {},
		"Sec-WebSocket-Extensions: x-other\r\n":                                    {Compression: &Compression{}},
		"Sec-WebSocket-Extensions: permessage-deflate; unknown\r\n":                {Compression: &Compression{}},
		"Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n":     {Compression: &Compression{}},
		"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits\r\n": {Compression: &Compression{}},
	} {
		l := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nc, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer nc.Close()
			accept := handshake.AcceptKey(r.Header.Get("Sec-WebSocket-Key"))
			rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n" + answer + "\r\n")
			rw.Flush()
		})
		srv := httptest.NewServer(l)
		defer srv.Close()
		if _, err := Dial(t.Context(), strings.Replace(srv.URL, "http", "ws", 1), options); err == nil {
			t.Errorf("%q was taken", answer)
		}
	}
}
