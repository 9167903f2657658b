package protocol

import (
	"encoding/binary"
	"math"
)

// The first bytes of MessagePack values, as far as the protocol uses them. Those named fix hold the
// length in their low bits.
const (
	packFixMap   = 0x80 // 4 bits
	packFixArray = 0x90 // 4 bits
	packFixStr   = 0xa0 // 5 bits
	packNil      = 0xc0
	packFalse    = 0xc2
	packTrue     = 0xc3
	packBin8     = 0xc4
	packBin16    = 0xc5
	packBin32    = 0xc6
	packFloat32  = 0xca
	packFloat64  = 0xcb
	packUint8    = 0xcc
	packUint16   = 0xcd
	packUint32   = 0xce
	packUint64   = 0xcf
	packInt8     = 0xd0
	packInt16    = 0xd1
	packInt32    = 0xd2
	packInt64    = 0xd3
	packStr8     = 0xd9
	packStr16    = 0xda
	packStr32    = 0xdb
	packArray16  = 0xdc
	packArray32  = 0xdd
	packMap16    = 0xde
	packMap32    = 0xdf
	packNegative = 0xe0 // 5 bits, and those above are -1
)

// appendPackUint appends a number in its shortest form.
func appendPackUint(dst []byte, n uint64) []byte {
	switch {
	case n < packFixMap:
		return append(dst, byte(n))
	case n <= math.MaxUint8:
		return append(dst, packUint8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, packUint16), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, packUint32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, packUint64), n)
}

// appendPackStrHeader appends what goes before n bytes of text.
func appendPackStrHeader(dst []byte, n int) []byte {
	switch {
	case n < 32:
		return append(dst, packFixStr|byte(n))
	case n <= math.MaxUint8:
		return append(dst, packStr8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, packStr16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, packStr32), uint32(n))
}

// appendPackBinHeader appends what goes before n bytes that are not text.
func appendPackBinHeader(dst []byte, n int) []byte {
	switch {
	case n <= math.MaxUint8:
		return append(dst, packBin8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, packBin16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, packBin32), uint32(n))
}
