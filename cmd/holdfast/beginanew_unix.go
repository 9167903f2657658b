//go:build unix

package main

import (
	"os"
	"syscall"
)

// beginAnew replaces this process by one with the same command line and a variable of its
// environment changed. It returns only if that fails.
func beginAnew(name, value string) error {
	self, err := os.Executable()
	if err != nil {
		return fail(exitFailed, "cannot start again with %s=%s: %w; set it yourself", name, value, err)
	}
	if err := os.Setenv(name, value); err != nil {
		return fail(exitFailed, "cannot start again with %s=%s: %w; set it yourself", name, value, err)
	}
	err = syscall.Exec(self, os.Args, os.Environ())
	return fail(exitFailed, "cannot start again with %s=%s: %w; set it yourself", name, value, err)
}
