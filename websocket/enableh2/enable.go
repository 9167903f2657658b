// Package enableh2 switches WebSocket over HTTP/2 (RFC 8441) on for every net/http server of the process that imports it:
//
//	import _ "github.com/holdfast-dev/holdfast/websocket/enableh2"
//
// net/http can do it but has it off, and reads the switch, http2xconnect=1 in the environment variable GODEBUG, once, while it is
// initialised. Go initialises packages in the order of their import paths as far as their imports allow (Go specification, section
// "Program initialization"), so this package, which imports only os, comes before net/http. It leaves what else is in GODEBUG as it
// is, and an http2xconnect that is there already: GODEBUG=http2xconnect=0 keeps it off.
//
// Before you import it: browsers then carry every WebSocket to your HTTPS server over HTTP/2, to all of its handlers, which must
// understand an extended CONNECT, as websocket.Accept does. Such a WebSocket takes more memory and CPU time than one over HTTP/1.1; see
// docs/decisions/0006-websocket-over-http2.md for how much. websocket.CheckHTTP2 tells whether it worked.
package enableh2

import "os"

func init() {
	const name = "http2xconnect="
	setting := os.Getenv("GODEBUG")
	for i := 0; i+len(name) <= len(setting); i++ {
		if setting[i:i+len(name)] == name {
			return
		}
	}
	if setting != "" {
		setting += ","
	}
	os.Setenv("GODEBUG", setting+name+"1") // fails only for names and values that the environment can't hold
}
