package carriertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/wstest"
)

// RunConformance runs the conformance suite against the engine behind serve.
func RunConformance(t *testing.T, serve Serve) {
	const maxMessage = 1 << 20
	url, carrier := serve(t, Echo(&websocket.AcceptOptions{
		Limits:       websocket.Limits{MaxMessageBytes: maxMessage, SendQueueBytes: 2 * maxMessage},
		Subprotocols: []string{"echo.v1"},
		Compression:  &websocket.Compression{},
	}, nil))
	wstest.Test(t, wstest.Target{
		URL:             url,
		MaxMessageBytes: maxMessage,
		Subprotocols:    []string{"echo.v1"},
		Open: func(ctx context.Context, header http.Header) (io.ReadWriteCloser, http.Header, error) {
			r, err := http.NewRequest(http.MethodConnect, "https"+strings.TrimPrefix(url, "wss")+"/", nil)
			if err != nil {
				return nil, nil, err
			}
			r.Header = header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			r.Header.Set("Sec-WebSocket-Version", "13")
			resp, stream, err := carrier.Connect(ctx, r)
			if err != nil {
				return nil, nil, err
			}
			if stream == nil {
				resp.Body.Close()
				return nil, nil, fmt.Errorf("the server answered %s", resp.Status)
			}
			return stream, resp.Header, nil
		},
	})
}
