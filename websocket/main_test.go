package websocket

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(idleClientEnv); addr != "" { // this process is the client side of a benchmark
		runIdleClient(addr)
		return
	}
	goleak.VerifyTestMain(m)
}
