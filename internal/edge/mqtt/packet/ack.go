package packet

import "encoding/binary"

// Ack is one of PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7).
type Ack struct {
	Type       Type
	ID         uint16
	Code       Reason      // of MQTT 5
	Properties *Properties // of MQTT 5
}

// ParseAck reads one of these four.
func ParseAck(r Raw, v Version) (*Ack, error) {
	c := cursor{b: r.Body}
	p := &Ack{Type: r.Type, ID: c.uint16()}
	if v == V5 && len(c.b) > 0 {
		p.Code = Reason(c.byte())
		if len(c.b) > 0 {
			p.Properties = c.properties(r.Type)
		}
	}
	if err := c.end(r.Type); err != nil {
		return nil, err
	}
	if p.ID == 0 {
		return nil, violation("the packet identifier of %v is 0", r.Type)
	}
	return p, nil
}

// Append appends the packet, in its short form if nothing went wrong.
func (p *Ack) Append(b []byte, v Version) []byte {
	flags := reservedFlags(p.Type)
	if v < V5 || p.Code == Success && p.Properties == nil {
		return append(b, byte(p.Type)<<4|flags, 2, byte(p.ID>>8), byte(p.ID))
	}
	size := p.Properties.size()
	b = appendHeader(b, p.Type, flags, 3+varintBytes(size)+size)
	b = append(binary.BigEndian.AppendUint16(b, p.ID), byte(p.Code))
	return appendProperties(b, p.Properties)
}

// Disconnect ends a connection (section 3.14). Before MQTT 5 only clients send it.
type Disconnect struct {
	Code       Reason
	Properties *Properties
}

// ParseDisconnect reads a DISCONNECT packet.
func ParseDisconnect(body []byte, v Version) (*Disconnect, error) {
	c, p := cursor{b: body}, new(Disconnect)
	if v == V5 && len(body) > 0 {
		p.Code = Reason(c.byte())
		if len(c.b) > 0 {
			p.Properties = c.properties(TypeDisconnect)
		}
	}
	return p, c.end(TypeDisconnect)
}

// Append appends the packet in the form of MQTT 5, or that of before if nothing is to be said.
func (p *Disconnect) Append(b []byte) []byte {
	if p.Code == Success && p.Properties == nil {
		return append(b, byte(TypeDisconnect)<<4, 0)
	}
	size := p.Properties.size()
	b = append(appendHeader(b, TypeDisconnect, 0, 1+varintBytes(size)+size), byte(p.Code))
	return appendProperties(b, p.Properties)
}

// ParseEmpty checks a packet that has no content: PINGREQ or PINGRESP.
func ParseEmpty(r Raw) error {
	c := cursor{b: r.Body}
	return c.end(r.Type)
}

// AppendPingresp appends the answer to PINGREQ (section 3.13).
func AppendPingresp(b []byte) []byte { return append(b, byte(TypePingresp)<<4, 0) }

// AppendPingreq appends a PINGREQ packet (section 3.12).
func AppendPingreq(b []byte) []byte { return append(b, byte(TypePingreq)<<4, 0) }
