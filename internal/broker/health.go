package broker

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// minFreeBytes is left free on the disk of the embedded engine: below, nothing is stored until
	// there is more again. JetStream itself would go on until a write fails, and would then not write
	// to that stream again before it is restarted.
	minFreeBytes = 128 << 20

	// brokenGrace is how long answers may still come that were on their way when a stream broke.
	brokenGrace = time.Second
)

// health knows what keeps the embedded engine from storing messages.
type health struct {
	dir    string
	free   func(dir string) (uint64, error) // bytes that this user may still write
	broken sync.Map                         // stream -> error: a write failed, and JetStream has given it up
	ailing atomic.Bool                      // whether to look at broken
	noRoom atomic.Pointer[error]            // nil while the disk has room
}

// refusal says why a stream cannot store anything now; nil if it can.
func (h *health) refusal(stream string) error {
	if no := h.noRoom.Load(); no != nil {
		return *no
	}
	return h.breakage(stream)
}

// breakage returns the failed write of a stream; nil if none failed.
func (h *health) breakage(stream string) error {
	if !h.ailing.Load() {
		return nil
	}
	if err, ok := h.broken.Load(stream); ok {
		return err.(error)
	}
	return nil
}

// checkRoom looks at the disk. It is called once a second.
func (h *health) checkRoom() error {
	free, err := h.free(h.dir)
	if err != nil {
		h.noRoom.Store(nil)
		return fmt.Errorf("how much room the disk of %s has cannot be seen: %w", h.dir, err)
	}
	if free >= minFreeBytes {
		h.noRoom.Store(nil)
		return nil
	}
	no := fmt.Errorf("%w (the disk of %s has %d MiB free, and %d are needed; make room on it)", ErrFull, h.dir, free>>20, minFreeBytes>>20)
	h.noRoom.Store(&no)
	return nil
}

// hear takes an error that the server logs: it does not answer the message whose write failed, nor
// any later one, so the log is where to learn of it.
func (h *health) hear(text string) {
	rest, ok := strings.CutPrefix(text, "Filestore [")
	if !ok {
		return
	}
	stream, reason, ok := strings.Cut(rest, "] Critical write error: ")
	if !ok {
		return
	}
	kind := ErrUnavailable
	if tellsNoRoom(reason) {
		kind = ErrFull
	}
	h.broken.Store(stream, fmt.Errorf("%w (a write to %s failed: %s; make room or repair the disk, and restart Holdfast)", kind, h.dir, reason))
	h.ailing.Store(true)
}
