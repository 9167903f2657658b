// Package packet is the wire format of MQTT 3.1, 3.1.1 and 5: bytes in, packets out, and back. It does no I/O and
// knows nothing of connections: what a packet may mean at a given moment is for its caller.
//
// The sections cited are those of the OASIS standard MQTT Version 5.0, unless they say otherwise.
package packet

// Version is the protocol level of a CONNECT packet (section 3.1.2.2).
type Version byte

// The versions that there are.
const (
	V31  Version = 3 // MQTT 3.1, with the protocol name MQIsdp
	V311 Version = 4 // MQTT 3.1.1
	V5   Version = 5 // MQTT 5
)

// Type is the kind of a packet (section 2.1.2).
type Type byte

// The packet types.
const (
	TypeConnect     Type = 1
	TypeConnack     Type = 2
	TypePublish     Type = 3
	TypePuback      Type = 4
	TypePubrec      Type = 5
	TypePubrel      Type = 6
	TypePubcomp     Type = 7
	TypeSubscribe   Type = 8
	TypeSuback      Type = 9
	TypeUnsubscribe Type = 10
	TypeUnsuback    Type = 11
	TypePingreq     Type = 12
	TypePingresp    Type = 13
	TypeDisconnect  Type = 14
	TypeAuth        Type = 15
)

var typeNames = [16]string{"0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
	"SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"}

// String returns the name of the type in the standard.
func (t Type) String() string { return typeNames[t&15] }

// Raw is a packet whose content has not been looked at.
type Raw struct {
	Type  Type
	Flags byte   // the lower four bits of its first byte
	Body  []byte // what follows the remaining length; a part of what was read
}

// MaxRemaining is the largest remaining length that can be written (section 1.5.5).
const MaxRemaining = 1<<28 - 1

// Next returns the packet at the beginning of b and how many bytes it has, or 0 if b does not hold all of it yet. A
// packet of more than most bytes, of a type that does not exist, or with flags that its type does not have is an
// [*Error], as soon as that is to be seen.
func Next(b []byte, most int) (p Raw, n int, err error) {
	if len(b) == 0 {
		return p, 0, nil
	}
	p.Type, p.Flags = Type(b[0]>>4), b[0]&15
	if p.Type == 0 {
		return p, 0, malformed("a packet has the type 0, which is reserved")
	}
	if want := reservedFlags(p.Type); p.Type != TypePublish && p.Flags != want {
		return p, 0, malformed("the flags of %v are %04b and must be %04b", p.Type, p.Flags, want)
	}
	length, digits, err := remainingLength(b[1:])
	if err != nil || digits == 0 {
		return p, 0, err
	}
	total := 1 + digits + length
	if total > most {
		return p, 0, &Error{PacketTooLarge, "the packet has " + itoa(total) + " bytes, and may have " + itoa(most)}
	}
	if len(b) < total {
		return p, 0, nil
	}
	p.Body = b[1+digits : total : total]
	return p, total, nil
}

// Need returns how many bytes the packet at the beginning of b has, if b tells yet, else 0. b has passed Next.
func Need(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	length, digits, err := remainingLength(b[1:])
	if err != nil || digits == 0 {
		return 0
	}
	return 1 + digits + length
}

// reservedFlags returns the flags of a type other than PUBLISH (section 2.1.3).
func reservedFlags(t Type) byte {
	switch t {
	case TypePubrel, TypeSubscribe, TypeUnsubscribe:
		return 2
	}
	return 0
}

// remainingLength reads a variable byte integer of at most four bytes. digits is 0 if b ends within it.
func remainingLength(b []byte) (length, digits int, err error) {
	for i := range min(len(b), 4) {
		length |= int(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return length, i + 1, nil
		}
	}
	if len(b) >= 4 {
		return 0, 0, malformed("the remaining length has more than four bytes")
	}
	return 0, 0, nil
}
