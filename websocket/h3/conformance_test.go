package h3_test

import (
	"net/http"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/h3"
	"github.com/holdfast-dev/holdfast/websocket/internal/carriertest"
)

func TestTheEngineServesOverHTTP3AsTheRFCsAsk(t *testing.T) {
	carriertest.RunConformance(t, func(t *testing.T, h http.Handler) (string, websocket.Carrier) { return serve(t, h3.Handler(h)) })
}
