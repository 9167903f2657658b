//go:build linux

package load

import "encoding/binary"

// maskKey masks every frame sent. It is not zero, which a server could take for "nothing to do".
const maskKey = 0x37fa213d

// run is several identical masked frames in a row, ready to be sent: the longest piece of the
// endless stream of frames that leaves in one write.
type run struct {
	bytes []byte
	frame int // bytes in one frame
}

// newRun makes a run of binary messages with size bytes of payload each.
func newRun(size, frames int) run {
	header := appendHeader(nil, size)
	header[1] |= 0x80
	header = binary.BigEndian.AppendUint32(header, maskKey)
	one := header
	for i := range size {
		one = append(one, payloadByte(i)^byte(uint32(maskKey)>>(24-8*(i%4))))
	}
	r := run{frame: len(one)}
	for range frames {
		r.bytes = append(r.bytes, one...)
	}
	return r
}

// payloadByte returns the byte at an index of every message.
func payloadByte(i int) byte { return byte('a' + i%26) }

// appendHeader appends the unmasked header of a whole binary frame (RFC 6455 section 5.2).
func appendHeader(b []byte, size int) []byte {
	const finBinary = 0x82
	switch {
	case size <= 125:
		return append(b, finBinary, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, finBinary, 126), uint16(size))
	default:
		return binary.BigEndian.AppendUint64(append(b, finBinary, 127), uint64(size))
	}
}
