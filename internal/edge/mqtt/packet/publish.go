package packet

import (
	"encoding/binary"
	"strings"
)

// Publish carries a message (section 3.3).
type Publish struct {
	Dup, Retain bool
	QoS         byte
	Topic       string // "" if a topic alias stands for it
	ID          uint16 // 0 with QoS 0
	Properties  *Properties
	Payload     []byte
}

const (
	publishRetain = 1 << 0
	publishDup    = 1 << 3
)

// ParsePublish reads a PUBLISH packet. The payload is a part of it. An error after the packet identifier is known comes
// with what was read until then, so that it can be answered.
func ParsePublish(r Raw, v Version) (*Publish, error) {
	p := &Publish{Dup: r.Flags&publishDup != 0, QoS: r.Flags >> 1 & 3, Retain: r.Flags&publishRetain != 0}
	switch {
	case p.QoS > 2:
		return nil, malformed("PUBLISH has QoS 3, which does not exist")
	case p.QoS == 0 && p.Dup && v == V5:
		return nil, malformed("PUBLISH has QoS 0 and the flag DUP")
	}
	c := cursor{b: r.Body}
	p.Topic = c.text()
	if p.QoS > 0 {
		if p.ID = c.uint16(); c.err == nil && p.ID == 0 {
			return nil, violation("the packet identifier of PUBLISH is 0")
		}
	}
	if v == V5 {
		p.Properties = c.properties(TypePublish)
	}
	if c.err != nil {
		return nil, c.err
	}
	p.Payload = c.b
	switch {
	case strings.ContainsAny(p.Topic, "+#"):
		return p, &Error{TopicNameInvalid, "the topic has a wildcard, which only filters may have"}
	case p.Topic == "" && !p.Properties.Has(TopicAlias):
		return p, &Error{ProtocolError, "the topic is empty"}
	}
	return p, nil
}

// Append appends the packet.
func (p *Publish) Append(b []byte, v Version) []byte {
	head, _ := p.AppendHead(b, v)
	return append(head, p.Payload...)
}

// AppendHead appends the packet without its payload, and returns where its identifier begins, which can be written there
// later; 0 with QoS 0.
func (p *Publish) AppendHead(b []byte, v Version) (head []byte, id int) {
	remaining := textBytes(p.Topic) + len(p.Payload)
	if p.QoS > 0 {
		remaining += 2
	}
	if v == V5 {
		size := p.Properties.size()
		remaining += varintBytes(size) + size
	}
	b = appendText(appendHeader(b, TypePublish, p.flags(), remaining), p.Topic)
	if p.QoS > 0 {
		id = len(b)
		b = binary.BigEndian.AppendUint16(b, p.ID)
	}
	if v == V5 {
		b = appendProperties(b, p.Properties)
	}
	return b, id
}

// Size returns how many bytes the packet has.
func (p *Publish) Size(v Version) int {
	n := textBytes(p.Topic) + len(p.Payload)
	if p.QoS > 0 {
		n += 2
	}
	if v == V5 {
		size := p.Properties.size()
		n += varintBytes(size) + size
	}
	return 1 + varintBytes(n) + n
}

func (p *Publish) flags() byte {
	flags := p.QoS << 1
	if p.Dup {
		flags |= publishDup
	}
	if p.Retain {
		flags |= publishRetain
	}
	return flags
}
