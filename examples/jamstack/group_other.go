//go:build !unix

package main

import "os/exec"

// ownGroup does nothing: there are no process groups of this kind.
func ownGroup(*exec.Cmd) {}
