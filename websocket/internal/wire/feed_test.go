package wire

import (
	"errors"
	"fmt"
	"slices"
)

// frame is a frame as a test describes it; bytes writes it without caring for any rule.
type frame struct {
	first   byte // FIN, RSV and opcode
	payload string
	masked  bool
}

var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d} // the key of RFC 6455 section 5.7

func (f frame) bytes() []byte {
	b := AppendHeader(nil, f.first&finBit != 0, Opcode(f.first&opMask), uint64(len(f.payload)), f.masked, testKey)
	b[0] = f.first
	at := len(b)
	b = append(b, f.payload...)
	if f.masked {
		Mask(b[at:], testKey, 0)
	}
	return b
}

// stream writes the frames one behind the other.
func stream(frames ...frame) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f.bytes()...)
	}
	return b
}

// outcome is what a stream means, whatever the pieces in which it came: whole messages and control frames in the
// order of their ends, and the violation that ended it.
type outcome struct {
	Events    []string
	InMessage bool
	Violation string
}

// feed runs a parser over the stream cut into the given piece lengths (the rest is the last piece), as a connection would: what a
// call does not consume is offered again with the next piece behind it. It fails the test if Next breaks its contract.
func feed(t failer, role Role, maxMessage uint64, input []byte, pieces ...int) outcome {
	t.Helper()
	var (
		p       Parser
		out     outcome
		message []byte
		open    bool
		buf     []byte
	)
	p.Init(role, maxMessage)
	input = slices.Clone(input)
	for i := 0; ; i++ {
		take := len(input)
		if i < len(pieces) {
			take = min(pieces[i], take)
		} else if len(input) == 0 {
			break
		}
		buf = append(buf, input[:take]...)
		input = input[take:]
		for {
			before := slices.Clone(buf)
			ev, n, err := p.Next(buf)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("Next returned %T, not *Error", err)
				}
				if len(e.Reason) > maxCloseReason {
					t.Fatalf("reason of %d bytes does not fit a close frame: %q", len(e.Reason), e.Reason)
				}
				if n != 0 || ev.Kind != KindNone || ev.Payload != nil {
					t.Fatalf("Next returned n=%d and %v along with an error", n, ev)
				}
				if _, _, again := p.Next(nil); again != err {
					t.Fatalf("Next returned %v after it had returned %v", again, err)
				}
				out.Violation = e.Error()
				out.InMessage = p.InMessage()
				return out
			}
			if n == 0 {
				if ev.Kind != KindNone {
					t.Fatalf("Next reported %v without consuming anything", ev)
				}
				if !slices.Equal(buf, before) {
					t.Fatal("Next changed bytes it did not consume")
				}
				if len(buf) >= MaxHeader+MaxControlPayload {
					t.Fatalf("Next consumed nothing of %d bytes", len(buf))
				}
				break
			}
			if !slices.Equal(buf[n:], before[n:]) {
				t.Fatal("Next changed bytes it did not consume")
			}
			switch ev.Kind {
			case KindNone:
			case KindData:
				if ev.First == open {
					t.Fatalf("First = %v on a chunk of a message that is open: %v", ev.First, open)
				}
				if len(ev.Payload) == 0 && !ev.Final {
					t.Fatal("an empty chunk that is not final")
				}
				message = append(message, ev.Payload...)
				open = !ev.Final
				if ev.Final {
					out.Events = append(out.Events, fmt.Sprintf("%v %q", ev.Opcode, message))
					message = nil
				}
				if ev.Final == p.InMessage() {
					t.Fatalf("InMessage() = %v on a chunk with Final = %v", p.InMessage(), ev.Final)
				}
			case KindPing, KindPong, KindClose:
				out.Events = append(out.Events, fmt.Sprintf("%v %q", ev.Opcode, ev.Payload))
			}
			buf = buf[n:]
		}
	}
	out.InMessage = p.InMessage()
	return out
}
