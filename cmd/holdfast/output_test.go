package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMessagesAreALineEach(t *testing.T) {
	long := bytes.Repeat([]byte{0xab}, 123)
	for _, test := range []struct {
		name    string
		printer messagePrinter
		typ     websocket.MessageType
		payload string
		want    string
	}{
		{"text in a pipe is raw", messagePrinter{}, websocket.Text, "a\x1b[31m", "a\x1b[31m\n"},
		{"text on a terminal is harmless", messagePrinter{terminal: true}, websocket.Text, "a\x1b[31m", "a␛[31m\n"},
		{"empty text is an empty line", messagePrinter{}, websocket.Text, "", "\n"},
		{"no bytes", messagePrinter{}, websocket.Binary, "", "binary, 0 bytes\n"},
		{"one byte", messagePrinter{}, websocket.Binary, "\x0f", "binary, 1 byte: 0f\n"},
		{"32 bytes are shown in full", messagePrinter{}, websocket.Binary, string(long[:32]), "binary, 32 bytes: " + strings.Repeat("ab", 32) + "\n"},
		{"of more bytes, 32 are shown", messagePrinter{}, websocket.Binary, string(long), "binary, 123 bytes: " + strings.Repeat("ab", 32) + "…\n"},
		{"text in JSON", messagePrinter{json: true}, websocket.Text, `<b>"ü"` + "\n", `{"type":"text","data":"<b>\"ü\"\n"}` + "\n"},
		{"bytes in JSON are base64, in full", messagePrinter{json: true}, websocket.Binary, "\xff\x00\xfe", `{"type":"binary","data":"/wD+"}` + "\n"},
		{"no bytes in JSON", messagePrinter{json: true}, websocket.Binary, "", `{"type":"binary","data":""}` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			test.printer.w = &out
			if err := test.printer.print(test.typ, []byte(test.payload)); err != nil || out.String() != test.want {
				t.Errorf("printed %q, %v; want %q", out.String(), err, test.want)
			}
		})
	}
}
