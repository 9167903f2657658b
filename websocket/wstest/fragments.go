package wstest

import (
	"fmt"
	"strings"
)

// fragmentCases are about messages in several frames (RFC 6455 section 5.4).
func fragmentCases() []Case {
	return append(wholeFragmentCases(), brokenFragmentCases()...)
}

func fragmentCase(id, name string, talk func(*peer)) Case {
	return Case{ID: "fragments/" + id, Name: name, RFC: "6455 §5.4, §5.5", talk: talk}
}

// wholeFragmentCases are about messages whose frames are right.
func wholeFragmentCases() []Case {
	var cases []Case
	for _, kind := range []string{"text", "binary"} {
		op := messageOf(kind, 0).first &^ finBit
		for _, c := range []struct {
			id, what string
			frames   []frame
		}{
			{"two", "in two frames", []frame{begin(op, "frag"), end("ments")}},
			{"three", "in three frames", []frame{begin(op, "fr"), more("agm"), end("ents")}},
			{"first-empty", "whose first fragment is empty", []frame{begin(op, ""), end("fragments")}},
			{"last-empty", "whose last fragment is empty", []frame{begin(op, "fragments"), end("")}},
			{"middle-empty", "with an empty fragment in the middle", []frame{begin(op, "frag"), more(""), end("ments")}},
			{"all-empty", "whose three fragments are empty", []frame{begin(op, ""), more(""), end("")}},
			{"many-empty", "with a hundred empty fragments among others", manyEmpty(op)},
			{"one-byte-each", "whose fragments have one byte each", fragments(op, []byte("fragments of one byte each"), 1)},
			{"thousand", "in a thousand frames", fragments(op, messageOf("text", 4000).payload, 4)},
			{"uneven", "whose fragments have lengths in each form of header", []frame{begin(op, "a"), more(strings.Repeat("b", 126)), more(strings.Repeat("c", 66000)), end("d")}},
		} {
			what := fmt.Sprintf("A %s message %s", kind, c.what)
			talk := func(exchange func(*peer)) func(*peer) {
				return func(p *peer) {
					if c.id != "uneven" || p.fits(66128) {
						exchange(p)
					}
				}
			}
			cases = append(cases,
				fragmentCase(kind+"-"+c.id, what+" is echoed.", talk(func(p *peer) { p.exchange(c.frames...) })),
				fragmentCase(kind+"-"+c.id+"-apart", what+" that arrive apart is echoed.", talk(func(p *peer) {
					p.sendEach(c.frames...)
					p.expect(answersTo(c.frames)...)
				})))
			if len(c.frames) < 10 && c.id != "uneven" {
				cases = append(cases, fragmentCase(kind+"-"+c.id+"-bytewise", what+" that arrive byte by byte is echoed.",
					func(p *peer) { p.exchangeInPieces(1, c.frames...) }))
			}
		}
	}
	return append(cases,
		fragmentCase("ping-after-each", "Pings behind each fragment are answered, and the message is echoed.", func(p *peer) {
			p.exchange(begin(opText, "one"), ping("1"), more("two"), ping("2"), more("three"), ping("3"), end("four"))
		}),
		fragmentCase("pong-after-each", "Pongs behind each fragment change nothing.", func(p *peer) {
			p.exchange(begin(opText, "one"), pong("1"), more("two"), pong("2"), end("three"))
		}),
		fragmentCase("message-after-message", "A fragmented message, a whole one and a fragmented one of the other kind are echoed, in order.", func(p *peer) {
			p.exchange(begin(opText, "one"), end("two"), text("three"), begin(opBinary, "four"), more("five"), end("six"), text("seven"))
		}),
		fragmentCase("interleaved-chopped", "Fragments with pings between them, in pieces of three bytes, are put together.", func(p *peer) {
			p.exchangeInPieces(3, begin(opBinary, "one"), ping("1"), more("two"), ping("2"), end("three"), text("four"))
		}),
	)
}

func manyEmpty(op byte) []frame {
	frames := []frame{begin(op, "frag")}
	for range 100 {
		frames = append(frames, more(""))
	}
	return append(frames, end("ments"))
}

// brokenFragmentCases are about frames in an order that is not allowed.
func brokenFragmentCases() []Case {
	var cases []Case
	add := func(id, name string, before []event, frames ...frame) {
		fails := func(send func(p *peer)) func(p *peer) {
			return func(p *peer) {
				send(p)
				p.expectFail(protocolError, before...)
			}
		}
		cases = append(cases, fragmentCase(id, name, fails(func(p *peer) { p.send(frames...) })),
			fragmentCase(id+"-bytewise", strings.TrimSuffix(name, ".")+", byte by byte too.", fails(func(p *peer) { p.sendInPieces(1, frames...) })))
	}
	whole := []event{echoOf(text("whole"))}
	add("end-without-begin", "A last fragment without a first one fails the connection.", nil, end("lost"), text("too late"))
	add("more-without-begin", "A middle fragment without a first one fails the connection.", nil, more("lost"), text("too late"))
	add("empty-end-without-begin", "An empty last fragment without a first one fails the connection.", nil, end(""))
	add("empty-more-without-begin", "An empty middle fragment without a first one fails the connection.", nil, more(""))
	add("end-after-whole", "A last fragment behind a whole message fails the connection.", whole, text("whole"), end("lost"), text("too late"))
	add("more-after-whole", "A middle fragment behind a whole message fails the connection.", whole, text("whole"), more("lost"), text("too late"))
	add("end-after-end", "A last fragment behind a last fragment fails the connection.", []event{echoOf(text("whole"))}, begin(opText, "who"), end("le"), end("lost"))
	add("text-inside-text", "A text frame inside a fragmented text message fails the connection.", nil, begin(opText, "frag"), text("whole"), end("ments"))
	add("binary-inside-text", "A binary frame inside a fragmented text message fails the connection.", nil, begin(opText, "frag"), binaryOf([]byte("whole")), end("ments"))
	add("text-inside-binary", "A text frame inside a fragmented binary message fails the connection.", nil, begin(opBinary, "frag"), text("whole"), end("ments"))
	add("begin-inside-message", "A second first fragment fails the connection.", nil, begin(opText, "frag"), begin(opText, "ments"), end("ments"))
	add("empty-inside-message", "An empty text frame inside a fragmented message fails the connection.", nil, begin(opText, "frag"), text(""), end("ments"))
	add("text-after-empty-begin", "A text frame behind an empty first fragment fails the connection.", nil, begin(opText, ""), text("whole"))
	add("text-after-ping-inside", "A text frame inside a fragmented message fails the connection, a ping before it or not.", []event{pongOf("x")}, begin(opText, "frag"), ping("x"), text("whole"))
	for _, c := range []struct {
		name    string
		control frame
	}{{"ping", ping("frag")}, {"empty-ping", ping("")}, {"pong", pong("frag")}, {"close", closing(1000, "frag")}, {"empty-close", closingWith("")}} {
		add(c.name+"-fragmented", "A control frame ("+c.name+") without FIN fails the connection.", nil, c.control.withoutFin(), end("ments"), ping("too late"))
		add(c.name+"-fragmented-inside", "A control frame ("+c.name+") without FIN inside a fragmented message fails the connection.", nil,
			begin(opText, "frag"), c.control.withoutFin(), end("ments"))
	}
	return cases
}
