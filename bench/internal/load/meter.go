//go:build linux

package load

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/holdfast-dev/holdfast/bench/internal/stat"
)

// Window says what part of a load is measured.
type Window struct {
	Warm   time.Duration // passes before
	Length time.Duration
	// ServerCPU returns how much CPU time the server has used. It is called at both ends.
	ServerCPU func() (time.Duration, error)
}

// Result is what was measured.
type Result struct {
	Messages  uint64         // that came back
	Elapsed   time.Duration  // the real length of the window
	ServerCPU time.Duration  // used by the server in it
	ClientCPU time.Duration  // used by this process in it
	Latency   stat.Histogram // from sending, or publishing, to receiving
}

// meter takes a Result.
type meter struct {
	window   Window
	began    time.Time
	progress time.Duration // when the last message came
	running  bool          // the window has begun

	from, serverFrom, clientFrom time.Duration
	result                       Result
}

func newMeter(w Window) *meter { return &meter{window: w, began: time.Now()} }

// now returns the time since the beginning of the load.
func (m *meter) now() time.Duration { return time.Since(m.began) }

// tick begins and ends the window when it is time to. It is called after each turn, with what was
// received in it.
func (m *meter) tick(ctx context.Context, received int) (done bool, err error) {
	if err := m.stalled(ctx, received); err != nil {
		return false, err
	}
	now := m.now()
	switch {
	case !m.running && now >= m.window.Warm:
		m.running = true
		m.from, m.result = now, Result{}
		m.serverFrom, m.clientFrom, err = m.clocks()
	case m.running && now >= m.from+m.window.Length:
		return true, m.finish()
	}
	return false, err
}

// stalled returns an error if the load is over before its time: ctx has ended, or nothing has come
// for long. It is told what was received since it was asked last.
func (m *meter) stalled(ctx context.Context, received int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	now := m.now()
	if received > 0 {
		m.progress = now
	} else if now-m.progress > patience {
		return fmt.Errorf("nothing has come back for %s", patience)
	}
	return nil
}

// finish ends the window and completes the result.
func (m *meter) finish() error {
	m.result.Elapsed = m.now() - m.from
	m.result.Messages = m.result.Latency.Total()
	server, client, err := m.clocks()
	m.result.ServerCPU, m.result.ClientCPU = server-m.serverFrom, client-m.clientFrom
	return err
}

// clocks returns the CPU time that the server and this process have used.
func (m *meter) clocks() (server, client time.Duration, err error) {
	if server, err = m.window.ServerCPU(); err != nil {
		return 0, 0, err
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		return 0, 0, err
	}
	return server, time.Duration(ts.Nano()), nil
}
