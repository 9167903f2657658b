package compression

import (
	"context"
	"net/http"

	coder "github.com/coder/websocket"
	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gorilla/websocket"
	holdfast "github.com/holdfast-dev/holdfast/websocket"
	"github.com/lxzan/gws"
)

// writer writes one text message on a connection.
type writer func(p []byte) error

// library accepts a connection that compresses what it sends.
type library struct {
	name     string
	takeover bool // a message refers to those before it
	accept   func(w http.ResponseWriter, r *http.Request) (writer, error)
}

var libraries = []library{
	{"holdfast", true, func(w http.ResponseWriter, r *http.Request) (writer, error) {
		return acceptHoldfast(w, r, &holdfast.Compression{})
	}},
	{"gws", true, func(w http.ResponseWriter, r *http.Request) (writer, error) {
		return acceptGWS(w, r, true)
	}},
	{"coder", true, func(w http.ResponseWriter, r *http.Request) (writer, error) {
		return acceptCoder(w, r, coder.CompressionContextTakeover)
	}},
	{"holdfast", false, func(w http.ResponseWriter, r *http.Request) (writer, error) {
		return acceptHoldfast(w, r, &holdfast.Compression{NoContextTakeover: true, MinBytes: 1})
	}},
	{"gws", false, func(w http.ResponseWriter, r *http.Request) (writer, error) {
		return acceptGWS(w, r, false)
	}},
	{"coder", false, func(w http.ResponseWriter, r *http.Request) (writer, error) {
		return acceptCoder(w, r, coder.CompressionNoContextTakeover)
	}},
	{"gorilla", false, acceptGorilla},
	{"gobwas", false, acceptGobwas},
}

func acceptHoldfast(w http.ResponseWriter, r *http.Request, c *holdfast.Compression) (writer, error) {
	conn, err := holdfast.Accept(w, r, &holdfast.AcceptOptions{Compression: c})
	if err != nil {
		return nil, err
	}
	return func(p []byte) error { return conn.Write(context.Background(), holdfast.Text, p) }, nil
}

func acceptGWS(w http.ResponseWriter, r *http.Request, takeover bool) (writer, error) {
	upgrader := gws.NewUpgrader(new(gws.BuiltinEventHandler), &gws.ServerOption{PermessageDeflate: gws.PermessageDeflate{
		Enabled: true, Threshold: 1, ServerContextTakeover: takeover, ClientContextTakeover: takeover,
	}})
	conn, err := upgrader.Upgrade(w, r)
	if err != nil {
		return nil, err
	}
	return func(p []byte) error { return conn.WriteMessage(gws.OpcodeText, p) }, nil
}

func acceptCoder(w http.ResponseWriter, r *http.Request, mode coder.CompressionMode) (writer, error) {
	conn, err := coder.Accept(w, r, &coder.AcceptOptions{CompressionMode: mode, CompressionThreshold: 1})
	if err != nil {
		return nil, err
	}
	return func(p []byte) error { return conn.Write(context.Background(), coder.MessageText, p) }, nil
}

func acceptGorilla(w http.ResponseWriter, r *http.Request) (writer, error) {
	upgrader := websocket.Upgrader{EnableCompression: true}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	return func(p []byte) error { return conn.WriteMessage(websocket.TextMessage, p) }, nil
}

// acceptGobwas compresses as the library's documentation shows.
func acceptGobwas(w http.ResponseWriter, r *http.Request) (writer, error) {
	e := wsflate.Extension{Parameters: wsflate.DefaultParameters}
	upgrader := ws.HTTPUpgrader{Negotiate: func(o httphead.Option) (httphead.Option, error) { return e.Negotiate(o) }}
	conn, _, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return nil, err
	}
	return func(p []byte) error {
		f, err := wsflate.CompressFrame(ws.NewTextFrame(p))
		if err != nil {
			return err
		}
		return ws.WriteFrame(conn, f)
	}, nil
}
