package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/holdfast-dev/holdfast/websocket"
)

// shownBytes is how much of a binary message is shown, in bytes.
const shownBytes = 32

// messagePrinter writes received messages, a line each.
type messagePrinter struct {
	w        io.Writer
	terminal bool // w is a terminal: text is made harmless with visible
	json     bool // a JSON object a line, in full
}

// print writes one message with one call of Write. It does not keep or change the payload.
func (p *messagePrinter) print(typ websocket.MessageType, payload []byte) error {
	var line []byte
	switch {
	case p.json:
		line = jsonLine(typ, payload)
	case typ == websocket.Binary:
		line = []byte(describeBinary(payload) + "\n")
	case p.terminal:
		line = []byte(visible(string(payload)) + "\n")
	default:
		line = append(make([]byte, 0, len(payload)+1), payload...) // not in place: the payload is borrowed
		line = append(line, '\n')
	}
	_, err := p.w.Write(line)
	return err
}

// jsonLine returns the message as one JSON object: text as a string, binary in base64.
func jsonLine(typ websocket.MessageType, payload []byte) []byte {
	var data any = payload
	if typ == websocket.Text {
		data = string(payload)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// Strings and byte slices always have a JSON form, so there is no error.
	_ = e.Encode(struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}{typ.String(), data})
	return b.Bytes()
}

// describeBinary tells of a binary message in one line: its size and the beginning, in hexadecimal.
func describeBinary(payload []byte) string {
	size := "binary, " + count(len(payload), "byte")
	switch {
	case len(payload) == 0:
		return size
	case len(payload) > shownBytes:
		return fmt.Sprintf("%s: %x…", size, payload[:shownBytes])
	}
	return fmt.Sprintf("%s: %x", size, payload)
}

// count returns n and the noun, in the plural where that is right: "1 byte", "2 bytes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
