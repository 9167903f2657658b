package deflate

// ring holds the last bytes of one direction of a connection, uncompressed: what a match may refer to. It allocates as it fills.
// The byte at position p of the stream is in buf[p&(window-1)].
type ring struct {
	buf []byte // grows up to the window, then stays
	end uint32 // position behind the last byte; it may wrap around
}

const firstRingBytes = 512

// write adds p. The window is a power of two and the same in every call.
func (r *ring) write(p []byte, window int) {
	if len(r.buf) < window {
		r.grow(min(window, len(r.buf)+len(p)), window)
	}
	if skip := len(p) - window; skip > 0 {
		r.end += uint32(skip)
		p = p[skip:]
	}
	n := copy(r.buf[r.end&uint32(window-1):], p)
	copy(r.buf, p[n:])
	r.end += uint32(len(p))
}

// grow makes buf n bytes long, where n is at most the window.
func (r *ring) grow(n, window int) {
	if n > cap(r.buf) {
		size := max(firstRingBytes, cap(r.buf))
		for size < n {
			size *= 2
		}
		buf := make([]byte, n, min(size, window))
		copy(buf, r.buf)
		r.buf = buf
	}
	r.buf = r.buf[:n]
}

// read copies to dst the bytes that begin the given number of bytes before the end, at most len(r.buf). There must be as many.
func (r *ring) read(dst []byte, before, window int) {
	at := (r.end - uint32(before)) & uint32(window-1)
	n := copy(dst, r.buf[at:])
	copy(dst[n:], r.buf)
}
