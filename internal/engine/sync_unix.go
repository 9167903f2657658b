//go:build unix

package engine

import (
	"errors"
	"os"
)

// syncFile forces a file or a directory onto the disk.
func syncFile(path string) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return file.Sync()
}
