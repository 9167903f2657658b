package websocket

import "testing"

func TestEmptyMessagesThatComeLateAreBoundedToo(t *testing.T) {
	var l late
	for range 10 * maxLate {
		l.add(Message{Type: Text}, 10)
	}
	n := 0
	for {
		m, ok := l.next()
		if !ok {
			break
		}
		if m.Type != Text || m.Payload == nil || len(m.Payload) > 0 {
			t.Fatalf("got %v %v", m.Type, m.Payload)
		}
		n++
	}
	if n != maxLate {
		t.Errorf("%d messages are kept, want %d", n, maxLate)
	}
}
