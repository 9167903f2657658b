package wstest

import (
	"fmt"
	"strings"
)

// closingCases are about the closing handshake (RFC 6455 sections 5.5.1, 7.1 and 7.4).
func closingCases() []Case {
	return append(closingOrderCases(), closingPayloadCases()...)
}

func closingCase(id, name, rfc string, talk func(*peer)) Case {
	return Case{ID: "closing/" + id, Name: name, RFC: rfc, talk: talk}
}

// closingOrderCases are about what comes around a close frame.
func closingOrderCases() []Case {
	const afterClose = "6455 §5.5.1, §1.4: after receiving a close frame, data behind it is discarded"
	normal := closing(1000, "")
	// A close frame may overtake answers that are not written yet, but never come before those that the
	// peer has waited for.
	closed := func(id, name string, before []event, frames ...frame) Case {
		return closingCase(id, name, afterClose, func(p *peer) {
			p.send(frames...)
			p.expectClose([]int{1000}, before...)
		})
	}
	good := []event{echoOf(text("good"))}
	return []Case{
		closingCase("after-echo", "A close frame after an echo is answered with its code, and the server closes the transport first.", "6455 §5.5.1, §7.1.1", func(p *peer) {
			p.exchange(text("good"))
			p.finish()
		}),
		closingCase("at-once", "A close frame that is the first frame is answered.", "6455 §5.5.1", func(p *peer) { p.finish() }),
		closingCase("bytewise", "A close frame that arrives byte by byte is answered.", "6455 §5.5.1", func(p *peer) {
			p.sendInPieces(1, closing(1000, "byte by byte"))
			p.expectClose([]int{1000})
		}),
		closed("behind-message", "A close frame in the same segment as a message is answered; the message may be echoed before it.", good, text("good"), normal),
		closed("second-close", "A second close frame is not answered.", nil, normal, closing(1001, "again")),
		closed("text-behind", "Text behind a close frame is not echoed.", nil, normal, text("too late")),
		closed("ping-behind", "A ping behind a close frame is not answered.", nil, normal, ping("too late")),
		closed("much-behind", "Much data behind a close frame does not keep the close frame's answer from arriving.", nil, normal, messageOf("binary", 200000)),
		closed("garbage-behind", "Broken frames behind a close frame are not looked at.", nil, normal, text("x").withBits(rsv1|rsv2|rsv3), frame{first: 0x83}),
		closed("inside-message", "A close frame inside a fragmented message is answered, and the message is not echoed.", nil, begin(opText, "frag"), normal),
		closed("inside-message-end-behind", "A close frame between fragments is answered, and what is behind it is not echoed.", nil, begin(opText, "frag"), normal, end("ments")),
		closingCase("inside-message-then-ping", "A close frame between fragments is answered, and a ping before it is too.", "6455 §5.5.1", func(p *peer) {
			p.exchange(begin(opText, "frag"), ping("still open"))
			p.send(normal)
			p.expectClose([]int{1000})
		}),
		closingCase("after-large", "A close frame behind a large message, all of it sent at once, is answered.", "6455 §5.5.1", func(p *peer) {
			if big := messageOf("binary", 1<<18); p.fits(1 << 18) {
				p.send(big, normal)
				p.expectClose([]int{1000}, echoOf(big))
			}
		}),
		{ID: "closing/transport-cut", Side: Server, Name: "A client that vanishes without a close frame, in the middle of a frame, does not harm others.", RFC: "6455 §7.1.5",
			run: func(x *exam) {
				for _, b := range []string{"", "\x81", "\x81\x85", "\x81\x85abcdhe", "\x81\xfe\xff", "\x01\x85abcdhello"} {
					if p := x.connect(opening{}); p != nil {
						p.write([]byte(b))
						p.conn.Close()
					}
				}
				if p := x.connect(opening{}); p != nil {
					p.exchange(text("served all the same"))
					p.finish()
				}
			}},
		closingCase("half-closed", "An endpoint whose peer ends its half of the transport without a close frame ends the connection.", "6455 §7.1.5", func(p *peer) {
			p.exchange(text("good"))
			p.closeHalf()
			const expected = "the end of the connection"
			ev := p.next(expected)
			if ev.kind == gotClose { // it need not say so, but may
				ev = p.next(expected)
			}
			if ev.kind != gotEnd {
				p.x.fail(expected, ev.String())
			}
			p.ended = true
		}),
	}
}

// closingPayloadCases are about the code and reason of a close frame.
func closingPayloadCases() []Case {
	const rfc = "6455 §5.5.1, §7.4"
	var cases []Case
	answered := func(id, name string, f frame, codes ...int) {
		cases = append(cases, closingCase(id, name, rfc, func(p *peer) {
			p.send(f)
			p.expectClose(codes)
		}))
	}
	answered("empty", "A close frame without a code is answered with one without, or with 1000.", closingWith(""), noCode, 1000)
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		answered(fmt.Sprintf("code-%d", code), fmt.Sprintf("The code %d may be sent and is answered with itself.", code), closing(code, "why"), code)
	}
	for _, reason := range []struct{ id, reason string }{
		{"one", "x"}, {"short", "going home"}, {"unicode", "tschüß 日本 🦀"},
		{"longest", strings.Repeat("r", 123)}, {"longest-unicode", strings.Repeat("é", 61) + "!"},
	} {
		answered("reason-"+reason.id, "A close frame with a reason ("+reason.id+") is answered with its code.", closing(1000, reason.reason), 1000)
	}

	refused := func(id, name string, f frame, codes ...int) {
		cases = append(cases, closingCase(id, name, rfc, func(p *peer) {
			p.exchange(text("good"))
			p.send(f, ping("too late"))
			p.closeSent = false // it was no right close frame, so the refusal may be answered
			p.expectFail(codes)
		}))
	}
	for _, code := range []int{0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 10000, 65535} {
		refused(fmt.Sprintf("bad-code-%d", code), fmt.Sprintf("The code %d may not be sent and is refused with 1002.", code), closing(code, ""), 1002)
		refused(fmt.Sprintf("bad-code-%d-reason", code), fmt.Sprintf("The code %d with a reason may not be sent and is refused with 1002.", code), closing(code, "why"), 1002)
	}
	refused("one-byte", "A close frame with a payload of one byte is refused with 1002.", closingWith("\x03"), 1002)
	refused("too-long", "A close frame with a reason of 124 bytes is refused with 1002.", closing(1000, strings.Repeat("r", 124)), 1002)
	refused("much-too-long", "A close frame of 70,000 bytes is refused with 1002.", closing(1000, strings.Repeat("r", 70000)), 1002)
	for _, s := range append(invalidSequences[:len(invalidSequences):len(invalidSequences)], cutSequences...) {
		// The RFC has no code of its own for a reason that is not UTF-8.
		refused("bad-reason-"+s.id, "A close reason with "+s.what+" is refused with 1007 or 1002.", closing(1000, "why "+s.bytes), 1007, 1002)
	}
	return cases
}
