package client

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAGatewayMayExplainItselfAtLength(t *testing.T) {
	var posts atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			io.WriteString(w, `{"connection":"c"}`)
		case r.Method == http.MethodPost:
			if posts.Add(1) == 1 {
				http.Error(w, strings.Repeat("The server is not there at the moment. ", 1000), http.StatusBadGateway)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := dialPolls(ctx, s.URL, &websocket.DialOptions{Limits: websocket.Limits{MaxMessageBytes: 1 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Write(ctx, websocket.Text, []byte("{}")); err != nil || posts.Load() != 2 {
		t.Errorf("sent %d times: %v", posts.Load(), err)
	}
	if err := conn.Close(ctx, websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}
