package wstest

import "fmt"

// reservedCases are about the bits RSV1 to RSV3 without an extension that gives them a meaning.
func reservedCases() []Case {
	const rfc = "6455 §5.2: if a nonzero value is received and none of the negotiated extensions defines its meaning, the endpoint MUST fail the connection"
	var cases []Case
	add := func(id, name string, talk func(*peer)) {
		cases = append(cases, Case{ID: "reserved/" + id, Name: name, RFC: rfc, talk: talk})
	}
	for bits := byte(1); bits < 8; bits++ {
		set, bits := bitNames(bits), bits<<4
		for _, f := range []struct {
			name  string
			frame frame
		}{
			{"text", text("hello")}, {"binary", binaryOf([]byte("hello"))}, {"empty", text("")},
			{"ping", ping("hello")}, {"pong", pong("hello")}, {"close", closing(1000, "bye")},
		} {
			add(set+"-"+f.name, fmt.Sprintf("A frame (%s) with %s set fails the connection.", f.name, set), func(p *peer) {
				p.send(f.frame.withBits(bits))
				p.expectFail(protocolError)
			})
		}
		add(set+"-continuation", fmt.Sprintf("A continuation with %s set fails the connection.", set), func(p *peer) {
			p.send(begin(opText, "hel"), end("lo").withBits(bits))
			p.expectFail(protocolError)
		})
		add(set+"-after-echo", fmt.Sprintf("A frame with %s set fails the connection after the message before was echoed.", set), func(p *peer) {
			p.exchange(text("good"))
			p.send(text("bad").withBits(bits))
			p.expectFail(protocolError)
		})
		// What came before in the same segment may be echoed or not: see expectFail.
		add(set+"-between-messages", fmt.Sprintf("A frame with %s set between two messages fails the connection, and the second message is not echoed.", set), func(p *peer) {
			p.send(text("good"), text("bad").withBits(bits), text("too late"), ping("too late"))
			p.expectFail(protocolError, echoOf(text("good")))
		})
		add(set+"-between-messages-bytewise", fmt.Sprintf("A frame with %s set between two messages that arrive byte by byte fails the connection.", set), func(p *peer) {
			p.sendInPieces(1, text("good"), text("bad").withBits(bits), text("too late"), ping("too late"))
			p.expectFail(protocolError, echoOf(text("good")))
		})
	}
	return cases
}

// bitNames names the reserved bits that are set in three bits.
func bitNames(bits byte) string {
	name := "rsv"
	for i, mask := range []byte{4, 2, 1} {
		if bits&mask != 0 {
			name += string(rune('1' + i))
		}
	}
	return name
}
