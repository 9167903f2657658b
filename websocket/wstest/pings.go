package wstest

import (
	"fmt"
	"strings"
)

// pingCases are about pings and pongs (RFC 6455 sections 5.5.2 and 5.5.3).
func pingCases() []Case {
	const rfc = "6455 §5.5, §5.5.2, §5.5.3"
	var cases []Case
	add := func(id, name string, talk func(*peer)) {
		cases = append(cases, Case{ID: "pings/" + id, Name: name, RFC: rfc, talk: talk})
	}
	for _, size := range []int{0, 1, 8, 64, 124, 125} {
		payload := strings.Repeat("p", size)
		add(fmt.Sprintf("payload-%d", size), fmt.Sprintf("A ping with %d bytes is answered by a pong with the same.", size),
			func(p *peer) { p.exchange(ping(payload)) })
	}
	all := make([]byte, 125)
	for i := range all {
		all[i] = byte(255 - 2*i)
	}
	binary := string(all)
	add("payload-binary", "A ping with bytes that are not UTF-8 is answered by a pong with the same.",
		func(p *peer) { p.exchange(ping(binary), ping("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")) })
	add("payload-125-bytewise", "A ping that arrives byte by byte is answered.",
		func(p *peer) { p.exchangeInPieces(1, ping(binary)) })
	for _, size := range []int{126, 127, 65536} {
		long := strings.Repeat("p", size)
		add(fmt.Sprintf("ping-too-long-%d", size), fmt.Sprintf("A ping with %d bytes, more than 125, fails the connection.", size),
			func(p *peer) { p.send(ping(long)); p.expectFail(protocolError) })
		add(fmt.Sprintf("pong-too-long-%d", size), fmt.Sprintf("A pong with %d bytes, more than 125, fails the connection.", size),
			func(p *peer) { p.send(pong(long)); p.expectFail(protocolError) })
	}
	add("pong-unsolicited-empty", "A pong that nobody asked for is not answered.",
		func(p *peer) { p.send(pong("")); p.exchange(ping("barrier")) })
	add("pong-unsolicited", "A pong that nobody asked for, with a payload, is not answered.",
		func(p *peer) { p.send(pong("nobody asked")); p.exchange(ping("barrier")); p.exchange(text("barrier")) })
	add("pong-then-ping", "A pong that nobody asked for does not keep the ping behind it from being answered.",
		func(p *peer) { p.exchange(pong("nobody asked"), ping("but now"), text("x")) })
	add("ten-awaited", "Ten pings, each sent after the pong before, are each answered.", func(p *peer) {
		for i := range 10 {
			p.exchange(ping(fmt.Sprintf("ping %d", i)))
		}
	})
	ten := make([]frame, 10)
	for i := range ten {
		ten[i] = ping(fmt.Sprintf("ping %d", i))
	}
	add("ten-in-one-segment", "Of ten pings in one segment at least the last is answered, and none out of order.",
		func(p *peer) { p.exchange(ten...) })
	add("ten-in-a-row", "Of ten pings sent in a row at least the last is answered, and none out of order.",
		func(p *peer) { p.sendEach(ten...); p.expect(answersTo(ten)...) })
	add("ten-bytewise", "Of ten pings sent byte by byte at least the last is answered, and none out of order.",
		func(p *peer) { p.exchangeInPieces(1, ten...) })
	add("between-messages", "Pings between messages are answered and the messages echoed.",
		func(p *peer) { p.exchange(ping("a"), text("one"), ping("b"), text("two"), ping("c")) })
	add("between-fragments", "A ping between the fragments of a message is answered, and the message echoed.",
		func(p *peer) { p.exchange(begin(opText, "frag"), ping("between"), end("ments")) })
	add("between-fragments-bytewise", "A ping between fragments is answered, and the message echoed, if all of it arrives byte by byte.",
		func(p *peer) { p.exchangeInPieces(1, begin(opText, "frag"), ping("between"), end("ments")) })
	add("answered-inside-a-message", "A ping is answered before the fragmented message around it has ended.", func(p *peer) {
		p.exchange(begin(opText, "frag"), ping("now"))
		p.exchange(more("me"), ping("and now"))
		p.send(end("nts"))
		p.expect(echoOf(text("fragments")))
	})
	add("empty-between-fragments", "An empty ping and a pong between fragments leave the message as it is.",
		func(p *peer) { p.exchange(begin(opBinary, "a"), pong("x"), more("b"), ping(""), pong(""), end("c")) })
	return cases
}
