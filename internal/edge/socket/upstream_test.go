package socket

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const ping = `{"id":%d,"ping":{}}`

func TestAMessageThatComesAgainIsNotRunAgain(t *testing.T) {
	inBothExchanges(t, Config{}, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		for _, n := range []string{"1", "1", "2", "1", "2", "3"} {
			c.wantStatus(http.StatusNoContent, "", http.MethodPost, "", fmt.Sprintf(ping, len(n)), sequenceHeader, n)
		}
		for range 3 {
			c.reply(1, &protocol.PingOK{})
		}
		c.bare().sent = 3
		c.ids = 3
		c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
	})
}

func TestAMessageOutOfTurnEndsTheConnection(t *testing.T) {
	for _, n := range []string{"2", "0", "-1", "one", ""} {
		inBothExchanges(t, Config{}, func(t *testing.T, e *edge, dial func() *client) {
			c := dial()
			c.wantStatus(http.StatusConflict, "numbered", http.MethodPost, "", "{}", sequenceHeader, n)
			c.wantClose(websocket.CloseCode(protocol.CloseBadMessage), "numbered")
		})
	}
}

func TestAMessageOverTheLimitIsRefusedAndClosesTheConnection(t *testing.T) {
	inBothExchanges(t, Config{}, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		limit := c.connect(nil).Limits.MessageBytes
		c.wantStatus(http.StatusRequestEntityTooLarge, "send less", http.MethodPost, "", strings.Repeat(" ", int(limit)+1), sequenceHeader, "2")
		c.wantClose(websocket.CloseMessageTooBig, "send less")
		c = dial()
		body, text := io.Pipe()
		go func() {
			_, err := io.CopyN(text, strings.NewReader(strings.Repeat(" ", 2*int(limit))), 2*int64(limit))
			text.CloseWithError(err)
		}()
		resp, err := c.bare().post(patience(t), 1, body)
		if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Fatal(resp, err)
		}
		c.wantClose(websocket.CloseMessageTooBig, "send less")
	})
}

// The first request of a client stays half sent, as when its network changes; it sends the message again.
func TestAMessageThatIsSentAgainNeedNotWaitForTheRequestThatWasCutOff(t *testing.T) {
	inBothExchanges(t, Config{}, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		half, rest := io.Pipe()
		defer rest.Close()
		cut := make(chan int, 1)
		go func() {
			resp, err := c.bare().post(patience(t), 1, half)
			if err != nil {
				cut <- 0 // the answer was overtaken by the end of the connection
				return
			}
			cut <- resp.StatusCode
		}()
		if _, err := rest.Write([]byte(`{"id":1,`)); err != nil {
			t.Fatal(err)
		}
		x := e.exchanges.list()[0]
		waitUntil(t, "it is received", func() bool {
			x.up.mu.Lock()
			defer x.up.mu.Unlock()
			return x.up.newest != nil
		})
		c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
		if got := <-cut; got != http.StatusConflict && got != 0 {
			t.Errorf("the one that was cut off is answered with %d", got)
		}
	})
}

// Who lets no answers arrive is not listened to: the POST stays until they do.
func TestAMessageIsAnsweredWhenItsCommandsHaveBeenBegun(t *testing.T) {
	e := start(t)
	const pages = 10 // of 128 KiB, which is more than waits
	e.dial().fill("kept/a", 4)
	c := e.dialHTTP(false)
	c.connect(nil)
	ask := strings.Repeat(`{"history":{"channel":"kept/a"}},`, pages)
	sent := make(chan error, 1)
	go func() {
		sent <- c.bare().Write(patience(t), websocket.Text, []byte(`[`+strings.TrimSuffix(ask, ",")+`]`))
	}()
	x := e.exchanges.list()[0]
	waitUntil(t, "an answer waits", func() bool { return x.conn.out.full.Load() })
	select {
	case err := <-sent:
		t.Fatalf("it is answered though nobody reads: %v", err)
	default:
	}
	for range pages {
		if it := c.next(); it.Reply == nil || it.Reply.Err != nil {
			t.Fatalf("got %.200s", show(it))
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// post sends a message whose body comes little by little.
func (c *httpClient) post(ctx context.Context, n int, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set(connectionHeader, c.id)
	r.Header.Set(sequenceHeader, fmt.Sprint(n))
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	return resp, resp.Body.Close()
}
