package broker

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/websocket"
)

// A message is stored as a record: one byte of flags, its key and its source if it has them, each
// behind its length in one byte, its meta behind its length in two, and the payload. They are not NATS headers because NATS looks
// through the headers of a message some fifteen times before it stores it, and clients make a map
// of them; a record costs neither. Only the ID is a header, because NATS is who needs it.
const (
	recordBinary = 1 << iota // the payload is binary, not text
	recordKey                // a key follows
	recordSource             // a source follows, behind the key
	recordPurge              // it is a mark, and no message
	recordMeta               // a meta follows, behind the source

	recordFlags = recordBinary | recordKey | recordSource | recordPurge | recordMeta
)

// maxLabelBytes bounds a message's ID, key and source, each.
const maxLabelBytes = 255

var errNoRecord = errors.New("not a record of Holdfast")

// MarshalBinary returns m as a log stores it: all but its channel, ID, offset and time, for which a log has other places. It never
// fails.
func (m *Message) MarshalBinary() ([]byte, error) { return appendRecord(nil, m), nil }

// UnmarshalBinary reads what MarshalBinary returns. The payload then is a part of b.
func (m *Message) UnmarshalBinary(b []byte) error { return parseRecord(b, m) }

// appendRecord appends m as it is stored.
func appendRecord(dst []byte, m *Message) []byte {
	start := len(dst)
	dst = append(dst, 0)
	if m.Type == websocket.Binary {
		dst[start] |= recordBinary
	}
	if m.Purge {
		dst[start] |= recordPurge
	}
	if m.Key != "" {
		dst[start] |= recordKey
		dst = append(append(dst, byte(len(m.Key))), m.Key...)
	}
	if m.Source != "" {
		dst[start] |= recordSource
		dst = append(append(dst, byte(len(m.Source))), m.Source...)
	}
	if m.Meta != nil {
		dst[start] |= recordMeta
		at := len(dst)
		dst = m.Meta.appendTo(append(dst, 0, 0))
		binary.BigEndian.PutUint16(dst[at:], uint16(len(dst)-at-2))
	}
	return append(dst, m.Payload...)
}

// parseRecord reads what appendRecord writes into m, whose payload then is a part of b.
func parseRecord(b []byte, m *Message) error {
	if len(b) == 0 || b[0]&^recordFlags != 0 {
		return errNoRecord
	}
	flags, rest := b[0], b[1:]
	m.Type = websocket.Text
	if flags&recordBinary != 0 {
		m.Type = websocket.Binary
	}
	m.Purge = flags&recordPurge != 0
	var ok bool
	if flags&recordKey != 0 {
		if m.Key, rest, ok = cutLabel(rest); !ok {
			return errNoRecord
		}
	}
	if flags&recordSource != 0 {
		if m.Source, rest, ok = cutLabel(rest); !ok {
			return errNoRecord
		}
	}
	if flags&recordMeta != 0 {
		if len(rest) < 2 {
			return errNoRecord
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		if len(rest) < end {
			return errNoRecord
		}
		var err error
		if m.Meta, err = parseMeta(rest[2:end]); err != nil {
			return err
		}
		rest = rest[end:]
	}
	m.Payload = rest
	return nil
}

// cutLabel takes a label off the front of b. An empty one is never written.
func cutLabel(b []byte) (label string, rest []byte, ok bool) {
	if len(b) == 0 || b[0] == 0 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	end := 1 + int(b[0])
	return string(b[1:end]), b[end:], true
}

// checkLabels says what of m beside its payload is too long to be stored.
func checkLabels(m *Message) error {
	for _, label := range []struct{ what, value string }{{"id", m.ID}, {"key", m.Key}, {"source", m.Source}} {
		if len(label.value) > maxLabelBytes {
			return fmt.Errorf("the %s of the message has %d bytes (at most %d); shorten it", label.what, len(label.value), maxLabelBytes)
		}
	}
	return m.Meta.Check()
}
