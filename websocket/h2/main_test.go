package h2_test

import (
	"testing"

	"go.uber.org/goleak"

	_ "github.com/holdfast-dev/holdfast/websocket/enableh2"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
