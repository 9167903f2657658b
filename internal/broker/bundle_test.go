package broker

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// bundled are messages with all that can be said of one.
func bundled() []*Message {
	at := time.Unix(1700000000, 123456789)
	long := strings.Repeat("x", maxLabelBytes)
	return []*Message{
		{Channel: "chat/lobby", Type: websocket.Text, Payload: []byte("hello"), Time: at},
		{Channel: "chat/lobby", Type: websocket.Binary, Payload: []byte{}, ID: long, Key: long, Source: long, Time: at.Add(1),
			Meta: &Meta{Pairs: []Pair{{"a", "b"}}, ContentType: "text/plain", ResponseTopic: "r", Correlation: "c", Lasts: time.Minute, QoS: 2, Retain: true, Text: true}},
	}
}

func TestABundleBringsMessagesAsTheyWere(t *testing.T) {
	want := bundled()
	b := AppendBundle(nil, want)
	if most := MaxBundledBytes(want[0]) + MaxBundledBytes(want[1]); len(b) > most {
		t.Errorf("it has %d bytes, and %d were foreseen", len(b), most)
	}
	name, rest, err := CutBundle(b)
	if err != nil || name != "chat/lobby" {
		t.Fatalf("it is of %q, %v", name, err)
	}
	got, err := ParseBundle(name, rest)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzABundleThatIsReadIsWrittenAlike(f *testing.F) {
	f.Add(AppendBundle(nil, bundled()))
	f.Add(AppendBundle(nil, bundled()[:1]))
	f.Fuzz(func(t *testing.T, b []byte) {
		name, rest, err := CutBundle(b)
		if err != nil {
			return
		}
		messages, err := ParseBundle(name, rest)
		if err != nil {
			return
		}
		if channel.Name(name).Pattern() == "" {
			t.Error("a channel without a name")
		}
		if again := AppendBundle(nil, messages); string(again) != string(b) {
			t.Errorf("%q becomes %q", b, again)
		}
	})
}
