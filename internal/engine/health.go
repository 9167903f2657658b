package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MinFreeBytes is left free on the disk of the embedded engine: below, nothing is stored until
	// there is more again. JetStream itself would go on until a write fails, and would then not write
	// to that stream again before it is restarted.
	MinFreeBytes = 128 << 20

	// BrokenGrace is how long answers may still come that were on their way when a stream broke.
	BrokenGrace = time.Second
)

// Errors of storing, which are more than a refused message: they concern all that follow.
var (
	// ErrFull says that the disk has no room.
	ErrFull = errors.New("the disk is full")

	// ErrBroken says that a write failed, and that nothing more is stored in the stream before a restart.
	ErrBroken = errors.New("writing to the disk has failed")
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

// checkRoom looks at the disk.
func (h *health) checkRoom() error {
	free, err := h.free(h.dir)
	if err != nil {
		h.noRoom.Store(nil)
		return fmt.Errorf("how much room the disk of %s has cannot be seen: %w", h.dir, err)
	}
	if free >= MinFreeBytes {
		h.noRoom.Store(nil)
		return nil
	}
	no := fmt.Errorf("%w: the disk of %s has %d MiB free, and %d are needed; make room on it", ErrFull, h.dir, free>>20, MinFreeBytes>>20)
	h.noRoom.Store(&no)
	return nil
}

// Refusal says why a stream cannot store anything now; nil if it can. It costs two loads.
func (e *Engine) Refusal(stream string) error { return e.health.refusal(stream) }

// Breakage returns the failed write of a stream; nil if none failed. Answers that were on their way then may still come
// for a moment, BrokenGrace.
func (e *Engine) Breakage(stream string) error { return e.health.breakage(stream) }

// CheckRoom looks how much room the disk has, which Refusal goes by. It is to be called once a second.
func (e *Engine) CheckRoom() error { return e.health.checkRoom() }

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
	kind := ErrBroken
	if TellsNoRoom(reason) {
		kind = ErrFull
	}
	h.broken.Store(stream, fmt.Errorf("%w: a write to %s failed: %s; make room or repair the disk, and restart Holdfast", kind, h.dir, reason))
	h.ailing.Store(true)
}

// noRoom tells what a store says when there is no room on the disk or in the user's quota, or when
// a file has become as large as it may.
var noRoom = []string{"no space left", "not enough space", "quota", "file too large", "maximum bytes", "maximum messages"}

// TellsNoRoom tells whether words of the store mean that there is no room.
func TellsNoRoom(reason string) bool {
	return slices.ContainsFunc(noRoom, func(words string) bool { return strings.Contains(reason, words) })
}
