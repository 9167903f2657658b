//go:build linux

package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Pin lets this process run on one CPU only. A negative cpu changes nothing.
func Pin(cpu int) error {
	if cpu < 0 {
		return nil
	}
	set := only(cpu)
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
				return cannotRun(cpu, err)
			}
			pinned = append(pinned, thread.Name())
		}
		if len(pinned) == before {
			return nil
		}
	}
}

// pinned calls start, which starts a process, so that the process runs on one CPU only from its first
// instruction: a child inherits the CPUs of the thread that makes it. A negative cpu changes nothing.
func pinned(cpu int, start func() error) error {
	if cpu < 0 {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	set := only(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return cannotRun(cpu, err)
	}
	return errors.Join(start(), os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &before)))
}

func only(cpu int) unix.CPUSet {
	var set unix.CPUSet
	set.Set(cpu)
	return set
}

func cannotRun(cpu int, err error) error {
	return fmt.Errorf("cannot run on CPU %d: %w; choose another with -server-cpu and -client-cpu, or -1 for any", cpu, err)
}
