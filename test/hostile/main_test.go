// Package hostile sends a server what no friend would send, and looks at three things: the exact answer, that the
// messages of others keep flowing, and that nothing stays behind.
package hostile

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
