package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	lockName = "holdfast.lock"
	dirMode  = 0o700
	fileMode = 0o600
)

// DamageError says that a data directory cannot be read as it should be. Nothing in it was removed.
type DamageError struct {
	Dir  string
	What string
}

// Error says what to do, too.
func (e *DamageError) Error() string {
	return fmt.Sprintf("the log in %s is damaged: %s; nothing in it was removed: "+
		"restore the directory from a copy, or move it away to start with an empty log", e.Dir, e.What)
}

// dirLock is this process's claim on a data directory.
type dirLock struct {
	file *os.File
}

// takeDir makes the directory if it is not there, checks it and claims it.
func takeDir(dir string) (*dirLock, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, dirError(dir, err)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, dirError(dir, errors.Join(err, errors.New("it is not a directory")))
	}
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, dirError(dir, err)
	}
	if err := lockFile(file); err != nil {
		return nil, errors.Join(
			fmt.Errorf("the data directory %s is in use by another process (%w); stop that one, or give this one another directory", dir, err),
			file.Close())
	}
	lock := &dirLock{file: file}
	if err := errors.Join(checkTakenOver(dir), checkDir(dir)); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return lock, nil
}

func dirError(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the data directory %s cannot be used: %w; give this user the right to read and write it, or choose another", dir, err)
	}
	return fmt.Errorf("the data directory %s cannot be used: %w; choose another, or repair it", dir, err)
}

// release gives the directory free. The file stays: removing it would let two processes hold locks
// on two files of the same name.
func (l *dirLock) release() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("the lock of the data directory could not be given free: %w", err)
	}
	return nil
}
