package deflate

import "sync"

// Encoder compresses the messages of one direction of a connection. It holds no memory before the first one and none
// without takeover; else at most a window and an index, together 1.5 times the window from 8 KiB on. It is not safe for concurrent use.
//
// Compressing and sending are two steps, because a message that has been compressed may still be dropped, or be sent
// uncompressed because it got no smaller, and then the peer's window doesn't move: [Encoder.Append] compresses, and [Encoder.Note] says
// that the message has been sent with RSV1 set.
type Encoder struct {
	context Context
	buckets []uint64 // of the index; nil before the first message
	earlier ring
	learnt  uint32 // the index has what comes before this position
	tried   int    // the index also has that many bytes behind the end: a message that was compressed
}

// Init makes e ready for the messages of a new connection.
func (e *Encoder) Init(c Context) {
	*e = Encoder{context: c}
}

// sharedBuckets is the size of the index for messages without a context: 8 KiB in buckets of 8 bytes.
const sharedBuckets = 1 << 10

// indexBuckets returns the size of a connection's index in buckets of 8 bytes: as large as the window up to 4 KiB, then half.
func indexBuckets(window int) int {
	return max(window/2, min(window, 4<<10)) / 8
}

var works = sync.Pool{New: func() any { return new(work) }}

// Append appends message to dst in compressed form, without the final 00 00 ff ff: the payload of a message with RSV1 set
// (RFC 7692 section 7.2.1). It allocates nothing where dst has [Bound] bytes of free capacity, which may be
// written to beyond the result, but for the first message of a connection.
func (e *Encoder) Append(dst, message []byte) []byte {
	w := works.Get().(*work)
	window := 1 << e.context.WindowBits
	if !e.context.Takeover {
		return w.alone(dst, message, window)
	}
	if e.buckets == nil {
		e.buckets = make([]uint64, indexBuckets(window))
	}
	w.finder = finder{
		src: message, index: newIndex(e.buckets), window: window,
		base: e.earlier.end, earlier: &e.earlier, mask: uint32(window - 1), reach: len(e.earlier.buf),
	}
	e.catchUp(w.finder.index)
	e.tried = len(message)
	return w.compress(dst, message)
}

// Bound returns how much free capacity a message of n bytes needs to be compressed without allocation. The result is shorter: at most
// 6 bytes longer than the message, and 10 for every 8 KiB.
func Bound(n int) int { return n + n/8 + 32 }

// AppendShared is [Encoder.Append] for a message that goes to any number of connections, all with windows of at least 1<<windowBits
// bytes: it refers to no earlier message, so that it is right in every context.
func AppendShared(dst, message []byte, windowBits int) []byte {
	return works.Get().(*work).alone(dst, message, 1<<windowBits)
}

// Note records that message has been sent compressed, by Append or by AppendShared, so that later messages can refer to it. It
// must be called for all of these, in the order in which they are sent, and for no others. Before the first Append,
// nothing needs to be kept.
func (e *Encoder) Note(message []byte) {
	if e.buckets == nil {
		return
	}
	e.earlier.write(message, 1<<e.context.WindowBits)
	if e.tried == len(message) { // most likely what was compressed; if not, the index is no worse than without it
		e.learnt = e.earlier.end
	}
	e.tried = 0
}

// Forget gives the memory back, at any time: the next message will refer to none before it.
func (e *Encoder) Forget() { *e = Encoder{context: e.context} }

// catchUp puts what was noted without having been compressed into the index.
func (e *Encoder) catchUp(x index) {
	known := uint32(len(e.earlier.buf))
	from := e.learnt
	if e.earlier.end-from > known {
		from = e.earlier.end - known
	}
	e.learnt = e.earlier.end
	mask := uint32(1)<<e.context.WindowBits - 1
	for from != e.earlier.end {
		piece := e.earlier.buf[from&mask:]
		piece = piece[:min(uint32(len(piece)), e.earlier.end-from)]
		x.addOften(piece, from)
		from += uint32(len(piece))
	}
}

// alone compresses a message without a context. The index keeps what it has of others: the positions are all
// before the message.
func (w *work) alone(dst, message []byte, window int) []byte {
	w.finder = finder{src: message, index: newIndex(w.buckets[:]), base: w.base, window: window}
	w.base += uint32(len(message))
	return w.compress(dst, message)
}

// compress appends the whole message to dst, and puts w back into its pool.
func (w *work) compress(dst, message []byte) []byte {
	w.bits = newBitWriter(dst)
	for at := 0; at < len(message); {
		start := at
		at = w.parse(at)
		w.block(message[start:at])
	}
	w.bits.reserve(3)
	w.bits.put(stored<<1, 3)
	w.bits.align()
	result := w.bits.bytes()
	w.bits, w.finder = bitWriter{}, finder{}
	works.Put(w)
	return result
}
