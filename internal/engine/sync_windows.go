package engine

import (
	"errors"
	"os"
)

// syncFile forces a file onto the disk. Directories need none here, and cannot be opened for it.
func syncFile(path string) (err error) {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return file.Sync()
}
