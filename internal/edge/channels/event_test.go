package channels

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// event is what an EventSource makes of a stream (WHATWG HTML, section 9.2.6).
type event struct{ id, typ, data string }

// parseEvents reads events as the standard says.
func parseEvents(stream []byte) (all []event) {
	lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(stream))
	var e event
	var data []string
	for line := range strings.SplitSeq(strings.TrimSuffix(lines, "\n"), "\n") {
		if line == "" {
			if data != nil {
				e.data = strings.Join(data, "\n")
				all = append(all, e)
			}
			e, data = event{id: e.id}, nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimPrefix(value, " "); field {
		case "id":
			e.id = value
		case "event":
			e.typ = value
		case "data":
			data = append(data, value)
		}
	}
	return all
}

func TestWhateverIsPublishedIsTheDataOfOneEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab: \r\n\x00ü🧭\ufeff")))
		var messages []*broker.Message
		var want []event
		id := ""
		for i, payload := range rapid.SliceOfN(text, 1, 5).Draw(t, "payloads") {
			m := &broker.Message{Channel: "a", Type: websocket.Text, Payload: []byte(payload)}
			e := event{data: strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(payload)}
			if rapid.Bool().Draw(t, "binary") {
				m.Type, e.typ, e.data = websocket.Binary, "binary", base64.StdEncoding.EncodeToString(m.Payload)
			}
			if rapid.Bool().Draw(t, "stored") {
				m.Offset = uint64(i + 1)
				id = string(rune('1'+i)) + ":k3"
			}
			e.id = id
			messages, want = append(messages, m), append(want, e)
		}
		p := hub.Bundle(messages...)
		got := parseEvents(eventsOf(p, "k3"))
		if len(got) != len(want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("got %q, want %q", got[i], want[i])
			}
		}
		if first, again := eventsOf(p, "k3"), eventsOf(p, "k3"); &first[0] != &again[0] {
			t.Fatal("encoded twice")
		}
	})
}

func TestAnEnvelopeSaysWhatAMessageIs(t *testing.T) {
	p := hub.Bundle(
		&broker.Message{Channel: "a/b", Type: websocket.Text, Payload: []byte("x\r\ny"), Offset: 7, ID: "i", Key: "k", Time: time.UnixMilli(5)},
		&broker.Message{Channel: "c", Type: websocket.Binary, Payload: []byte{0xff}, Time: time.UnixMilli(6)},
	)
	all := envelopesOf(p, func(channel.Name) string { return "k3" })
	want := []envelope{
		{Channel: "a/b", Epoch: "k3", stored: stored{Offset: 7, Data: "x\r\ny", ID: "i", Key: "k", Time: 5}},
		{Channel: "c", stored: stored{Data: "/w==", Binary: true, Time: 6}},
	}
	for i, b := range all {
		var got envelope
		events := parseEvents(b)
		if len(events) != 1 {
			t.Fatalf("got %q", b)
		}
		if err := json.Unmarshal([]byte(events[0].data), &got); err != nil || !reflect.DeepEqual(got, want[i]) {
			t.Errorf("got %s, %v; want %+v", b, err, want[i])
		}
	}
}
