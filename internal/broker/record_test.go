package broker

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAMessageIsReadBackFromItsRecord(t *testing.T) {
	label := rapid.StringN(0, -1, maxLabelBytes)
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			Type:    rapid.SampledFrom([]websocket.MessageType{websocket.Text, websocket.Binary}).Draw(t, "type"),
			Key:     label.Draw(t, "key"),
			Source:  label.Draw(t, "source"),
			Payload: rapid.SliceOf(rapid.Byte()).Draw(t, "payload"),
		}
		var back Message
		if err := parseRecord(appendRecord(nil, &m), &back); err != nil {
			t.Fatal(err)
		}
		if back.Type != m.Type || back.Key != m.Key || back.Source != m.Source || !bytes.Equal(back.Payload, m.Payload) {
			t.Fatalf("%+v became %+v", m, back)
		}
	})
}

func TestAMessageWithoutLabelsCostsOneByteMore(t *testing.T) {
	if b := appendRecord(nil, &Message{Type: websocket.Text, Payload: []byte("hello")}); len(b) != 6 {
		t.Errorf("the record has %d bytes: %q", len(b), b)
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00hello"))
	f.Add([]byte("\x07\x01k\x02sshello"))
	f.Add([]byte("\x02\x00hello"))
	f.Add([]byte("\x02\xffhello"))
	f.Add([]byte("hello"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Message
		if parseRecord(b, &m) != nil {
			return
		}
		if back := appendRecord(nil, &m); !bytes.Equal(back, b) {
			t.Errorf("%q was read as %+v, which is written %q", b, m, back)
		}
	})
}
