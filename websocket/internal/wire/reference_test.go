package wire

import (
	"fmt"
	"strings"
)

// reference reads a whole stream the plain way, by RFC 6455 section 5 and nothing of the Parser, and says what it means. Of a violation
// it gives only the close code.
func reference(role Role, maxMessage uint64, stream []byte) (out outcome) {
	var (
		kind    string // of the message being read, "" between messages
		message []byte
	)
	violated := func(code int) outcome {
		out.Violation = fmt.Sprintf("close %d", code)
		return out
	}
	for {
		out.InMessage = kind != ""
		if len(stream) < 2 {
			return out
		}
		fin, rsv, op := stream[0]>>7 == 1, stream[0]>>4&7, stream[0]&15
		masked, length := stream[1]>>7 == 1, uint64(stream[1]&127)
		name, known := map[byte]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}[op]
		control := op >= 8
		switch {
		case rsv != 0, !known, masked != (role == Server):
			return violated(1002)
		case control && (!fin || length > 125):
			return violated(1002)
		case op == 0 && kind == "", op != 0 && !control && kind != "":
			return violated(1002)
		}

		header, smallest := 2, uint64(0)
		switch length {
		case 126:
			header, smallest = 4, 126
		case 127:
			header, smallest = 10, 65536
		}
		key := []byte{0, 0, 0, 0}
		if masked {
			header += 4
		}
		if len(stream) < header {
			return out
		}
		if smallest > 0 {
			length = 0
			for _, c := range stream[2:][:map[uint64]int{126: 2, 65536: 8}[smallest]] {
				length = length*256 + uint64(c)
			}
			if length < smallest || length > 1<<63-1 {
				return violated(1002)
			}
		}
		if masked {
			key = stream[header-4 : header]
		}
		if !control && (length > maxMessage || uint64(len(message)) > maxMessage-length) {
			return violated(1009)
		}
		var payload []byte
		for i, c := range stream[header:] {
			if uint64(i) == length {
				break
			}
			payload = append(payload, c^key[i%4])
		}
		whole := uint64(len(payload)) == length
		if control {
			if !whole {
				return out
			}
			out.Events = append(out.Events, fmt.Sprintf("%s %q", name, payload))
			stream = stream[header+len(payload):]
			continue
		}
		if op != 0 {
			kind = name
		}
		message = append(message, payload...)
		ends := whole && fin
		if kind == "text" && (!isPrefix(message) || ends && strings.ToValidUTF8(string(message), "") != string(message)) {
			return violated(1007)
		}
		if !whole {
			out.InMessage = true
			return out
		}
		if ends {
			out.Events = append(out.Events, fmt.Sprintf("%s %q", kind, message))
			kind, message = "", nil
		}
		stream = stream[header+len(payload):]
	}
}
