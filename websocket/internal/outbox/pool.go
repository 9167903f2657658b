package outbox

import "sync"

// pooledBytes is the size of a pooled buffer: enough to gather a burst of small frames into one
// write (16 KiB is also one full TLS record).
const pooledBytes = 16 << 10

// Buffer is a byte slice that goes back to a pool when it has been written.
type Buffer struct{ B []byte }

var buffers = sync.Pool{New: func() any { return &Buffer{B: make([]byte, 0, pooledBytes)} }}

// NewBuffer returns an empty buffer with room for n bytes; from the pool if n is small.
func NewBuffer(n int) *Buffer {
	if n > pooledBytes {
		return &Buffer{B: make([]byte, 0, n)}
	}
	return buffers.Get().(*Buffer)
}

// Free gives the buffer back. It must not be used afterwards.
func (b *Buffer) Free() {
	if cap(b.B) != pooledBytes {
		return // one-off size: leave it to the garbage collector
	}
	b.B = b.B[:0]
	buffers.Put(b)
}
