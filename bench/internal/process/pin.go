//go:build linux

package process

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Pin lets this process run on one CPU only. A negative cpu changes nothing.
func Pin(cpu int) error {
	if cpu < 0 {
		return nil
	}
	var set unix.CPUSet
	set.Set(cpu)
	// A thread that is started meanwhile by one that is not pinned yet escapes: look again until
	// there is no new one.
	var pinned []string
	for {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		before := len(pinned)
		for _, thread := range threads {
			if slices.Contains(pinned, thread.Name()) {
				continue
			}
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return err
			}
			if err := unix.SchedSetaffinity(id, &set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("cannot run on CPU %d: %w; choose another with -server-cpu and -client-cpu, or -1 for any", cpu, err)
			}
			pinned = append(pinned, thread.Name())
		}
		if len(pinned) == before {
			return nil
		}
	}
}
