//go:build linux

package dialect

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
)

// frame returns an unmasked frame, as a server sends it.
func frame(opcode byte, payload string) string {
	head := []byte{0x80 | opcode}
	switch size := len(payload); {
	case size <= 125:
		head = append(head, byte(size))
	case size < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(size))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(size))
	}
	return string(head) + payload
}

// unmask returns the opcode and the payload of a masked frame that has less than 64 KiB.
func unmask(t *testing.T, b []byte) (opcode byte, payload string) {
	t.Helper()
	if len(b) < 6 || b[0]&0xf0 != 0x80 || b[1]&0x80 == 0 {
		t.Fatalf("no whole masked frame: % x", b)
	}
	size, rest := int(b[1]&0x7f), b[2:]
	if size == 126 {
		size, rest = int(binary.BigEndian.Uint16(rest)), rest[2:]
	}
	key, data := rest[:4], bytes.Clone(rest[4:])
	if len(data) != size {
		t.Fatalf("a frame of %d bytes has %d", size, len(data))
	}
	for i := range data {
		data[i] ^= key[i%4]
	}
	return b[0] & 0x0f, string(data)
}

// hearing is what a server sends to a subscriber of messages of 128 bytes on the channel "c".
type hearing struct {
	dialect  Dialect
	message  string
	messages int // in message
	ping     string
	pong     string // the payload that answers ping
	wrong    string
	because  string // what the error of wrong says
}

func hearings() map[string]hearing {
	payload := string(Payload(128))
	msg := "MSG c 1 128\r\n" + payload + "\r\n"
	return map[string]hearing{
		"websocket": {WebSocket{Prefix: "/"}, frame(opBinary, payload), 1,
			frame(opPing, "25"), "25", frame(opClose, "\x03\xe8bye"), "1000 bye"},
		"nats": {NATS{}, frame(opBinary, "INFO {\"a b\":1}\r\n"+msg[:70]) + frame(opBinary, msg[70:]+"+OK\r\n"+msg), 2,
			frame(opBinary, "PING\r\n"), "PONG\r\n", frame(opBinary, "-ERR 'Stale Connection'\r\n"), "Stale Connection"},
		"mqtt": {MQTT{}, "\x30\x83\x01\x00\x01c" + payload, 1,
			"", "", "\x30\x04\x00\x01c!", "4 bytes; each should have 131"},
		"socket": {Socket{}, frame(opText, `{"ok":{"sub":1}}`) + frame(opText, `{"live":{"sub":1}}`) + frame(opText, `[{"message":{"sub":1,"data":"`+payload+`"}},{"message":{"sub":1,"data":"`+payload+`"}}]`), 2,
			frame(opPing, "25"), "25", frame(opText, `{"error":{"code":"no"}}`), "no"},
		"signalr": {SignalR{}, frame(opText, "{}\x1e") + frame(opText, "{\"type\":3,\"invocationId\":\"1\"}\x1e") + frame(opText, `{"type":6}`+"\x1e"+`{"type":1,"target":"message","arguments":["c","`+payload+`",{}]}`+"\x1e"), 1,
			frame(opPing, "25"), "25", frame(opText, `{"type":7,"error":"no"}`), "no"},
		"eventstream": {EventStream{WebSocket{Prefix: "/", Text: true}}, ":\n\nid: 7\ndata: " + payload + "\n\nevent: live\ndata: {}\n\n", 1,
			"", "", "event: close\ndata: {}\n\n", "closed the stream"},
		"socketio": {SocketIO{}, frame(opText, `42["m","`+payload+`"]`), 1,
			frame(opText, "2"), "3", frame(opText, `44{"message":"no"}`), `44{\"message\"`},
	}
}

func TestMessagesAreCountedHoweverTheBytesAreCut(t *testing.T) {
	for name, h := range hearings() {
		stream := strings.Repeat(h.message, 3)
		for _, piece := range []int{1, 2, 3, 7, 64, 130, len(stream)} {
			c := h.dialect.Subscriber("c", 128)
			total := 0
			for rest := []byte(stream); len(rest) > 0; {
				n := min(piece, len(rest))
				messages, answer, err := c.Feed(rest[:n])
				if err != nil || answer != nil {
					t.Fatalf("%s in pieces of %d: answer %q, %v", name, piece, answer, err)
				}
				total += messages
				rest = rest[n:]
			}
			if total != 3*h.messages {
				t.Errorf("%s in pieces of %d: %d messages; want %d", name, piece, total, 3*h.messages)
			}
		}
	}
}

