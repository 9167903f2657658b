package websocket

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAListenerCarriesWebSocketsOverTCPAndTLS(t *testing.T) {
	for _, secure := range []bool{false, true} {
		addr, conns := acceptingOn(t, Listener, secure, nil)
		p, _ := dialRaw(t, addr, secure, "", raw(0x81, true, "early"))
		c := <-conns
		if _, buffered := c.transport.(*stream); buffered && direct(p.Conn) != p.Conn {
			t.Errorf("secure %v: the connection is not read through its descriptor", secure)
		}
		served := make(chan error, 1)
		go func() {
			served <- c.Serve(func(typ MessageType, m []byte) { c.Write(context.Background(), typ, m) })
		}()
		p.want(0x81, "early")
		for _, n := range []int{0, 10, 100_000} {
			go p.send(0x82, filler(n))
			p.want(0x82, filler(n))
		}
		p.send(0x88, closePayload(CloseNormal, ""))
		p.wantClose(CloseNormal)
		p.wantEOF()
		p.Close()
		wantEnd(t, <-served, CloseError{Code: CloseNormal, By: Remote, Clean: true})
	}
}

func TestAListenerChangesNothingForOrdinaryRequests(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Write(body)
		}))
		srv.Listener = Listener(srv.Listener)
		if secure {
			srv.StartTLS()
		} else {
			srv.Start()
		}
		for range 3 {
			resp, err := srv.Client().Post(srv.URL, "text/plain", io.LimitReader(neverEnding('x'), 300_000))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || len(body) != 300_000 {
				t.Errorf("secure %v: %d bytes came back, %v", secure, len(body), err)
			}
		}
		srv.Close()
	}
}

// neverEnding is a reader of one byte again and again.
type neverEnding byte

func (b neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}
