// Command holdfast serves live channels over secure WebSockets and talks to them from a terminal.
//
// Without a verb it starts development mode: `go run ./cmd/holdfast` is all it takes.
package main

import (
	"fmt"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], standardStreams()))
}

// run does what the arguments ask and returns the exit code of the process. An error is printed
// once, as one line: nothing that came from the network or a file can add control characters to it.
func run(args []string, std streams) int {
	root := newRoot(args, std)
	root.SetArgs(args)
	err := root.Execute()
	if err != nil {
		fmt.Fprintf(std.err, "holdfast: %s\n", visible(err.Error()))
	}
	return int(exitCodeOf(err))
}
