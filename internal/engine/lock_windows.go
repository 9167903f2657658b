package engine

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile claims a file for this process until it is closed, or fails at once.
func lockFile(file *os.File) error {
	return windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, new(windows.Overlapped))
}
