package main

import (
	"os"
	"strings"

	"github.com/holdfast-dev/holdfast/websocket"
)

// http2Switch is what net/http has to find in the environment, when the process begins, to offer
// WebSockets over HTTP/2 (docs/decisions/0006-websocket-over-http2.md).
const http2Switch = "http2xconnect=1"

// offerHTTP2 makes sure that this process offers WebSockets over HTTP/2: if it does not, the process
// begins anew with the switch set.
func offerHTTP2() error {
	err := websocket.CheckHTTP2()
	if err == nil {
		return nil
	}
	setting := os.Getenv("GODEBUG")
	if strings.Contains(setting, "http2xconnect=") { // somebody wants it off, or it has no effect
		return fail(exitFailed, "cannot offer WebSockets over HTTP/2, as listen.websocket_over_h2 asks: %w", err)
	}
	if setting != "" {
		setting += ","
	}
	return beginAnew("GODEBUG", setting+http2Switch)
}
