package cluster

import (
	"encoding/binary"
	"errors"
)

// frame is what goes over the bus: one byte for the version of this format, one for the kind, the id of the sender and
// the topic, each behind its length in one byte, a number, and the body.
type frame struct {
	kind   kind
	from   string
	topic  string // of an answer: the status
	number uint64
	body   []byte
}

type kind byte

const (
	kindHere   kind = 'h' // a heartbeat, in JSON
	kindBye    kind = 'b'
	kindTell   kind = 't'
	kindAsk    kind = 'q' // the number is the question's; the body begins with how many milliseconds there are
	kindAnswer kind = 'a' // likewise; the topic is a status
	kindRows   kind = 'r' // a question for a page of a table; the body is the key behind which it begins
	kindDelta  kind = 'd' // changes of a table; the number counts them
)

const (
	frameVersion   = 1
	maxNameBytes   = 255 // of a topic, or of a table
	maxHeaderBytes = 1 << 10
)

var errFrame = errors.New("not a frame of this version")

// append appends f as it is sent.
func (f *frame) append(dst []byte) []byte {
	dst = append(dst, frameVersion, byte(f.kind), byte(len(f.from)))
	dst = append(append(dst, f.from...), byte(len(f.topic)))
	dst = binary.AppendUvarint(append(dst, f.topic...), f.number)
	return append(dst, f.body...)
}

// parseFrame reads what append writes. The body is a part of b.
func parseFrame(b []byte) (f frame, err error) {
	if len(b) < 2 || b[0] != frameVersion {
		return f, errFrame
	}
	f.kind, b = kind(b[1]), b[2:]
	for _, name := range []*string{&f.from, &f.topic} {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return f, errFrame
		}
		end := 1 + int(b[0])
		*name, b = string(b[1:end]), b[end:]
	}
	number, n := binary.Uvarint(b)
	if n <= 0 || f.from == "" {
		return f, errFrame
	}
	f.number, f.body = number, b[n:]
	return f, nil
}

// row is one row of a table, or that there is none any more (a nil value).
type row struct {
	key   string
	value []byte
}

func (r row) bytes() int { return 2*binary.MaxVarintLen32 + len(r.key) + len(r.value) }

// appendRow appends a row as it is sent: the key behind its length, and the value behind its length and one more, or 0.
func appendRow(dst []byte, r row) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(len(r.key))), r.key...)
	if r.value == nil {
		return append(dst, 0)
	}
	return append(binary.AppendUvarint(dst, uint64(len(r.value))+1), r.value...)
}

// parseRows reads what appendRow writes, all of it or nothing. The values are parts of b.
func parseRows(b []byte) (rows []row, err error) {
	for len(b) > 0 {
		var r row
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return nil, errFrame
		}
		r.key, b = string(b[n:n+int(length)]), b[n+int(length):]
		length, n = binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n)+1 {
			return nil, errFrame
		}
		b = b[n:]
		if length > 0 {
			r.value, b = b[:length-1:length-1], b[length-1:]
		}
		rows = append(rows, r)
	}
	return rows, nil
}
