//go:build unix

package engine

import "golang.org/x/sys/unix"

// freeSpace returns how many bytes this user may still write to the disk of a directory.
func freeSpace(dir string) (uint64, error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return 0, err
	}
	return uint64(disk.Bavail) * uint64(disk.Bsize), nil
}
