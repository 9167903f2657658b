package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// defaultDataDir returns the folder holdfast in the place where the system keeps the data of a user's
// programs: $XDG_DATA_HOME or ~/.local/share, ~/Library/Application Support on macOS and
// %LocalAppData% on Windows.
func defaultDataDir() (string, error) {
	if runtime.GOOS == "windows" {
		dir := os.Getenv("LocalAppData")
		if dir == "" {
			return "", errors.New("%LocalAppData% is not set")
		}
		return filepath.Join(dir, "holdfast"), nil
	}
	// The XDG base directory specification has a relative path ignored.
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) && runtime.GOOS != "darwin" {
		return filepath.Join(dir, "holdfast"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "holdfast"), nil
	}
	return filepath.Join(home, ".local", "share", "holdfast"), nil
}

// openDataDir makes sure that files can be written in dir, or in the default folder if dir is
// empty, and returns it. A folder that is missing is created, for the user alone.
func openDataDir(dir string) (string, error) {
	if dir == "" {
		var err error
		if dir, err = defaultDataDir(); err != nil {
			return "", fail(exitFiles, "cannot find your data directory: %w; name one with --data DIR", err)
		}
	}
	if err := checkWritable(dir); err != nil {
		return "", fail(exitFiles, "cannot use the data directory %s: %w; make it writable, or choose another with --data DIR", dir, err)
	}
	return dir, nil
}

func checkWritable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return err
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("trying it out: %w", err)
	}
	return nil
}
