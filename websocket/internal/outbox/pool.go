package outbox

import "sync"

// pooledBytes is how much is gathered into a pooled buffer: enough to put a burst of small frames into one
// write (16 KiB is also one full TLS record).
const pooledBytes = 16 << 10

// bufferBytes is the size of a pooled buffer. A frame with 16 KiB of payload fits in with its header.
const bufferBytes = pooledBytes + 64

// Buffer is a byte slice that goes back to a pool when it has been written.
type Buffer struct{ B []byte }

var buffers = sync.Pool{New: func() any { return &Buffer{B: make([]byte, 0, bufferBytes)} }}

// NewBuffer returns an empty buffer with room for n bytes; from the pool if n is small.
func NewBuffer(n int) *Buffer {
	if n > bufferBytes {
		return &Buffer{B: make([]byte, 0, n)}
	}
	return buffers.Get().(*Buffer)
}

// Free gives the buffer back. It must not be used afterwards.
func (b *Buffer) Free() {
	if cap(b.B) != bufferBytes {
		return // one-off size: leave it to the garbage collector
	}
	b.B = b.B[:0]
	buffers.Put(b)
}
