package deflate

import (
	"encoding/binary"
	"slices"
)

// inflater decompresses one message. It is pooled; what it points to is let go afterwards.
type inflater struct {
	in  bitReader
	out []byte // its length is its capacity
	at  int    // where to write next in out
	// start is where the message begins in out.
	start   int
	limit   int // what at may not exceed
	earlier *ring
	window  int

	litLen, dist decodeTable // of a dynamic block
	lengths      [litLenCount + 2 + distCount + 2]uint8
}

// room is what a step may write into out without looking whether it fits: the longest match, and the overshoot of a copy by words.
const room = maxMatch + 8

// message reads blocks until the message is complete. A message ends with a stored block from which its
// length fields, 00 00 ff ff, have been taken away (RFC 7692 section 7.2.1).
func (z *inflater) message() error {
	for {
		head, ok := z.in.bits(3)
		if !ok {
			return errTruncated
		}
		var err error
		switch head >> 1 {
		case stored:
			z.in.align()
			if z.in.atEnd() {
				return nil
			}
			err = z.stored()
		case fixed:
			err = z.codes(fixedLitLenTable, fixedDistTable)
		case dynamic:
			if err = z.readCodes(); err == nil {
				err = z.codes(&z.litLen, &z.dist)
			}
		default:
			err = errBlockType
		}
		if err != nil {
			return err
		}
		// A final block is padded to the end of its last byte, and the next one follows (RFC 7692 section 7.2.1).
		// Some peers leave out the stored block that must come then (section 7.2.3.4); nothing is lost by that.
		if head&1 != 0 {
			z.in.align()
			if z.in.atEnd() {
				return nil
			}
		}
	}
}

// stored copies a block without compression (RFC 1951 section 3.2.4).
func (z *inflater) stored() error {
	head := z.in.bytes(4)
	if head == nil {
		return errTruncated
	}
	n := binary.LittleEndian.Uint16(head)
	if n != ^binary.LittleEndian.Uint16(head[2:]) {
		return errStored
	}
	body := z.in.bytes(int(n))
	if body == nil {
		return errTruncated
	}
	if err := z.reserve(len(body)); err != nil {
		return err
	}
	z.at += copy(z.out[z.at:], body)
	return nil
}

// reserve makes sure that n more bytes fit into out behind at, and room bytes more. Memory grows with the bytes
// produced, to at most about twice their number.
func (z *inflater) reserve(n int) error {
	if n > z.limit-z.at {
		return errLimit
	}
	if need := z.at + n + room; need > len(z.out) {
		out := slices.Grow(z.out[:z.at], min(max(n+room, z.at), z.limit-z.at+room))
		z.out = out[:cap(out)]
	}
	return nil
}

// codes decompresses a block whose codes are given (RFC 1951 section 3.2.3). The reader lives in variables meanwhile, so that its
// fields can be in registers.
func (z *inflater) codes(litLen, dist *decodeTable) error {
	src, pos, acc, n := z.in.src, z.in.pos, z.in.acc, z.in.n
	out, at := z.out, z.at
	most := min(len(out)-room, z.limit)
	for {
		if at > most {
			z.at = at
			if err := z.reserve(0); err != nil {
				return err
			}
			out = z.out
			most = min(len(out)-room, z.limit)
		}
		if n < 48 { // the longest match takes so many: 15 and 5 for its length, 15 and 13 for its distance
			if pos+8 <= len(src) {
				acc |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
				pos += (63 - n) >> 3
				n |= 56
			} else {
				for ; n <= 56 && pos < len(src); n += 8 {
					acc |= uint64(src[pos]) << (n & 63)
					pos++
				}
			}
		}
		e := litLen.root[acc&rootMask]
		if e == 0 {
			e = litLen.long(acc)
		}
		acc >>= e.codeBits()
		n -= int(e.codeBits())
		if e&kindLiteral != 0 {
			if n < 0 {
				return errTruncated
			}
			out[at] = byte(e >> 16)
			at++
			continue
		}
		if e&kindRun == 0 {
			z.in.pos, z.in.acc, z.in.n, z.at = pos, acc, n, at
			return z.endOfCodes(e)
		}
		length := e.base() + int(acc&(1<<e.extraBits()-1))
		acc >>= e.extraBits()
		n -= int(e.extraBits())
		d := dist.root[acc&rootMask]
		if d == 0 {
			d = dist.long(acc)
		}
		acc >>= d.codeBits()
		distance := d.base() + int(acc&(1<<d.extraBits()-1))
		acc >>= d.extraBits()
		n -= int(d.codeBits() + d.extraBits())
		switch {
		case n < 0:
			return errTruncated
		case d&kindRun == 0:
			return errSymbol
		case distance > z.window:
			return errDistance
		}
		if from := at - distance; from < z.start {
			z.at = at
			if !z.recall(distance, length) {
				return errDistance
			}
		} else {
			repeat(out, at, distance, length)
		}
		at += length
	}
}

// endOfCodes deals with a code that stands for neither a literal nor a match.
func (z *inflater) endOfCodes(e entry) error {
	switch {
	case z.in.n < 0 || e == 0 && z.in.n < maxCodeBits:
		return errTruncated
	case e&kindEnd == 0:
		return errSymbol
	}
	return nil
}

// repeat writes length bytes to b[at:] that begin distance bytes before; they may overlap. It may write 7 bytes more.
func repeat(b []byte, at, distance, length int) {
	from, end := at-distance, at+length
	if distance < 8 {
		for ; at < end; at++ {
			b[at] = b[from]
			from++
		}
		return
	}
	for ; at < end; at += 8 {
		binary.LittleEndian.PutUint64(b[at:], binary.LittleEndian.Uint64(b[from:]))
		from += 8
	}
}

// recall writes to z.out[z.at:] a match that begins in an earlier message. It reports whether that is still known.
func (z *inflater) recall(distance, length int) bool {
	before := distance - (z.at - z.start) // where the match begins, before the end of the earlier messages
	if before > len(z.earlier.buf) {
		return false
	}
	n := min(length, before)
	z.earlier.read(z.out[z.at:z.at+n], before, z.window)
	if n < length {
		repeat(z.out, z.at+n, distance, length-n)
	}
	return true
}
