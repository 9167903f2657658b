package channels

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// The keys of the wire forms of publications that are Server-Sent Events (WHATWG HTML, section 9.2).
type (
	plainForm    struct{} // []byte, as eventsOf
	envelopeForm struct{} // [][]byte, as envelopesOf
)

// eventsOf returns the messages of p, all of one channel, as events: the text as it is, with its line ends as line feeds, or the event
// "binary" in base64. Those that are stored have their position as id; epoch is that of their offsets. It is encoded once and shared.
func eventsOf(p *hub.Publication, epoch string) []byte {
	return p.Form(plainForm{}, func() any {
		n := 0
		for _, m := range p.Messages {
			n += eventBytes + len(m.Payload) + len(m.Payload)/2
		}
		all := make([]byte, 0, n)
		for _, m := range p.Messages {
			all = appendEvent(all, m, epoch)
		}
		return all
	}).([]byte)
}

// eventBytes is about what an event takes besides its payload.
const eventBytes = 64

func appendEvent(b []byte, m *broker.Message, epoch string) []byte {
	if m.Offset > 0 {
		b = append(b, "id: "...)
		b = strconv.AppendUint(b, m.Offset, 10)
		b = append(b, ':')
		b = append(b, epoch...)
		b = append(b, '\n')
	}
	if m.Type == websocket.Binary {
		b = append(b, "event: binary\ndata: "...)
		b = base64.StdEncoding.AppendEncode(b, m.Payload)
		return append(b, "\n\n"...)
	}
	return append(appendData(b, m.Payload), '\n')
}

// appendData appends text as lines of data. In a stream of events, CR, LF and CRLF all end a line.
func appendData(b, text []byte) []byte {
	for {
		b = append(b, "data: "...)
		end := bytes.IndexAny(text, "\r\n")
		if end < 0 {
			b = append(b, text...)
			return append(b, '\n')
		}
		b = append(b, text[:end]...)
		b = append(b, '\n')
		if text[end] == '\r' && end+1 < len(text) && text[end+1] == '\n' {
			end++
		}
		text = text[end+1:]
	}
}

// envelope is the data of an event that says what channel it is from.
type envelope struct {
	Channel channel.Name `json:"channel"`
	Epoch   string       `json:"epoch,omitempty"` // of the offset
	stored
}

// envelopesOf returns the end of an event for each message of p, its data being an envelope in JSON. It is encoded once and shared; what
// subscribers are told differently, the id, comes before.
func envelopesOf(p *hub.Publication, epochOf func(channel.Name) string) [][]byte {
	return p.Form(envelopeForm{}, func() any {
		all := make([][]byte, len(p.Messages))
		for i, m := range p.Messages {
			all[i] = appendEnvelope(nil, m, epochOf)
		}
		return all
	}).([][]byte)
}

func appendEnvelope(b []byte, m *broker.Message, epochOf func(channel.Name) string) []byte {
	v := envelope{Channel: m.Channel, stored: newStored(m)}
	if m.Offset > 0 {
		v.Epoch = epochOf(m.Channel)
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always can be
	}
	return append(append(append(b, "data: "...), data...), "\n\n"...)
}
