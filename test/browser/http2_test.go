package browser

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/websocket"
	_ "github.com/holdfast-dev/holdfast/websocket/enableh2"
)

func TestAPageOverHTTP2OpensItsWebSocketOverHTTP2Too(t *testing.T) {
	ca, err := certs.OpenCA(caDir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.Proto)) })
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		protocol := r.Proto
		websocket.Handler(nil, func(c *websocket.Conn) {
			c.Serve(func(typ websocket.MessageType, p []byte) {
				if string(p) == "bye" {
					c.Expel(4001, "bye")
					return
				}
				c.Send(websocket.NewFrame(typ, []byte(protocol+" "+string(p))))
			})
		}).ServeHTTP(w, r)
	})
	config := ca.TLSConfig()
	config.NextProtos = []string{"h2", "http/1.1"}
	srv := &http.Server{Handler: mux, TLSConfig: config}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(tls.NewListener(websocket.Listener(l), config)) }()
	t.Cleanup(func() {
		srv.Close()
		<-served
	})

	url := "https://" + strings.Replace(l.Addr().String(), "127.0.0.1", "localhost", 1)
	p := open(t, url+"/")
	got := eval[string](p, `new Promise((resolve, reject) => {
		const socket = new WebSocket(%s);
		let answer = "";
		socket.onopen = () => socket.send("hello");
		socket.onmessage = event => { answer = event.data; socket.send("bye"); };
		socket.onclose = event => resolve(document.body.innerText + "; " + answer + "; " + event.code + " " + event.reason + " " + event.wasClean);
	})`, "wss"+strings.TrimPrefix(url, "https")+"/socket")
	if want := "HTTP/2.0; HTTP/2.0 hello; 4001 bye true"; got != want {
		t.Errorf("the page got %q, want %q", got, want)
	}
}
