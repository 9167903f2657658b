package broker

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Meta is what the publisher says of a message beside its payload, in the terms of MQTT 5 (section 3.3.2.3). It is carried
// to subscribers as it came, and never changes.
type Meta struct {
	Pairs         []Pair // in order; names may repeat
	ContentType   string
	ResponseTopic string // as an MQTT topic; "" for none
	Correlation   string // bytes, with ResponseTopic

	Lasts  time.Duration // from Message.Time, after which it is of no use to anybody; 0 for ever. In whole seconds
	QoS    uint8         // of the publication, 0 to 2: subscribers get it with no more
	Retain bool          // it was to be kept for those who subscribe later
	Text   bool          // the publisher has declared it to be UTF-8 text
}

// Pair is one of what applications say of a message, as headers are.
type Pair struct{ Name, Value string }

// MaxMetaBytes bounds what a message carries beside its payload, as it is stored.
const MaxMetaBytes = 4 << 10

// The first byte of a stored Meta: the QoS, and what follows.
const (
	metaQoS    = 3
	metaRetain = 1 << 2
	metaText   = 1 << 3
	metaLasts  = 1 << 4 // seconds
	metaType   = 1 << 5
	metaReply  = 1 << 6 // the response topic, and the correlation data
)

// appendTo appends the meta as it is stored: each text behind its length, and the pairs to the end.
func (m *Meta) appendTo(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, m.QoS&metaQoS)
	flag := func(is bool, bit byte) bool {
		if is {
			dst[at] |= bit
		}
		return is
	}
	flag(m.Retain, metaRetain)
	flag(m.Text, metaText)
	if flag(m.Lasts > 0, metaLasts) {
		dst = binary.AppendUvarint(dst, uint64(m.Lasts/time.Second))
	}
	if flag(m.ContentType != "", metaType) {
		dst = appendText(dst, m.ContentType)
	}
	if flag(m.ResponseTopic != "" || m.Correlation != "", metaReply) {
		dst = appendText(appendText(dst, m.ResponseTopic), m.Correlation)
	}
	for _, p := range m.Pairs {
		dst = appendText(appendText(dst, p.Name), p.Value)
	}
	return dst
}

// parseMeta reads what appendTo writes.
func parseMeta(b []byte) (*Meta, error) {
	if len(b) == 0 || b[0]&metaQoS == 3 || b[0]&(1<<7) != 0 {
		return nil, errNoRecord
	}
	flags, rest, ok := b[0], b[1:], true
	m := &Meta{QoS: flags & metaQoS, Retain: flags&metaRetain != 0, Text: flags&metaText != 0}
	if flags&metaLasts != 0 {
		seconds, n := binary.Uvarint(rest)
		if n <= 0 || !shortest(rest[:n]) || seconds == 0 || seconds > uint64(maxLasts/time.Second) {
			return nil, errNoRecord
		}
		m.Lasts, rest = time.Duration(seconds)*time.Second, rest[n:]
	}
	text := func() (s string) {
		if ok {
			s, rest, ok = cutText(rest)
		}
		return s
	}
	if flags&metaType != 0 {
		m.ContentType = text()
		ok = ok && m.ContentType != ""
	}
	if flags&metaReply != 0 {
		m.ResponseTopic, m.Correlation = text(), text()
		ok = ok && m.ResponseTopic+m.Correlation != ""
	}
	for ok && len(rest) > 0 {
		m.Pairs = append(m.Pairs, Pair{text(), text()})
	}
	if !ok {
		return nil, errNoRecord
	}
	return m, nil
}

// maxLasts is what MQTT can say (four bytes of seconds).
const maxLasts = (1<<32 - 1) * time.Second

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func cutText(b []byte) (s string, rest []byte, ok bool) {
	length, n := binary.Uvarint(b)
	if n <= 0 || !shortest(b[:n]) || length > uint64(len(b)-n) {
		return "", nil, false
	}
	end := n + int(length)
	return string(b[n:end]), b[end:], true
}

// shortest tells whether a varint is written with no more bytes than it needs.
func shortest(varint []byte) bool {
	return len(varint) == 1 || varint[len(varint)-1] != 0
}

// Check tells whether the meta is too large to be carried.
func (m *Meta) Check() error {
	if m == nil {
		return nil
	}
	n := 1 + 2*binary.MaxVarintLen32 + len(m.ContentType) + len(m.ResponseTopic) + len(m.Correlation)
	for _, p := range m.Pairs {
		n += 2*binary.MaxVarintLen16 + len(p.Name) + len(p.Value)
	}
	if n > MaxMetaBytes {
		return fmt.Errorf("the message has %d bytes of properties (at most %d); put some of them into its payload", n, MaxMetaBytes)
	}
	return nil
}

// Texts returns the pairs as names and values by turns; nil without any.
func (m *Meta) Texts() []string {
	if m == nil || len(m.Pairs) == 0 {
		return nil
	}
	all := make([]string, 0, 2*len(m.Pairs))
	for _, p := range m.Pairs {
		all = append(all, p.Name, p.Value)
	}
	return all
}

// Expired tells whether the message is of no use any more.
func (m *Message) Expired(now time.Time) bool {
	return m.Meta != nil && m.Meta.Lasts > 0 && now.Sub(m.Time) >= m.Meta.Lasts
}
