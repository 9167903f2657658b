// Command holdfast serves live channels over secure WebSockets and talks to them from a terminal.
package main

func main() {}
