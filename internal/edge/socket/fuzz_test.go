package socket

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// maxFuzzBytes keeps an input from being slow.
const maxFuzzBytes = 4 << 10

// FuzzConnection sends all that a client says on a connection: messages of JSON, with line feeds
// between them, or, behind a zero byte, of MessagePack, with the byte between them that MessagePack
// does not use. Every command has to be answered once, or the connection closed for a reason.
func FuzzConnection(f *testing.F) {
	for _, said := range []string{
		`{"id":1,"connect":{}}` + "\n" + `{"id":2,"subscribe":{"channel":"kept/a","last":2}}`,
		`[{"id":1,"subscribe":{"pattern":"#","since":"0"}},{"id":2,"publish":{"channel":"kept/a","data":{"a":1},"id":"x"}},{"id":2,"unsubscribe":{"sub":1}}]`,
		`{"id":1,"history":{"channel":"few/a","since":"3:x","limit":1}}` + "\n" + `{"presence":{"channel":"present/a"}}`,
		`{"id":1,"subscribe":{"channel":"present/a","presence":true,"echo":false,"latest":true}}` + "\n" + `[{"ping":{}},{"dance":{}}]`,
		`{"connect":{"session":{"id":"s","secret":"x"}}}` + "\n" + `{"connect":{}}` + "\n" + `{"rpc":{"method":"m","data":""}}` + "\n" + `{"refresh":{"token":"t"}}`,
		"{\n{\n{\n{\n{\n{\n{\n{\n{\n{\n{",
		`[]` + "\n" + `[[]]` + "\n" + `{"publish":{"channel":"last/a","data":"!","binary":true}}`,
	} {
		f.Add([]byte(said))
		var packed []byte
		for message := range bytes.SplitSeq([]byte(said), []byte("\n")) {
			if commands, err := protocol.JSON.DecodeCommands(message, maxCommands); err == nil {
				for _, c := range commands {
					if c.Err == nil {
						packed = append(protocol.MessagePack.AppendCommand(packed, c), 0xc1)
					}
				}
			}
		}
		f.Add(append([]byte{0}, packed...))
	}
	e := start(f)
	f.Fuzz(func(t *testing.T, said []byte) {
		if len(said) > maxFuzzBytes {
			return
		}
		encoding, between := protocol.JSON, "\n"
		if len(said) > 0 && said[0] == 0 {
			encoding, between, said = protocol.MessagePack, "\xc1", said[1:]
		} else if !utf8.Valid(said) {
			return // the WebSocket refuses it
		}
		here := &edge{t: t, Handler: e.Handler, url: e.url}
		c := here.dialIn(encoding)
		defer c.ws.CloseNow()
		open := 0 // commands that are to be answered
		for message := range bytes.SplitSeq(said, []byte(between)) {
			commands, err := encoding.DecodeCommands(message, maxCommands)
			if open += len(commands); err != nil {
				open++
			}
			if c.ws.Write(patience(t), frameOf(encoding), message) != nil {
				break // it has been closed
			}
		}
		for open > 0 {
			it, err := c.read()
			if code := websocket.CloseCodeOf(err); code != 0 {
				if !slices.Contains([]websocket.CloseCode{4400, websocket.CloseTryAgainLater}, code) {
					t.Errorf("closed: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if it.Reply != nil {
				if open--; it.Reply.Err != nil && it.Reply.Err.Code == protocol.CodeInternal {
					t.Errorf("a fault: %v", it.Reply.Err)
				}
			}
		}
	})
}
