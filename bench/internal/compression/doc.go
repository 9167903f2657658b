// Package compression compares what permessage-deflate costs and saves in each library: bytes and CPU
// time for a message of a chat, with context takeover where the library has it.
//
//	go test -bench . ./internal/compression
package compression
