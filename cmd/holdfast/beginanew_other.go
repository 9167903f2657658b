//go:build !unix

package main

// beginAnew says what to do where a process can't replace itself.
func beginAnew(name, value string) error {
	return fail(exitFailed, "this needs %s=%s in the environment; set it, and start again", name, value)
}