func TestAPingBetweenMessagesIsAnswered(t *testing.T) {
	for name, h := range hearings() {
		if h.ping == "" {
			continue // of MQTT, a client can switch them off, and does
		}
		c := h.dialect.Subscriber("c", 128)
		messages, answer, err := c.Feed([]byte(h.message + h.ping + h.message))
		if err != nil || messages != 2*h.messages {
			t.Fatalf("%s: %d messages, %v", name, messages, err)
		}
		if _, payload := unmask(t, answer); payload != h.pong {
			t.Errorf("%s: the answer is %q; want %q", name, payload, h.pong)
		}
	}
}

func TestWhatShouldNotComeIsNamed(t *testing.T) {
	for name, h := range hearings() {
		c := h.dialect.Subscriber("c", 128)
		messages, _, err := c.Feed([]byte(h.message + h.wrong))
		if messages != h.messages || err == nil || !strings.Contains(err.Error(), h.because) {
			t.Errorf("%s: %d messages, %v; want an error that says %s", name, messages, err, h.because)
		}
	}
}

func TestAMessageOfAnotherSizeIsNoMessageOfTheLoad(t *testing.T) {
	for name, h := range hearings() {
		if _, _, err := h.dialect.Subscriber("c", 127).Feed([]byte(h.message)); err == nil {
			t.Errorf("%s: a message of 128 bytes passes for one of 127", name)
		}
		if name == "eventstream" {
			continue // who publishes there has a WebSocket
		}
		if _, _, err := h.dialect.Publisher("c").Feed([]byte(h.message)); err == nil || !strings.Contains(err.Error(), "subscribed to nothing") {
			t.Errorf("%s: a publisher got a message: %v", name, err)
		}
	}
}

// scripted is a server that answers the first bytes that it gets with the first of its lines, and so on.
type scripted struct {
	said  []string
	heard []byte
	out   strings.Builder
	turn  int
}

func (s *scripted) Write(b []byte) (int, error) {
	s.heard = append(s.heard, b...)
	if s.turn < len(s.said) {
		s.out.WriteString(s.said[s.turn])
		s.turn++
	}
	return len(b), nil
}

