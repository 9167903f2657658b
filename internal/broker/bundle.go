package broker

import (
	"encoding/binary"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// A bundle is messages of one channel on their way to other nodes, which are stored nowhere: the channel behind its length
// in one byte, and of each message the time in eight bytes, the id behind its length in one byte, and the record behind
// its length.

// AppendBundle appends messages of one channel, at least one.
func AppendBundle(dst []byte, messages []*Message) []byte {
	name := messages[0].Channel
	dst = append(append(dst, byte(len(name))), name...)
	for _, m := range messages {
		dst = binary.BigEndian.AppendUint64(dst, uint64(m.Time.UnixNano()))
		dst = append(append(dst, byte(len(m.ID))), m.ID...)
		at := len(dst)
		dst = appendRecord(append(dst, 0, 0, 0, 0), m)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

// MaxBundledBytes is how much AppendBundle appends at most for a message alone.
func MaxBundledBytes(m *Message) int {
	n := 1 + 8 + 1 + 4 + 1 + 2 + 2 + len(m.Channel) + len(m.ID) + len(m.Key) + len(m.Source) + len(m.Payload)
	if m.Meta != nil {
		n += MaxMetaBytes
	}
	return n
}

// CutBundle returns the channel that a bundle is of, and the rest for ParseBundle.
func CutBundle(b []byte) (name channel.Name, rest []byte, err error) {
	label, rest, ok := cutLabel(b)
	if !ok {
		return "", nil, errNoRecord
	}
	if name, err = channel.Parse(label); err != nil {
		return "", nil, err
	}
	return name, rest, nil
}

// ParseBundle returns the messages of a channel from what CutBundle has left. Their payloads are parts of b.
func ParseBundle(name channel.Name, b []byte) (messages []*Message, err error) {
	for len(b) > 0 {
		if len(b) < 9 || len(b) < 9+int(b[8])+4 {
			return nil, errNoRecord
		}
		m := &Message{Channel: name, Time: time.Unix(0, int64(binary.BigEndian.Uint64(b)))}
		end := 9 + int(b[8])
		m.ID = string(b[9:end])
		length := binary.BigEndian.Uint32(b[end:])
		if b = b[end+4:]; uint64(length) > uint64(len(b)) {
			return nil, errNoRecord
		}
		if err := parseRecord(b[:length:length], m); err != nil {
			return nil, err
		}
		messages, b = append(messages, m), b[length:]
	}
	if len(messages) == 0 {
		return nil, errNoRecord
	}
	return messages, nil
}
