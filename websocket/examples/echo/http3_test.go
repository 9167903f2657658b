package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/h2"
	"github.com/holdfast-dev/holdfast/websocket/h3"
)

func TestMessagesComeBackOverHTTP2AndHTTP3UntilTheServerStops(t *testing.T) {
	config := &tls.Config{InsecureSkipVerify: true}
	over2, over3 := &h2.Dialer{TLS: config}, &h3.Dialer{TLS: config}
	defer over2.Close()
	defer over3.Close()
	for version, carrier := range map[string]websocket.Carrier{"HTTP/2": over2, "HTTP/3": over3} {
		for style, flags := range styles {
			t.Run(style+" over "+version, func(t *testing.T) {
				url, stop := start(t, append([]string{"-tls"}, flags...)...)
				conn, err := websocket.Dial(deadline(t), url, &websocket.DialOptions{Carrier: carrier, Compression: &websocket.Compression{}})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(conn.CloseNow)
				expectEcho(t, conn, websocket.Text, []byte("héllo"))
				expectEcho(t, conn, websocket.Binary, bytes.Repeat([]byte{1, 2, 3}, 50_000))
				ended := make(chan error, 1)
				go func() {
					_, _, err := conn.Read(context.Background())
					ended <- err
				}()
				if err := stop(); err != nil {
					t.Errorf("the server ended with %v", err)
				}
				if err := <-ended; websocket.CloseCodeOf(err) != websocket.CloseGoingAway || !strings.Contains(err.Error(), goodbye) {
					t.Errorf("the connection ended with %v", err)
				}
			})
		}
	}
}
