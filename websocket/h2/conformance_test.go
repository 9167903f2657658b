package h2_test

import (
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/carriertest"
)

func TestTheEngineServesOverHTTP2AsTheRFCsAsk(t *testing.T) { carriertest.RunConformance(t, serve) }
