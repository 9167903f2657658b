// Package carriers measures what a WebSocket costs a server over each version of HTTP. It has benchmarks alone:
//
//	go test ./test/carriers -bench .
package carriers
