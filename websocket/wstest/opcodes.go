package wstest

import "fmt"

// opcodeCases are about opcodes that mean nothing yet.
func opcodeCases() []Case {
	const rfc = "6455 §5.2: if an unknown opcode is received, the receiving endpoint MUST fail the connection"
	var cases []Case
	add := func(op byte, id, name string, talk func(*peer)) {
		cases = append(cases, Case{ID: fmt.Sprintf("opcodes/%x-%s", op, id), Name: fmt.Sprintf(name, op), RFC: rfc, talk: talk})
	}
	for _, op := range []byte{0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF} {
		empty, full := frame{first: finBit | op}, frame{first: finBit | op, payload: []byte("reserved")}
		fails := func(before []event, frames ...frame) func(*peer) {
			return func(p *peer) {
				p.send(frames...)
				p.expectFail(protocolError, before...)
			}
		}
		good := []event{echoOf(text("good"))}
		add(op, "empty", "An empty frame with the reserved opcode 0x%X fails the connection.", fails(nil, empty))
		add(op, "payload", "A frame with the reserved opcode 0x%X and a payload fails the connection.", fails(nil, full))
		add(op, "fragment", "A frame with the reserved opcode 0x%X and without FIN fails the connection.", fails(nil, full.withoutFin()))
		add(op, "between", "A frame with the reserved opcode 0x%X fails the connection, and what follows it is not looked at.",
			fails(good, text("good"), full, text("too late"), ping("too late")))
		add(op, "empty-between", "An empty frame with the reserved opcode 0x%X fails the connection, and what follows it is not looked at.",
			fails(good, text("good"), empty, ping("too late")))
		add(op, "inside-message", "A frame with the reserved opcode 0x%X inside a fragmented message fails the connection.",
			fails(nil, begin(opText, "frag"), full, end("ments")))
		add(op, "bytewise", "A frame with the reserved opcode 0x%X that arrives byte by byte fails the connection.", func(p *peer) {
			p.exchange(text("good"))
			p.sendInPieces(1, full, ping("too late"))
			p.expectFail(protocolError)
		})
	}
	return cases
}
