package relay

import (
	"context"
	"encoding/binary"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// answer is what comes back for a request from here.
type answer struct {
	number number
	node   string
	news   chan struct{} // of one place

	mu     sync.Mutex // guards what follows
	head   *head
	pieces [][]byte
	came   uint64 // bytes
	ended  bool   // all has come
	err    error
}

func (a *answer) hear(kind byte, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch kind {
	case frameHead:
		a.head = new(head)
		if err := json.Unmarshal(body, a.head); err != nil {
			a.failLocked(ErrBroken)
		}
	case framePiece:
		a.pieces = append(a.pieces, body)
		a.came += uint64(len(body))
	case frameEnd:
		if total, n := binary.Uvarint(body); n <= 0 || total != a.came || a.head == nil {
			a.failLocked(ErrBroken)
		}
		a.ended = true
	case frameFail:
		err := fails[string(body)]
		if err == nil {
			err = ErrBroken
		}
		a.failLocked(err)
	}
	a.wake()
}

func (a *answer) failLocked(err error) {
	if a.err == nil {
		a.err = err
	}
}

func (a *answer) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failLocked(err)
	a.wake()
}

func (a *answer) wake() {
	select {
	case a.news <- struct{}{}:
	default:
	}
}

const (
	// answerWait is how long an answer may take to begin, which is more than any poll waits, and pieceWait how long a piece of it may take.
	answerWait = 2 * time.Minute
	pieceWait  = 10 * time.Second
	writeLimit = 30 * time.Second // for the client to take a piece
)

// copyTo writes the answer when it is here as a whole: then it can still be refused if it is not.
func (a *answer) copyTo(ctx context.Context, w http.ResponseWriter) error {
	late := time.NewTimer(answerWait)
	defer late.Stop()
	begun := false
	for {
		a.mu.Lock()
		h, pieces, ended, err := a.head, a.pieces, a.ended, a.err
		a.mu.Unlock()
		switch {
		case err != nil:
			return err
		case ended:
			return write(w, h, pieces)
		case h != nil && !begun:
			begun = true
			late.Reset(pieceWait)
		}
		select {
		case <-a.news:
		case <-late.C:
			return ErrBroken
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func write(w http.ResponseWriter, h *head, pieces [][]byte) error {
	maps.Copy(w.Header(), h.Header)
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	w.WriteHeader(h.Status)
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return nil // the client has gone, and can't be told
		}
	}
	if control.Flush() != nil {
		return nil
	}
	return control.SetWriteDeadline(time.Time{}) // for the next request on the same connection
}
