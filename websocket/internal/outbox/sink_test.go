package outbox

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errSink = errors.New("sink broke")

// fakeSink remembers what it was given. Without blocking it takes room bytes; each blocking write waits for a value from gate.
type fakeSink struct {
	mu     sync.Mutex
	room   int        // bytes that TryWrite still takes
	gate   chan error // gives the result of a blocking write; nil means that those succeed at once
	tryErr error      // what TryWrite returns
	onTry  func()     // called by TryWrite before anything else
	writes []string   // what was taken, a call at a time
	given  [][]byte   // the slices given to Write
}

func (s *fakeSink) TryWrite(p []byte) (int, bool, error) {
	if s.onTry != nil {
		s.onTry()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tryErr != nil {
		return 0, false, s.tryErr
	}
	n := min(len(p), s.room)
	s.room -= n
	if n > 0 {
		s.writes = append(s.writes, string(p[:n]))
	}
	return n, n < len(p), nil
}

func (s *fakeSink) Write(p []byte) error {
	if s.gate != nil {
		if err := <-s.gate; err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = append(s.given, p)
	s.writes = append(s.writes, string(p))
	return nil
}

// stream returns all bytes that were taken.
func (s *fakeSink) stream() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.writes, "")
}

// wantWrites checks what each call took.
func (s *fakeSink) wantWrites(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strings.Join(s.writes, "|"); got != strings.Join(want, "|") {
		t.Fatalf("the sink took %.200q, want %.200q", s.writes, want)
	}
}

// newBox returns an outbox whose sink blocks after room bytes.
func newBox(t *testing.T, limit, room int) (*Outbox, *fakeSink) {
	s := &fakeSink{room: room, gate: make(chan error)}
	o := &Outbox{}
	o.Init(s, limit, func(err error) { t.Errorf("onError(%v)", err) })
	return o, s
}

// buffer returns a pooled buffer that holds text.
func buffer(text string) *Buffer {
	b := NewBuffer(len(text))
	b.B = append(b.B, text...)
	return b
}

// wantIdle checks that nothing waits and nothing is kept.
func (o *Outbox) wantIdle(t interface {
	Helper()
	Fatalf(string, ...any)
}) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy || o.size != 0 || len(o.queue) != 0 || cap(o.queue) > maxIdleQueue || o.head != 0 || o.pong != nil {
		t.Fatalf("not idle: busy %v, %d bytes, %d of %d frames, pong %v", o.busy, o.size, len(o.queue)-o.head, cap(o.queue), o.pong != nil)
	}
}
