package wstest

import "strings"

// lengthCases are about lengths that are written or meant wrongly.
func lengthCases() []Case {
	const notShortest = "6455 §5.2: the minimal number of bytes MUST be used to encode the length"
	refused := func(id, name, rfc string, bad frame) Case {
		return Case{ID: "lengths/" + id, Name: name, RFC: rfc, talk: func(p *peer) {
			p.exchange(text("good"))
			p.send(bad)
			p.expectFail(protocolError)
		}}
	}
	hundred := strings.Repeat("x", 100)
	const top = 1 << 63
	cases := []Case{
		refused("16-bit-for-0", "A length of 0 in 16 bits fails the connection.", notShortest, text("").writtenIn(in16Bits)),
		refused("16-bit-for-100", "A length of 100 in 16 bits fails the connection.", notShortest, text(hundred).writtenIn(in16Bits)),
		refused("16-bit-for-125", "A length of 125 in 16 bits fails the connection.", notShortest, text(hundred+hundred[:25]).writtenIn(in16Bits)),
		refused("64-bit-for-0", "A length of 0 in 64 bits fails the connection.", notShortest, binaryOf(nil).writtenIn(in64Bits)),
		refused("64-bit-for-100", "A length of 100 in 64 bits fails the connection.", notShortest, text(hundred).writtenIn(in64Bits)),
		refused("64-bit-for-200", "A length of 200 in 64 bits fails the connection.", notShortest, text(hundred+hundred).writtenIn(in64Bits)),
		refused("64-bit-for-65535", "A length of 65535 in 64 bits fails the connection.", notShortest, messageOf("binary", 65535).writtenIn(in64Bits)),
		refused("16-bit-fragment", "A fragment with a length of 5 in 16 bits fails the connection.", notShortest, begin(opText, "first").writtenIn(in16Bits)),
	}
	for _, c := range []struct {
		id     string
		length uint64
	}{{"all-bits", 1<<64 - 1}, {"top-bit", top}, {"top-bit-and-5", top | 5}, {"minus-125", 1<<64 - 125}} {
		cases = append(cases, Case{ID: "lengths/" + c.id, Name: "A 64-bit length with its top bit set fails the connection, and is never taken for a small or negative one.",
			RFC: "6455 §5.2: the most significant bit MUST be 0", talk: func(p *peer) {
				p.send(binaryOf([]byte("hello")).writtenIn(in64Bits).declaring(c.length))
				p.expectFail([]int{1002, 1009})
			}})
	}
	for _, c := range []struct {
		id     string
		op     byte
		length uint64
	}{{"huge-text", opText, 1<<63 - 1}, {"huge-binary", opBinary, 1 << 40}, {"huge-4gib", opBinary, 1<<32 + 5}} {
		cases = append(cases, Case{ID: "lengths/" + c.id, Side: Server,
			Name: "A frame that announces a huge length and does not come costs the server no more than its connection: others are served.",
			RFC:  "6455 §10.4", run: func(x *exam) { announceAndWait(x, c.op, c.length) }})
	}
	return cases
}

// announceAndWait opens several connections that announce length bytes and send few, and then one
// that must be served as if they were not there.
func announceAndWait(x *exam, op byte, length uint64) {
	var waiting []*peer
	for range 8 {
		p := x.connect(opening{})
		if p == nil {
			return
		}
		p.send(frame{first: finBit | op, payload: []byte("the beginning of nothing")}.writtenIn(in64Bits).declaring(length))
		waiting = append(waiting, p)
	}
	p := x.connect(opening{})
	if p == nil {
		return
	}
	p.exchange(text("served all the same"))
	p.finish()
	for _, w := range waiting { // waits for the rest, or is refused at once: both are right
		w.expectRefusalOrNothing([]int{1002, 1008, 1009})
	}
}

// expectRefusalOrNothing looks, without waiting, at what has come: nothing or a refusal.
func (p *peer) expectRefusalOrNothing(codes []int) {
	if len(p.events) > 0 {
		p.expectFail(codes)
	}
}
