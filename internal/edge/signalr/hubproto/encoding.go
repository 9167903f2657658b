package hubproto

import (
	"errors"
	"fmt"
)

// Encoding is how messages are written, by the name that a handshake has for it.
type Encoding string

// The encodings.
const (
	InJSON        Encoding = "json"
	InMessagePack Encoding = "messagepack"
)

// Binary tells whether messages are bytes, and not text.
func (e Encoding) Binary() bool { return e == InMessagePack }

// Append appends a message with its frame: what ends it in JSON, or its length before it in MessagePack.
func (e Encoding) Append(dst []byte, m Message) []byte {
	if e == InMessagePack {
		return appendPacked(dst, m)
	}
	return append(appendJSON(dst, m), separator)
}

// Decode reads a message without its frame. The message is a copy: calls and streams outlive the buffer of a connection. A
// message of a type that nobody knows yet is nil, and is to be ignored. The error is a fault of whoever has
// sent it: the connection is to be closed.
func (e Encoding) Decode(frame []byte) (Message, error) {
	if e == InMessagePack {
		return decodePacked(frame)
	}
	return decodeJSON(frame)
}

// Limits of a message, whatever its size.
const (
	MaxArguments = 256 // of an Invocation, and likewise of its streams
	MaxIDBytes   = 256 // of an ID or the name of a method
	MaxDepth     = 64  // of arrays and objects in a value of MessagePack
)

// check refuses what a message must not be, however it was written.
func check(m Message) error {
	switch m := m.(type) {
	case *Invocation:
		switch {
		case m.Target == "" || len(m.Target) > MaxIDBytes:
			return fmt.Errorf("an invocation has a target of 1 to %d bytes", MaxIDBytes)
		case m.Streaming && m.ID == "":
			return errors.New("a stream invocation has an invocationId")
		case len(m.Arguments) > MaxArguments || len(m.Streams) > MaxArguments:
			return fmt.Errorf("an invocation has at most %d arguments and as many streams", MaxArguments)
		}
		for _, id := range m.Streams {
			if err := checkID(id); err != nil {
				return err
			}
		}
		if len(m.ID) > MaxIDBytes {
			return checkID(m.ID)
		}
	case *StreamItem:
		if m.Item.IsZero() {
			return errors.New("a stream item has an item")
		}
		return checkID(m.ID)
	case *Completion:
		if m.Error != "" && !m.Result.IsZero() {
			return errors.New("a completion has a result or an error, not both")
		}
		return checkID(m.ID)
	case *CancelInvocation:
		return checkID(m.ID)
	}
	return nil
}

func checkID(id string) error {
	if id == "" || len(id) > MaxIDBytes {
		return fmt.Errorf("an invocationId has 1 to %d bytes", MaxIDBytes)
	}
	return nil
}
