package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// events reads server-sent events (HTML standard, section 9.2), as a Holdfast server writes them: a lone CR does not end
// a line.
type events struct {
	r    *bufio.Reader
	most int64  // bytes of the data of an event
	line []byte // reused
	data []byte // reused
}

var errEventTooLarge = errors.New("an event is larger than Options.WebSocket.MaxMessageBytes")

// nameBytes is room for the name of a field, and for the value of any but data.
const nameBytes = 1 << 10

func newEvents(r io.Reader, most int64) *events {
	return &events{r: bufio.NewReader(r), most: most}
}

// next returns the next event that has data: its type, "message" if none is given, and the data, which is valid until
// the next call.
func (e *events) next() (event string, data []byte, err error) {
	e.data = e.data[:0]
	event, has := "", false
	for {
		line, err := e.readLine()
		if err != nil {
			return "", nil, err
		}
		if len(line) == 0 {
			if has {
				break
			}
			event = ""
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			event = string(value)
		case "data":
			if has {
				e.data = append(e.data, '\n')
			}
			if int64(len(e.data)+len(value)) > e.most {
				return "", nil, errEventTooLarge
			}
			e.data, has = append(e.data, value...), true
		}
	}
	if event == "" {
		event = "message"
	}
	return event, e.data, nil
}

// readLine returns the next line without its end.
func (e *events) readLine() ([]byte, error) {
	e.line = e.line[:0]
	for {
		part, err := e.r.ReadSlice('\n')
		if int64(len(e.line)+len(part)) > e.most+nameBytes {
			return nil, errEventTooLarge
		}
		e.line = append(e.line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(e.line) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		default:
			line := e.line[:len(e.line)-1]
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
	}
}
