package protocol

import "time"

// Message is one message, pushed to a subscription or on a page of history.
type Message struct {
	Sub     uint64 // the subscription; 0 on a page
	Channel string // "" unless the subscription is to a pattern
	Epoch   string // of Offset; likewise
	Offset  uint64 // 0 in channels without history
	Payload
	ID   string // the publisher's; "" for none
	Key  string
	Meta []string  // what MQTT calls user properties: names and values by turns; names may repeat
	Time time.Time // when it was stored or else published, to the millisecond; zero if not told
}

func (*Message) push() string { return "message" }

func (m *Message) write(w *encoder) {
	at := w.object()
	w.optWhole("sub", m.Sub)
	m.writeShared(w)
	w.endObject(at)
}

// writeShared writes all but the subscription.
func (m *Message) writeShared(w *encoder) {
	w.optText("channel", m.Channel)
	w.optText("epoch", m.Epoch)
	w.optWhole("offset", m.Offset)
	w.payload(&m.Payload)
	w.optText("id", m.ID)
	w.optText("key", m.Key)
	w.texts("meta", m.Meta)
	if !m.Time.IsZero() {
		w.whole("time", uint64(max(0, m.Time.UnixMilli())))
	}
}

func (m *Message) read(d *decoder) {
	var payload payloadReader
	d.fields("message", func(name string) {
		switch name {
		case "sub":
			m.Sub = d.whole(name, 0, MaxWhole)
		case "channel":
			m.Channel = d.channel(name)
		case "epoch":
			m.Epoch = d.text(name, 1, MaxEpochBytes)
		case "offset":
			m.Offset = d.whole(name, 0, MaxWhole)
		case "id":
			m.ID = d.text(name, 0, MaxIDBytes)
		case "key":
			m.Key = d.text(name, 0, MaxIDBytes)
		case "meta":
			m.Meta = d.texts(name)
		case "time":
			m.Time = time.UnixMilli(int64(d.whole(name, 0, MaxWhole))).UTC()
		default:
			payload.field(d, name)
		}
	}, "data")
	m.Payload = payload.result(d, "message")
}

// Prepared is a message push encoded but for the number of the subscription, so that the work is done once for all
// subscriptions to a channel (or all to patterns, which also bear the channel and the epoch).
type Prepared struct {
	encoding Encoding
	fields   byte   // in shared
	shared   []byte // what follows the subscription's number
}

// Prepare encodes a message push; its Sub does not count.
func (e Encoding) Prepare(m *Message) Prepared {
	w := encoder{pack: e == MessagePack}
	w.buf = make([]byte, 0, len(m.Data)+len(m.Data)/8+128)
	at := w.object()
	m.writeShared(&w)
	w.endObject(at)
	if !w.pack {
		return Prepared{encoding: e, shared: w.buf[len("{"):]}
	}
	return Prepared{encoding: e, fields: w.buf[0] - packFixMap, shared: w.buf[1:]}
}

// Append appends the push for a subscription. It is one copy of the bytes.
func (p Prepared) Append(dst []byte, sub uint64) []byte {
	w := encoder{buf: dst, pack: p.encoding == MessagePack}
	push := w.object()
	w.name("message")
	message := w.object()
	w.whole("sub", sub)
	if w.pack {
		w.buf[w.open] += p.fields
		return append(w.buf, p.shared...)
	}
	w.buf = append(append(w.buf, ','), p.shared...) // which ends the message's object
	w.open = message
	w.endObject(push)
	return w.buf
}

// AppendMessages appends pushes for a subscription, at least one, as one WebSocket message: what has been read
// together leaves together.
func (e Encoding) AppendMessages(dst []byte, sub uint64, messages ...Prepared) []byte {
	if len(messages) == 1 {
		return messages[0].Append(dst, sub)
	}
	w := encoder{buf: dst, pack: e == MessagePack}
	w.array(len(messages))
	for _, p := range messages {
		w.element()
		w.buf = p.Append(w.buf, sub)
	}
	w.endArray()
	return w.buf
}

// Len returns how many bytes Append appends, at most.
func (p Prepared) Len() int { return len(`{"message":{"sub":9007199254740991,}`) + len(p.shared) }
