//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: the comparison needs Linux: it uses epoll, the kernel's CPU clocks and pinning to a CPU")
	os.Exit(1)
}
