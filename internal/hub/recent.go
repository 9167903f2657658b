package hub

import (
	"slices"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// recent holds the newest messages of a history without a hole: all behind base. It is kept while
// somebody catches up, who takes what a page of the log lacked from here.
type recent struct {
	base     uint64
	messages []*broker.Message
	bytes    int // of their payloads
}

// The bounds of a recent buffer. A reader that needs longer for a page than the publishers for
// this many messages reads another page.
const (
	maxRecent      = 1024
	maxRecentBytes = 256 << 10
)

// restart empties the buffer; what comes next is all that is behind base.
func (r *recent) restart(base uint64) { *r = recent{base: base} }

// add appends the next message. When there are too many, the older half goes.
func (r *recent) add(m *broker.Message) {
	r.messages = append(r.messages, m)
	r.bytes += len(m.Payload)
	for len(r.messages) > maxRecent || r.bytes > maxRecentBytes {
		n := (len(r.messages) + 1) / 2
		for _, old := range r.messages[:n] {
			r.bytes -= len(old.Payload)
		}
		r.base = r.messages[n-1].Offset
		r.messages = slices.Delete(r.messages, 0, n)
	}
}

// after returns the messages behind an offset, which is not below base. They are the caller's.
func (r *recent) after(offset uint64) []*broker.Message {
	return slices.Clone(after(r.messages, offset))
}
