package protocol

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// packSource reads one MessagePack message. Nothing is allocated for what a header claims; the
// bytes have to be there.
type packSource struct {
	data  []byte
	at    int // in data, of the next value
	left  [MaxPackDepth]uint64
	depth int // of left: how many values are still to come in each open array or object; of an object, names only
	keys  int
	err   *Error
}

func (s *packSource) reset(data []byte) { *s = packSource{data: data} }

func (s *packSource) broken() *Error { return s.err }

func (s *packSource) fail(format string, args ...any) {
	if s.err == nil {
		s.err = Errorf(CodeBadMessagePack, "the message is not MessagePack at byte %d: "+format, append([]any{s.at}, args...)...)
	}
}

// take returns the next n bytes and goes on behind them.
func (s *packSource) take(n uint64) []byte {
	if s.err != nil {
		return nil
	}
	if n > uint64(len(s.data)-s.at) {
		s.fail("it ends too early")
		return nil
	}
	s.at += int(n)
	return s.data[s.at-int(n) : s.at]
}

// uint takes a big-endian number of size bytes.
func (s *packSource) uint(size uint64) uint64 {
	b := s.take(size)
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// head takes the first byte of a value.
func (s *packSource) head() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return packNil
}

func (s *packSource) peek() kind {
	if s.err != nil || s.at == len(s.data) {
		return kindNone
	}
	switch b := s.data[s.at]; {
	case b < packFixMap, b >= packNegative, b >= packFloat32 && b <= packInt64:
		return kindNumber
	case b < packFixArray, b == packMap16, b == packMap32:
		return kindObject
	case b < packFixStr, b == packArray16, b == packArray32:
		return kindArray
	case b < packNil, b >= packStr8 && b <= packStr32:
		return kindText
	case b == packNil:
		return kindNull
	case b == packFalse, b == packTrue:
		return kindBool
	case b >= packBin8 && b <= packBin32:
		return kindBinary
	}
	return kindOther
}

func (s *packSource) boolean() bool { return s.head() == packTrue }

func (s *packSource) number() number {
	b := s.head()
	switch {
	case b < packFixMap:
		return wholeNumber(uint64(b))
	case b >= packNegative:
		return signedNumber(int64(int8(b)))
	}
	switch b {
	case packUint8, packUint16, packUint32, packUint64:
		return wholeNumber(s.uint(1 << (b - packUint8)))
	case packInt8:
		return signedNumber(int64(int8(s.uint(1))))
	case packInt16:
		return signedNumber(int64(int16(s.uint(2))))
	case packInt32:
		return signedNumber(int64(int32(s.uint(4))))
	case packInt64:
		return signedNumber(int64(s.uint(8)))
	case packFloat32:
		return floatNumber(float64(math.Float32frombits(uint32(s.uint(4)))))
	}
	return floatNumber(math.Float64frombits(s.uint(8)))
}

func wholeNumber(n uint64) number { return number{whole: n, isWhole: true, float: float64(n)} }

func signedNumber(n int64) number {
	if n >= 0 {
		return wholeNumber(uint64(n))
	}
	return number{float: float64(n)}
}

func floatNumber(f float64) number {
	if f >= 0 && f <= MaxWhole && f == math.Trunc(f) {
		return wholeNumber(uint64(f))
	}
	return number{float: f}
}

// text takes text, also as the name of a field, which nothing has told the kind of.
func (s *packSource) text() []byte {
	if k := s.peek(); k != kindText {
		s.fail("%v where a name has to be", k)
		return nil
	}
	start := s.at
	b := s.head()
	n := uint64(b &^ packFixStr)
	if b >= packStr8 {
		n = s.uint(1 << (b - packStr8))
	}
	text := s.take(n)
	if !utf8.Valid(text) {
		s.at = start
		s.fail("text that is not UTF-8")
		return nil
	}
	return text
}

func (s *packSource) binary() []byte {
	return s.take(s.uint(1 << (s.head() - packBin8)))
}

func (s *packSource) enter() {
	isObject := s.peek() == kindObject
	var n uint64
	switch b := s.head(); {
	case b >= packMap16:
		n = s.uint(2 << (b - packMap16))
	case b >= packArray16:
		n = s.uint(2 << (b - packArray16))
	default:
		n = uint64(b & 0x0f)
	}
	if s.depth == MaxPackDepth {
		s.fail("nested deeper than %d", MaxPackDepth)
		return
	}
	if isObject && s.err == nil {
		if n > uint64(MaxKeys-s.keys) {
			s.fail("more than %d keys", MaxKeys)
			return
		}
		s.keys += int(n)
	}
	s.left[s.depth] = n
	s.depth++
}

func (s *packSource) next() bool {
	if s.err != nil {
		return false
	}
	left := &s.left[s.depth-1]
	if *left == 0 {
		s.depth--
		return false
	}
	if s.at == len(s.data) {
		s.fail("it ends too early")
		return false
	}
	*left--
	return true
}

func (s *packSource) raw() []byte {
	start := s.at
	s.skip()
	if s.err != nil {
		return nil
	}
	return s.data[start:s.at]
}

// skip takes a value. It calls itself at most MaxPackDepth deep.
func (s *packSource) skip() {
	switch s.peek() {
	case kindNone:
		s.fail("it ends too early")
	case kindNull, kindBool:
		s.head()
	case kindNumber:
		s.number()
	case kindText:
		s.text()
	case kindBinary:
		s.binary()
	case kindArray:
		for s.enter(); s.next(); {
			s.skip()
		}
	case kindObject:
		for s.enter(); s.next(); {
			s.text()
			s.skip()
		}
	default:
		s.fail("an extension type, which the protocol has no use for")
	}
}

// end notes a fault if anything follows.
func (s *packSource) end() {
	if s.err == nil && s.at < len(s.data) {
		s.fail("there is more behind the end of the message; put several commands into an array")
	}
}
