package wstest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/wstest"
)

func TestATargetMayOpenItsConnectionsInItsOwnWay(t *testing.T) {
	server := httptest.NewServer(&reference{maxMessage: referenceLimit})
	t.Cleanup(server.Close)
	open := func(ctx context.Context, header http.Header) (io.ReadWriteCloser, http.Header, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			return nil, nil, err
		}
		r.Header = header
		for name, value := range map[string]string{
			"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		} {
			header.Set(name, value)
		}
		response, err := server.Client().Do(r)
		if err != nil {
			return nil, nil, err
		}
		if response.StatusCode != http.StatusSwitchingProtocols {
			return nil, nil, fmt.Errorf("the answer %s", response.Status)
		}
		return response.Body.(io.ReadWriteCloser), response.Header, nil
	}
	for _, r := range wstest.Run(t.Context(), wstest.Target{Open: open}, wstest.Options{
		Match: func(c wstest.Case) bool { return c.Category != "utf8" && c.Category != "limits" },
	}) {
		if r.Verdict == wstest.Fail || (r.Case.Category == "handshake") != (r.Verdict == wstest.NotApplicable) {
			if r.Case.ID != "compression/bomb" && r.Case.ID != "compression/bomb-fragmented" { // they need a known limit
				t.Error(r)
			}
		}
	}
}

func TestWhatCannotBeOpenedFailsEachCase(t *testing.T) {
	open := func(context.Context, http.Header) (io.ReadWriteCloser, http.Header, error) {
		return nil, nil, io.ErrUnexpectedEOF
	}
	for _, target := range []wstest.Target{{Open: open}, {URL: "ws://127.0.0.1:1"}, {URL: "http://127.0.0.1"}, {URL: "ws://%"}} {
		for _, r := range wstest.Run(t.Context(), target, wstest.Options{Match: func(c wstest.Case) bool { return c.ID == "framing/text-0" }}) {
			if r.Verdict != wstest.Fail || r.Got == "" {
				t.Error(r)
			}
		}
	}
}
