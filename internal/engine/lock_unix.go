//go:build unix

package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile claims a file for this process until it is closed, or fails at once.
func lockFile(file *os.File) error {
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
