package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A machine that goes down may take the last messages with it, acknowledged ones too, and their
// offsets are then given to others. So a log that was not closed before the machine went down gets
// a new epoch, and nobody resumes from an offset of the old one. A process that is killed takes
// nothing with it, and changes nothing.
const (
	cleanName = "holdfast.clean" // there while the directory is closed, and all of it on the disk

	// dirtyFor is how long ago a file was last written that may not be on the disk yet.
	dirtyFor = time.Minute
)

// BootID names the time since the machine was started, "" where that cannot be known: there a lost
// tail of the log cannot be told from a killed process.
func BootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// takeClean tells whether the directory was closed the last time, and notes, on the disk, that it is
// open now.
func takeClean(dir string) (bool, error) {
	err := os.Remove(filepath.Join(dir, cleanName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = syncFile(dir)
	}
	if err != nil {
		return false, dirError(dir, err)
	}
	return true, nil
}

// leaveClean forces what the server wrote last onto the disk, which it does not do itself when it
// ends, and notes that the directory is closed.
func leaveClean(dir string) error {
	recent := time.Now().Add(-dirtyFor)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.ModTime().Before(recent) {
			return err
		}
		return syncFile(path)
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, cleanName), nil, fileMode)
	}
	if err != nil {
		return fmt.Errorf("the data directory %s could not be closed as it should be: %w", dir, err)
	}
	return nil
}

const (
	// bootName is the note of when the machine was started that last opened the directory of a node of a cluster.
	bootName = "holdfast.boot"

	// downName is there while the node may lack what it had before its machine went down.
	downName = "holdfast.down"
)

// noteBoot notes when the machine was started, and tells whether it went down while the directory was open: now, or
// before, if recovered has not been called since. A node may be started and stopped more than once before it finds the others.
func noteBoot(dir, boot string, clean bool) (down bool, err error) {
	path, mark := filepath.Join(dir, bootName), filepath.Join(dir, downName)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, dirError(dir, err)
	}
	again := len(before) > 0 && string(before) != boot
	if again && !clean { // before the note of the start, which would hide it
		if err = writeNote(mark, nil); err != nil {
			return false, dirError(dir, err)
		}
	}
	if again || len(before) == 0 {
		if err = writeNote(path, []byte(boot)); err != nil {
			return false, dirError(dir, err)
		}
	}
	_, err = os.Stat(mark)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, dirError(dir, err)
	}
	return true, nil
}

// writeNote writes a small file, and its place in the directory, onto the disk.
func writeNote(path string, note []byte) error {
	err := os.WriteFile(path, note, fileMode)
	if err == nil {
		err = syncFile(path)
	}
	if err == nil {
		err = syncFile(filepath.Dir(path))
	}
	return err
}

// recovered notes that the node has again what it lacked.
func recovered(dir string) error {
	if err := os.Remove(filepath.Join(dir, downName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return dirError(dir, err)
	}
	return nil
}
