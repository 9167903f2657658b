package api

import (
	"bytes"
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/websocket"
)

// payload returns the bytes that data stands for: those of a text, of the compact text of another JSON value, or of
// base64.
func (c *content) payload() ([]byte, websocket.MessageType, error) {
	switch c.Data.Kind() {
	case 0:
		return nil, 0, badRequest("there is no data; write what to publish: a text, another JSON value, or base64 with binary")
	case '"':
	default:
		if c.Binary {
			return nil, 0, badRequest("binary data is a text in base64; write it as one, or leave binary out")
		}
		compact := c.Data.Clone()
		if err := compact.Compact(); err != nil {
			return nil, 0, badRequest("the data is no JSON value")
		}
		return compact, websocket.Text, nil
	}
	text, err := jsontext.AppendUnquote(nil, c.Data)
	if err != nil {
		return nil, 0, badRequest("the data is no text")
	}
	if !c.Binary {
		return text, websocket.Text, nil
	}
	raw, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	if err != nil || bytes.ContainsAny(text, "\r\n") { // which the decoder would overlook
		return nil, 0, badRequest("binary data is base64 with padding (RFC 4648 section 4), and this is not")
	}
	return raw, websocket.Binary, nil
}