func (s *scripted) Read(b []byte) (int, error) {
	pending := s.out.String()
	if pending == "" {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(b[:min(len(b), 5)], pending) // in small pieces
	s.out.Reset()
	s.out.WriteString(pending[n:])
	return n, nil
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

func TestASubscriberHasJoinedWhenTheServerConfirmsIt(t *testing.T) {
	for name, test := range map[string]struct {
		dialect Dialect
		said    []string
		heard   []string
	}{
		"websocket": {WebSocket{Prefix: "/channels/"}, []string{switching}, []string{"GET /channels/c HTTP/1.1\r\nHost: here\r\n"}},
		"nats":      {NATS{}, []string{switching + frame(opBinary, "INFO {}\r\n"), frame(opBinary, "PONG\r\n")}, []string{"GET / "}},
		"mqtt": {MQTT{}, []string{"\x20\x02\x00\x00\x90\x03\x00\x01\x00"},
			[]string{"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00", "\x82\x06\x00\x01\x00\x01c\x00"}},
		"eventstream": {EventStream{WebSocket{Prefix: "/channels/"}}, []string{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nretry: 1000\n\n"},
			[]string{"GET /channels/c HTTP/1.1\r\nHost: here\r\nAccept: text/event-stream\r\n"}},
		"socketio": {SocketIO{}, []string{switching + frame(opText, `0{"sid":"x","pingInterval":25000}`), frame(opText, `40{"sid":"y"}`), frame(opText, "430[]")},
			[]string{"GET /socket.io/?EIO=4&transport=websocket "}},
	} {
		s := &scripted{said: test.said}
		if messages, err := test.dialect.Subscriber("c", 128).Join(s, "here"); err != nil || messages != 0 {
			t.Errorf("%s: %d messages, %v", name, messages, err)
		}
		for _, want := range test.heard {
			if !bytes.Contains(s.heard, []byte(want)) {
				t.Errorf("%s: the server heard %q; want %q", name, s.heard, want)
			}
		}
		s = &scripted{said: test.said[:len(test.said)-1]}
		if _, err := test.dialect.Subscriber("c", 128).Join(s, "here"); err == nil {
			t.Errorf("%s: joined without a confirmation", name)
		}
	}
}

func TestARefusedHandshakeSaysWhatTheServerAnswered(t *testing.T) {
	s := &scripted{said: []string{"HTTP/1.1 404 Not Found\r\n\r\n"}}
	if _, err := (NATS{}).Subscriber("c", 128).Join(s, "here"); err == nil || !strings.Contains(err.Error(), "404 Not Found") {
		t.Errorf("got %v", err)
	}
	refusal := "\x20\x02\x00\x05"
	if _, err := (MQTT{}).Subscriber("c", 128).Join(&scripted{said: []string{refusal}}, "here"); err == nil || !strings.Contains(err.Error(), "00 05") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsPublishedCarriesThePayload(t *testing.T) {
	payload := string(Payload(300))
	for name, test := range map[string]struct {
		dialect Dialect
		opcode  byte
		want    string
	}{
		"websocket": {WebSocket{}, opBinary, payload},
		"nats":      {NATS{}, opBinary, "PUB c 300\r\n" + payload + "\r\n"},
		"socketio":  {SocketIO{}, opText, `42["publish","c","` + payload + `"]`},
	} {
		if opcode, got := unmask(t, test.dialect.Message("c", 300)); opcode != test.opcode || got != test.want {
			t.Errorf("%s: opcode %d, %q", name, opcode, got)
		}
	}
	if got, want := string((MQTT{}).Message("c", 300)), "\x30\xaf\x02\x00\x01c"+payload; got != want {
		t.Errorf("mqtt: %q", got)
	}
}

func TestAPostIsCountedWhenItsAnswerHasCome(t *testing.T) {
	post := Post{Prefix: "/channels/"}
	want := "POST /channels/c HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nabc"
	if got := string(post.Message("c", 3)); got != want {
		t.Errorf("the request is %q", got)
	}
	stream := strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: now\r\n\r\n{...}", 3)
	for _, piece := range []int{1, 3, 40, 61, len(stream)} {
		c := post.Subscriber("c", 3)
		total := 0
		for rest := []byte(stream); len(rest) > 0; {
			n := min(piece, len(rest))
			answers, _, err := c.Feed(rest[:n])
			if err != nil {
				t.Fatal(err)
			}
			total += answers
			rest = rest[n:]
		}
		if total != 3 {
			t.Errorf("in pieces of %d: %d answers; want 3", piece, total)
		}
	}
	for _, refusal := range []string{"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", strings.Repeat("x", maxAnswerHead)} {
		if _, _, err := post.Subscriber("c", 3).Feed([]byte(refusal)); err == nil {
			t.Errorf("%.40q passes for an acknowledgement", refusal)
		}
	}
}

func TestFramesOfEverySizeAreCut(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 300, 65_535, 65_536, 70_000} {
		stream := []byte(strings.Repeat(frame(opBinary, strings.Repeat("\x82", size)), 2))
		for _, cut := range []int{1, 5, 4096, len(stream)} {
			var f frames
			whole, bytes := 0, 0
			for rest := stream; len(rest) > 0; {
				n := min(cut, len(rest))
				b := rest[:n]
				rest = rest[n:]
				for {
					p, left, ok, err := f.next(b)
					if err != nil {
						t.Fatal(err)
					}
					if !ok {
						break
					}
					b, bytes = left, bytes+len(p.payload)
					if p.last {
						whole++
					}
				}
			}
			if whole != 2 || bytes != 2*size {
				t.Errorf("frames of %d B in pieces of %d: %d with %d bytes", size, cut, whole, bytes)
			}
		}
	}
	var f frames
	if _, _, _, err := f.next([]byte{0x82, 0x80}); err == nil {
		t.Error("a masked frame passes")
	}
}
