//go:build linux

package storm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// diskBytes is the size of the disk of a node, in memory: room for what a storm stores.
const diskBytes = 1 << 30

// noDisks says why a node can't have a disk of its own here; it is empty if it can.
func noDisks() string {
	if os.Geteuid() != 0 {
		return "only root can mount a file system"
	}
	return ""
}

// mountDisk gives a directory a file system of its own until the end of the test.
func mountDisk(tb testing.TB, dir string) {
	tb.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := unix.Mount("holdfast-storm", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskBytes)); err != nil {
		tb.Fatal("no disk for a node: ", err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			tb.Error(err)
		}
	})
}

func (n *node) ballast() string { return filepath.Join(n.data(), "ballast") }

// fill writes until there is no room on the disk of the node.
func (n *node) fill() error {
	file, err := os.OpenFile(n.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	for size := 16 << 20; size > 0; size /= 2 { // ever less, until nothing at all can be written
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
		if !errors.Is(err, unix.ENOSPC) {
			return err
		}
	}
	return nil
}

// empty makes room again.
func (n *node) empty() error { return os.Remove(n.ballast()) }

// wipe removes all data of a node that does not run.
func (n *node) wipe() error {
	entries, err := os.ReadDir(n.data())
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(n.data(), e.Name())))
	}
	return err
}
