package broker

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAMessageIsReadBackFromItsRecord(t *testing.T) {
	label := rapid.StringN(0, -1, maxLabelBytes)
	word := rapid.StringN(0, 20, -1)
	pair := rapid.Custom(func(t *rapid.T) Pair { return Pair{word.Draw(t, "name"), word.Draw(t, "value")} })
	meta := rapid.Custom(func(t *rapid.T) *Meta {
		return &Meta{
			Pairs:         rapid.SliceOfN(pair, 0, 5).Draw(t, "pairs"),
			ContentType:   word.Draw(t, "content type"),
			ResponseTopic: word.Draw(t, "response topic"),
			Correlation:   word.Draw(t, "correlation"),
			Lasts:         time.Duration(rapid.Uint32().Draw(t, "lasts")) * time.Second,
			QoS:           rapid.Uint8Range(0, 2).Draw(t, "QoS"),
			Retain:        rapid.Bool().Draw(t, "retain"),
			Text:          rapid.Bool().Draw(t, "text"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			Type:    rapid.SampledFrom([]websocket.MessageType{websocket.Text, websocket.Binary}).Draw(t, "type"),
			Key:     label.Draw(t, "key"),
			Source:  label.Draw(t, "source"),
			Payload: rapid.SliceOf(rapid.Byte()).Draw(t, "payload"),
		}
		if rapid.Bool().Draw(t, "has meta") {
			m.Meta = meta.Draw(t, "meta")
			if len(m.Meta.Pairs) == 0 {
				m.Meta.Pairs = nil // as it is read back
			}
		}
		var back Message
		if err := parseRecord(appendRecord(nil, &m), &back); err != nil {
			t.Fatal(err)
		}
		if back.Type != m.Type || back.Key != m.Key || back.Source != m.Source || !bytes.Equal(back.Payload, m.Payload) || !reflect.DeepEqual(back.Meta, m.Meta) {
			t.Fatalf("%+v became %+v", m, back)
		}
	})
}

func TestAMessageWithoutLabelsCostsOneByteMore(t *testing.T) {
	if b := appendRecord(nil, &Message{Type: websocket.Text, Payload: []byte("hello")}); len(b) != 6 {
		t.Errorf("the record has %d bytes: %q", len(b), b)
	}
}

func TestAMessageWithTooManyPropertiesIsNotStored(t *testing.T) {
	m := Message{Meta: &Meta{Pairs: []Pair{{"name", strings.Repeat("x", MaxMetaBytes)}}}}
	if err := checkLabels(&m); err == nil {
		t.Error("it is")
	}
	m.Meta.Pairs[0].Value = m.Meta.Pairs[0].Value[:MaxMetaBytes-100]
	if err := checkLabels(&m); err != nil {
		t.Error(err)
	}
	if n := len(m.Meta.appendTo(nil)); n > MaxMetaBytes {
		t.Errorf("it has %d bytes, at most %d", n, MaxMetaBytes)
	}
}

func TestAMessageExpiresWhenItsTimeIsOver(t *testing.T) {
	now := time.Now()
	for _, m := range []Message{{Time: now}, {Time: now, Meta: &Meta{}}, {Time: now, Meta: &Meta{Lasts: 2 * time.Second}}} {
		if m.Expired(now.Add(time.Second)) {
			t.Errorf("%+v has expired too soon", m)
		}
	}
	if m := (Message{Time: now, Meta: &Meta{Lasts: time.Second}}); !m.Expired(now.Add(time.Second)) {
		t.Error("it has not expired")
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00hello"))
	f.Add([]byte("\x07\x01k\x02sshello"))
	f.Add([]byte("\x02\x00hello"))
	f.Add([]byte("\x02\xffhello"))
	f.Add([]byte("hello"))
	f.Add([]byte("\x10\x00\x04\x22\x02tphello"))
	f.Add([]byte("\x10\x00\x0a\x71\x05\x01t\x01r\x00\x01a\x00hello"))
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
