package hubproto

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// wire is any message in JSON. Fields that it does not have are ignored, such as headers.
type wire struct {
	Type         int              `json:"type"`
	InvocationID string           `json:"invocationId"`
	Target       string           `json:"target"`
	Arguments    []jsontext.Value `json:"arguments"`
	StreamIDs    []string         `json:"streamIds"`
	Item         jsontext.Value   `json:"item"`
	Result       jsontext.Value   `json:"result"`
	Error        string           `json:"error"`
	AllowReconn  bool             `json:"allowReconnect"`
	SequenceID   uint64           `json:"sequenceId"`
}

func decodeJSON(frame []byte) (Message, error) {
	var w wire
	if err := json.Unmarshal(frame, &w); err != nil {
		return nil, fmt.Errorf("the message is not one of the hub protocol in JSON: %w", err)
	}
	m := w.message()
	if m == nil {
		return nil, nil
	}
	return m, check(m)
}

// message returns nil for a type that nobody knows.
func (w *wire) message() Message {
	switch w.Type {
	case typeInvocation, typeStreamInvocation:
		m := &Invocation{ID: w.InvocationID, Target: w.Target, Streams: w.StreamIDs, Streaming: w.Type == typeStreamInvocation}
		for _, a := range w.Arguments {
			m.Arguments = append(m.Arguments, Value{json: a})
		}
		return m
	case typeStreamItem:
		return &StreamItem{w.InvocationID, Value{json: w.Item}}
	case typeCompletion:
		return &Completion{w.InvocationID, Value{json: w.Result}, w.Error}
	case typeCancelInvocation:
		return &CancelInvocation{w.InvocationID}
	case typePing:
		return new(Ping)
	case typeClose:
		return &Close{w.Error, w.AllowReconn}
	case typeAck:
		return &Ack{w.SequenceID}
	case typeSequence:
		return &Sequence{w.SequenceID}
	}
	return nil
}

// appendJSON appends a message without its frame.
func appendJSON(dst []byte, m Message) []byte {
	switch m := m.(type) {
	case *Invocation:
		typ := typeInvocation
		if m.Streaming {
			typ = typeStreamInvocation
		}
		return appendInvocation(dst, typ, m)
	case *StreamItem:
		dst = appendID(appendType(dst, typeStreamItem), m.ID)
		dst = m.Item.AppendJSON(append(dst, `,"item":`...))
	case *Completion:
		dst = appendID(appendType(dst, typeCompletion), m.ID)
		switch {
		case m.Error != "":
			dst = appendQuoted(append(dst, `,"error":`...), m.Error)
		case !m.Result.IsZero():
			dst = m.Result.AppendJSON(append(dst, `,"result":`...))
		}
	case *CancelInvocation:
		dst = appendID(appendType(dst, typeCancelInvocation), m.ID)
	case *Ping:
		dst = appendType(dst, typePing)
	case *Close:
		dst = appendType(dst, typeClose)
		if m.Error != "" {
			dst = appendQuoted(append(dst, `,"error":`...), m.Error)
		}
		if m.AllowReconnect {
			dst = append(dst, `,"allowReconnect":true`...)
		}
	case *Ack:
		dst = appendSequence(appendType(dst, typeAck), m.Sequence)
	case *Sequence:
		dst = appendSequence(appendType(dst, typeSequence), m.Sequence)
	}
	return append(dst, '}')
}

func appendInvocation(dst []byte, typ int, m *Invocation) []byte {
	dst = appendType(dst, typ)
	if m.ID != "" {
		dst = appendID(dst, m.ID)
	}
	dst = appendQuoted(append(dst, `,"target":`...), m.Target)
	dst = append(dst, `,"arguments":[`...)
	for i, a := range m.Arguments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = a.AppendJSON(dst)
	}
	dst = append(dst, ']')
	if len(m.Streams) > 0 {
		dst = append(dst, `,"streamIds":[`...)
		for i, id := range m.Streams {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendQuoted(dst, id)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendType(dst []byte, typ int) []byte {
	return strconv.AppendInt(append(dst, `{"type":`...), int64(typ), 10)
}

func appendID(dst []byte, id string) []byte {
	return appendQuoted(append(dst, `,"invocationId":`...), id)
}

func appendSequence(dst []byte, n uint64) []byte {
	return strconv.AppendUint(append(dst, `,"sequenceId":`...), n, 10)
}

// appendQuoted appends text. What is not UTF-8 in it becomes U+FFFD; the error says no more than that.
func appendQuoted(dst []byte, s string) []byte {
	quoted, _ := jsontext.AppendQuote(dst, s)
	return quoted
}
