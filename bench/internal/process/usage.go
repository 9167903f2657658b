//go:build linux

package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process uses of the machine.
type usage struct{ pid int }

// CPU returns the time that all threads of the process have spent on a CPU, user and system
// together, from the clock that the kernel keeps for it (clock_getcpuclockid(3)), to the nanosecond.
func (u usage) CPU() (time.Duration, error) {
	const schedulerClock = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^u.pid<<3|schedulerClock), &ts); err != nil {
		return 0, fmt.Errorf("CPU clock of the server: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}

// RSS returns how many bytes of memory the process has resident.
func (u usage) RSS() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", u.pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "\nVmRSS:")
	line, _, _ := strings.Cut(rest, "\n")
	kB, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("VmRSS of the server: %w", err)
	}
	return kB << 10, nil
}
