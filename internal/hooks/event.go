package hooks

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Event is something that has happened.
type Event struct {
	Kind    Kind
	Channel channel.Name // "" for disconnect
	Client  Client       // of disconnect, join and leave
	Time    time.Time    // zero for now

	Code     int           // of disconnect: the close code
	Reason   string        // and the reason
	Duration time.Duration // for how long the client was there

	Message *broker.Message // of message, in a channel without history
}

// record is an event, but for a message, as it waits in the queue.
type record struct {
	ID   string    `json:"id"`
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"`
	Data eventData `json:"data"`
}

// eventData is the data of an event that is told, but for a message.
type eventData struct {
	Client
	Channel channel.Name `json:"channel,omitzero"`
	Code    int          `json:"code,omitzero"`
	Reason  string       `json:"reason,omitzero"`
	Seconds float64      `json:"seconds,omitzero"`
}

// messageData is the data of a message that is told.
type messageData struct {
	Channel channel.Name `json:"channel"`
	payload
	ID     string `json:"id,omitzero"`
	Key    string `json:"key,omitzero"`
	Offset uint64 `json:"offset,omitzero"` // in the history, with the epoch; 0 without
	Epoch  string `json:"epoch,omitzero"`
}

// maxReasonBytes is how much of a reason is told.
const maxReasonBytes = 1 << 10

// queued returns an event as it is put on the queue: what is about one channel under its name, so that it
// stays in order.
func (e *Event) queued() (*broker.Message, error) {
	at := e.Time
	if at.IsZero() {
		at = time.Now()
	}
	id := rand.Text()
	if e.Kind == Message {
		// The publisher's ID is kept for the backend; the event's own is where the subscription would be.
		m := *e.Message
		m.Source, m.Offset = id, 0
		return &m, nil
	}
	r := record{ID: id, Kind: e.Kind, Time: at, Data: eventData{
		Client: e.Client, Channel: e.Channel, Code: e.Code, Seconds: e.Duration.Round(time.Millisecond).Seconds(),
		Reason: e.Reason[:min(len(e.Reason), maxReasonBytes)],
	}}
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("the event can't be written: %w", err)
	}
	return &broker.Message{Channel: e.lane(), Type: websocket.Text, Payload: body, ID: id, Time: at}, nil
}

// disconnectLanes is how many lines those queue in who have no channel: of one session they stay in order.
const disconnectLanes = 64

// lane returns the name that an event waits under.
func (e *Event) lane() channel.Name {
	if e.Channel != "" {
		return e.Channel
	}
	h := fnv.New32a()
	h.Write([]byte(e.Client.Session + e.Client.Remote)) // never fails
	return channel.Name(fmt.Sprintf("disconnect/%d", h.Sum32()%disconnectLanes))
}

// event is one that a hook is to be told.
type event struct {
	offset uint64    // in the log that it is from
	stored time.Time // when it came there
	id     string
	body   []byte // the envelope
}

// readRecord returns an event that waits in the queue, or nil if the hook does not want it.
func (b *backend) readRecord(_ *broker.Log, m *broker.Message) (*event, error) {
	var r record
	if err := json.Unmarshal(m.Payload, &r); err != nil {
		return nil, fmt.Errorf("an event in the queue can't be read: %w", err)
	}
	if !b.wants(r.Kind, r.Data.Channel.Pattern()) {
		return nil, nil
	}
	return b.newEvent(r.Kind, r.ID, m, r.Time, "", r.Data, r.Data.Channel)
}

// readQueued returns a message of a channel without history that waits in the queue.
func (b *backend) readQueued(_ *broker.Log, m *broker.Message) (*event, error) {
	if !b.wants(Message, m.Channel.Pattern()) {
		return nil, nil
	}
	if m.Source == "" {
		return nil, errors.New("a message in the queue has no id")
	}
	data, err := newMessageData(m)
	if err != nil {
		return nil, err
	}
	return b.newEvent(Message, m.Source, m, m.Time, "", data, m.Channel)
}

// readHistory returns a message of a channel with history.
func (b *backend) readHistory(log *broker.Log, m *broker.Message) (*event, error) {
	if !b.wants(Message, m.Channel.Pattern()) {
		return nil, nil
	}
	data, err := newMessageData(m)
	if err != nil {
		return nil, err
	}
	data.Offset, data.Epoch = m.Offset, log.Epoch()
	return b.newEvent(Message, historyID(m), m, m.Time, fmt.Sprintf("%020d", m.Offset), data, m.Channel)
}

func newMessageData(m *broker.Message) (messageData, error) {
	carried, err := newPayload(protocol.Payload{Data: m.Payload, Binary: m.Type == websocket.Binary})
	return messageData{Channel: m.Channel, payload: carried, ID: m.ID, Key: m.Key}, err
}

// historyID returns the id of the event that a message of a log is: the same whenever it is read. The offset
// alone may be given out again when the machine has gone down, and logs of other channels have it too.
func historyID(m *broker.Message) string {
	h := sha256.New()
	var numbers [16]byte
	binary.BigEndian.PutUint64(numbers[:8], m.Offset)
	binary.BigEndian.PutUint64(numbers[8:], uint64(m.Time.UnixNano()))
	h.Write(numbers[:]) // never fails
	h.Write([]byte(m.Channel))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// newEvent writes the envelope of an event that m is, or holds.
func (b *backend) newEvent(k Kind, id string, m *broker.Message, at time.Time, sequence string, data any, name channel.Name) (*event, error) {
	e, err := b.newEnvelope(k, id, at, data)
	if err != nil {
		return nil, fmt.Errorf("the event can't be written: %w", err)
	}
	e.Subject, e.PartitionKey, e.Sequence = string(name), name, sequence
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("the event can't be written: %w", err)
	}
	return &event{offset: m.Offset, stored: m.Time, id: id, body: body}, nil
}
