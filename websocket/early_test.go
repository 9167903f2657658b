package websocket

import (
	"errors"
	"fmt"
	"testing"
)

func TestBytesRightBehindTheHandshakeArrive(t *testing.T) {
	for name, early := range map[string][]string{
		"a whole message":  {"early"},
		"several messages": {"early", "earlier", ""},
		"many bytes":       {filler(3000)},
	} {
		for _, cut := range []int{0, 1, 5} { // bytes of the last frame that come later
			t.Run(fmt.Sprintf("%s, all but %d bytes", name, cut), func(t *testing.T) {
				t.Run("to the server", func(t *testing.T) {
					for _, secure := range []bool{false, true} {
						var b []byte
						for _, m := range early {
							b = append(b, raw(0x81, true, m)...)
						}
						addr, conns := accepting(t, secure, nil)
						p, _ := dialRaw(t, addr, secure, "", b[:len(b)-cut])
						c := <-conns
						p.write(b[len(b)-cut:])
						for _, m := range early {
							wantMessage(t, c, Text, m)
						}
						c.CloseNow()
					}
				})
				t.Run("to the client", func(t *testing.T) {
					var b []byte
					for _, m := range early {
						b = append(b, raw(0x81, false, m)...)
					}
					cut := min(cut, 2)
					url := rawServer(t, upgraded+string(b[:len(b)-cut]), func(p *peer) {
						p.write(b[len(b)-cut:])
						p.read()
					})
					c, err := Dial(t.Context(), url, nil)
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range early {
						wantMessage(t, c, Text, m)
					}
					c.CloseNow()
				})
			})
		}
	}
}

func TestACloseFrameRightBehindTheHandshakeArrives(t *testing.T) {
	url := rawServer(t, upgraded+string(raw(0x88, false, closePayload(CloseTryAgainLater, "full"))), func(p *peer) {
		p.wantClose(CloseTryAgainLater)
	})
	c, err := Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Read(t.Context())
	wantEnd(t, err, CloseError{Code: CloseTryAgainLater, Reason: "full", By: Remote, Clean: true})
	if errors.Unwrap(err) != nil {
		t.Errorf("cause %v", errors.Unwrap(err))
	}
}
