package wstest_test

import (
	"net/http/httptest"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/wstest"
)

func TestTheReferenceServesAsTheRFCsAsk(t *testing.T) {
	server := httptest.NewServer(&reference{maxMessage: 4 << 20})
	t.Cleanup(server.Close)
	wstest.Test(t, wstest.Target{URL: "ws" + server.URL[len("http"):], MaxMessageBytes: 4 << 20})
}

func TestTheReferenceDialsAsTheRFCsAsk(t *testing.T) {
	client := &reference{maxMessage: 4 << 20}
	wstest.TestClient(t, wstest.ClientTarget{Echo: client.echo, MaxMessageBytes: 4 << 20})
}
