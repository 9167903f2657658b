package wstest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// kind is the kind of an event.
type kind uint8

const (
	gotMessage kind = iota // a whole message, fragments put together, inflated
	gotPing
	gotPong
	gotClose
	gotEnd    // the end of the transport
	gotBroken // something that breaks the protocol; payload says what
)

// event is what the endpoint under test has sent.
type event struct {
	kind    kind
	op      byte // of a message: opText or opBinary
	payload []byte
	code    int // of a close frame; noCode if it has none
}

// noCode stands for the code of a close frame that has none (RFC 6455 section 7.4.1).
const noCode = 1005

// echoOf is the message that a frame, or a message's frames together, must come back as.
func echoOf(frames ...frame) event {
	ev := event{kind: gotMessage, op: frames[0].first & 0x0F}
	for _, f := range frames {
		if f.first&0x0F < opClose {
			ev.payload = append(ev.payload, f.payload...)
		}
	}
	return ev
}

// pongOf is the pong that answers a ping.
func pongOf(payload string) event { return event{kind: gotPong, payload: []byte(payload)} }

func (e event) equal(o event) bool {
	return e.kind == o.kind && e.op == o.op && e.code == o.code && bytes.Equal(e.payload, o.payload)
}

// String says what e is, in a few words.
func (e event) String() string {
	switch e.kind {
	case gotMessage:
		if e.op == opText {
			return "text " + excerpt(e.payload, true)
		}
		return "binary " + excerpt(e.payload, false)
	case gotPing:
		return "ping " + excerpt(e.payload, false)
	case gotPong:
		return "pong " + excerpt(e.payload, false)
	case gotClose:
		if e.code == noCode {
			return "close without a code"
		}
		return fmt.Sprintf("close %d %q", e.code, e.payload)
	}
	return string(e.payload)
}

// excerpt shows the length of a payload and the beginning of it.
func excerpt(p []byte, asText bool) string {
	const most = 24
	cut := p[:min(len(p), most)]
	shown := fmt.Sprintf("%x", cut)
	if asText {
		shown = strconv.Quote(string(cut))
	}
	if len(p) > most {
		shown += "…"
	}
	return fmt.Sprintf("(%d bytes) %s", len(p), shown)
}

// list says what several events are.
func list(events []event) string {
	if len(events) == 0 {
		return "nothing"
	}
	var words []string
	for i, e := range events {
		if i == 3 && len(events) > 4 {
			words = append(words, fmt.Sprintf("%d more", len(events)-i))
			break
		}
		words = append(words, e.String())
	}
	return strings.Join(words, ", ")
}

// codeList says which close codes are right.
func codeList(codes []int) string {
	var words []string
	for _, c := range codes {
		if c == noCode {
			words = append(words, "no code")
		} else {
			words = append(words, strconv.Itoa(c))
		}
	}
	return strings.Join(words, " or ")
}
