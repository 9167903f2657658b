package deflate

import (
	"math"
	"strconv"
	"sync"
)

// Limits bounds what a compressed message may become.
type Limits struct {
	// MaxBytes is the largest message, in bytes when decompressed. Zero or less means no limit.
	MaxBytes int64
	// MaxRatio is how many times larger than its compressed form a message may be. Messages of up to 1 MiB may grow as they
	// like: where contexts are taken over, a few bytes rightly stand for a message that came before. Zero
	// means no limit but that of DEFLATE itself, 1032.
	MaxRatio int
}

const ratioFreeBytes = 1 << 20

// Decoder decompresses the messages of one direction of a connection, in the order in which they were sent. It holds no memory
// before the first one, then at most a window. It is not safe for concurrent use.
type Decoder struct {
	limits  Limits
	context Context
	earlier ring
}

// Init makes d ready for the messages of a new connection.
func (d *Decoder) Init(c Context, l Limits) {
	*d = Decoder{context: c, limits: l}
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// Append appends to dst what the compressed message stands for: the concatenated payloads of its frames (RFC 7692 section 7.2.2).
// The free capacity of dst may be written to beyond the result. Memory grows with what is produced, by nothing that the
// message declares; it allocates nothing where dst has space for the result and 266 bytes more.
//
// An error is an [*Error]; the result is dst then, and d must not be used any more.
func (d *Decoder) Append(dst, message []byte) ([]byte, error) {
	z := inflaters.Get().(*inflater)
	z.in = bitReader{src: message}
	z.out, z.at, z.start = dst[:cap(dst)], len(dst), len(dst)
	z.limit = len(dst) + d.limit(len(message))
	z.earlier, z.window = &d.earlier, 1<<d.context.WindowBits
	err := z.message()
	result := z.out[:z.at]
	z.in, z.out, z.earlier = bitReader{}, nil, nil
	inflaters.Put(z)
	switch {
	case err == errLimit:
		return dst, d.tooLarge(len(message))
	case err != nil:
		return dst, err
	}
	if d.context.Takeover {
		d.earlier.write(result[len(dst):], 1<<d.context.WindowBits)
	}
	return result, nil
}

// Forget gives the memory back. It may be called only when no more messages come.
func (d *Decoder) Forget() { d.earlier = ring{} }

// errLimit is what the inflater says; Append knows which limit it was.
var errLimit = &Error{Code: codeMessageTooLarge}

// limit returns how many bytes a compressed message may become.
func (d *Decoder) limit(compressed int) int {
	most := d.limits.MaxBytes
	if most <= 0 {
		most = math.MaxInt64 / 4
	}
	return int(min(most, d.ratioLimit(compressed), math.MaxInt/4))
}

func (d *Decoder) ratioLimit(compressed int) int64 {
	if d.limits.MaxRatio <= 0 {
		return math.MaxInt64
	}
	return max(ratioFreeBytes, int64(compressed)*int64(d.limits.MaxRatio))
}

func (d *Decoder) tooLarge(compressed int) *Error {
	e := &Error{Code: codeMessageTooLarge}
	if l := d.limits; l.MaxBytes > 0 && l.MaxBytes <= d.ratioLimit(compressed) {
		e.Reason = "message is larger than the limit of " + strconv.FormatInt(l.MaxBytes, 10) + " bytes"
	} else {
		e.Reason = "message is more than " + strconv.Itoa(l.MaxRatio) + " times its size when decompressed"
	}
	return e
}
