package chaos

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = time.Minute

// roleEnv makes this test binary one of the processes that a test needs beside its own.
const roleEnv = "HOLDFAST_CHAOS_ROLE"

var roles = map[string]func() error{
	"server": beServer,
	"crowd":  beCrowd,
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(roleEnv)]
	if role == nil {
		goleak.VerifyTestMain(m)
		return
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(roleEnv)+":", err)
		os.Exit(1)
	}
}
