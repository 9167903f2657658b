package carriers

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/quic-go/quic-go/http3"

	"github.com/holdfast-dev/holdfast/websocket"
)

// message is what is sent to each client, as a frame or as an event.
type message struct {
	frame *websocket.Frame
	event []byte
}

func newMessage(bytes int) *message {
	text := strings.Repeat("x", bytes)
	return &message{websocket.NewFrame(websocket.Text, []byte(text)), []byte("data: " + text + "\n\n")}
}

// eventsHandler answers with event streams, which join.
func eventsHandler(joins func(send func(*message))) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.AcceptEvents(w, r, websocket.Limits{})
		if err != nil {
			return // answered with the reason
		}
		joins(func(m *message) { s.Send(m.event) })
		s.Run(s.Wait)
	})
}

// runListeners is runClients for event streams.
func runListeners(version int, addr string, streams, perConnection int, came func()) {
	_, config := certificate()
	var over http.RoundTripper
	for i := range streams {
		if i%perConnection == 0 {
			over = &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: version == 2}
			if version == 3 {
				over = &http3.Transport{TLSClientConfig: config}
			}
		}
		r, err := http.NewRequest("GET", "https://"+addr, nil)
		if err != nil {
			panic(err)
		}
		resp, err := over.RoundTrip(r)
		if err != nil || resp.ProtoMajor != version {
			panic(fmt.Sprint(resp, err))
		}
		go func() {
			for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "data") {
					came()
				}
			}
		}()
	}
	io.Copy(io.Discard, os.Stdin)
}
