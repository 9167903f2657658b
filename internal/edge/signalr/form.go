package signalr

import (
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// parcel is messages of the hub protocol that leave together. It never changes and is shared by all that it goes to.
type parcel struct {
	batch   *websocket.Batch // frames of whole messages
	tracked int              // messages that count for stateful reconnect
}

// maxFrameBytes is about the largest frame that several messages are put into.
const maxFrameBytes = 64 << 10

// newParcel puts messages into as few frames as their size allows.
func newParcel(e hubproto.Encoding, messages ...hubproto.Message) *parcel {
	p := new(parcel)
	typ := websocket.Text
	if e.Binary() {
		typ = websocket.Binary
	}
	var frames []*websocket.Frame
	buffer := buffers.Get().(*[]byte)
	*buffer = (*buffer)[:0]
	for i, m := range messages {
		if m.Tracked() {
			p.tracked++
		}
		*buffer = e.Append(*buffer, m)
		if i == len(messages)-1 || len(*buffer) >= maxFrameBytes {
			frames = append(frames, websocket.NewFrame(typ, *buffer))
			*buffer = (*buffer)[:0]
		}
	}
	if cap(*buffer) <= 2*maxFrameBytes {
		buffers.Put(buffer)
	}
	p.batch = websocket.NewBatch(frames...)
	return p
}

// buffers are what frames are copied from.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// event returns the parcel as Server-Sent Events, one for each frame. Text alone can be: JSON has no line breaks, since it is ours or has
// been made compact.
func (p *parcel) event() []byte { return p.batch.Events() }

// form is a wire form of a publication: what it is to all clients of a hub with the same encoding, or, with an item, to those whose
// streams have the same id.
type form struct {
	hub      *Hub
	encoding hubproto.Encoding
	item     string // the id of the stream; "" for an invocation
}

// of returns the form of a publication, which is made once.
func (f form) of(p *hub.Publication, epochOf func(channel.Name) string) *parcel {
	return p.Form(f, func() any {
		messages := make([]hubproto.Message, len(p.Messages))
		for i, m := range p.Messages {
			messages[i] = f.message(m, epochOf)
		}
		return newParcel(f.encoding, messages...)
	}).(*parcel)
}

func (f form) message(m *broker.Message, epochOf func(channel.Name) string) hubproto.Message {
	if f.item != "" {
		return &hubproto.StreamItem{ID: f.item, Item: f.describe(m, epochOf)}
	}
	if target := f.hub.targetOf(m.Channel); target != "" {
		return &hubproto.Invocation{Target: target, Arguments: argumentsOf(m)}
	}
	return &hubproto.Invocation{Target: "message", Arguments: []hubproto.Value{hubproto.Text(string(m.Channel)), dataOf(m), hubproto.JSON(appendMeta(nil, m, epochOf))}}
}

// describe returns a message as one value.
func (f form) describe(m *broker.Message, epochOf func(channel.Name) string) hubproto.Value {
	b := append([]byte(`{"channel":`), mustQuote(string(m.Channel))...)
	b = dataOf(m).AppendJSON(append(b, `,"data":`...))
	b = appendMeta(append(b, `,"meta":`...), m, epochOf)
	return hubproto.JSON(append(b, '}'))
}

// dataOf returns the payload of a message: text, or bytes.
func dataOf(m *broker.Message) hubproto.Value {
	if m.Type == websocket.Binary {
		return hubproto.Binary(m.Payload)
	}
	return hubproto.Text(string(m.Payload))
}

// argumentsOf returns the payload of a message as the arguments of a method: the elements of a JSON array, or else all of it
// as one.
func argumentsOf(m *broker.Message) []hubproto.Value {
	if m.Type == websocket.Text && jsontext.Value(m.Payload).Kind() == '[' {
		if elements, err := elementsOf(m.Payload); err == nil && len(elements) <= hubproto.MaxArguments {
			return elements
		}
	}
	return []hubproto.Value{dataOf(m)}
}

// elementsOf returns the elements of a JSON array.
func elementsOf(array []byte) ([]hubproto.Value, error) {
	var elements []jsontext.Value
	if err := json.Unmarshal(array, &elements); err != nil {
		return nil, err
	}
	values := make([]hubproto.Value, len(elements))
	for i, e := range elements {
		values[i] = hubproto.JSON(compact(e))
	}
	return values, nil
}

// compact removes what need not be in JSON text: line breaks above all.
func compact(v jsontext.Value) jsontext.Value {
	v = v.Clone()
	if v.Compact() != nil { // it has been parsed before
		return jsontext.Value("null")
	}
	return v
}

// appendMeta appends what there is to a message besides its payload, as JSON.
func appendMeta(dst []byte, m *broker.Message, epochOf func(channel.Name) string) []byte {
	dst = strconv.AppendInt(append(dst, `{"time":`...), m.Time.UnixMilli(), 10)
	if m.Offset > 0 {
		dst = strconv.AppendUint(append(dst, `,"offset":`...), m.Offset, 10)
		dst = append(append(dst, `,"position":`...), mustQuote(broker.Position{Epoch: epochOf(m.Channel), Offset: m.Offset}.String())...)
	}
	if m.ID != "" {
		dst = append(append(dst, `,"id":`...), mustQuote(m.ID)...)
	}
	if m.Key != "" {
		dst = append(append(dst, `,"key":`...), mustQuote(m.Key)...)
	}
	if m.Type == websocket.Binary {
		dst = append(dst, `,"binary":true`...)
	}
	if texts := m.Meta.Texts(); len(texts) > 0 {
		dst = inJSON(texts).AppendJSON(append(dst, `,"meta":`...))
	}
	return append(dst, '}')
}

// mustQuote returns text as JSON.
func mustQuote(s string) []byte { return hubproto.Text(s).AppendJSON(nil) }
