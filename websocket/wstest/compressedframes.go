package wstest

import (
	"bytes"
	"compress/flate"
	"strings"
)

// badDeflate are the close codes for bytes that can't be inflated. RFC 7692 names none: to some it is
// a breach of the protocol, to others a payload that is not what it should be.
var badDeflate = []int{1002, 1007}

// compressedFrameCases are about the frames of compressed messages, and what can be wrong in them.
func compressedFrameCases() []Case {
	var cases []Case
	add := func(id, name, rfc string, talk func(*peer)) {
		cases = append(cases, Case{ID: "compression/" + id, Name: name, RFC: rfc, talk: talk,
			open: opening{offer: deflateName, answer: deflateName}})
	}
	echoed := func(id, name, rfc, payload, message string) {
		add(id, name, rfc, func(p *peer) {
			p.exchange(text("not compressed"))
			p.send(text(payload).withBits(rsv1))
			p.expect(echoOf(text(message)))
			p.exchange(text("not compressed"))
		})
	}
	refused := func(id, name, rfc string, codes []int, frames ...frame) {
		add(id, name, rfc, func(p *peer) {
			p.exchangeDeflated(text("good"))
			p.send(frames...)
			p.expectFail(codes)
		})
	}
	const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00" // "Hello", as in the RFC's examples
	echoed("one-block", "A message in one compressed block is inflated.", "7692 §7.2.3.1", hello, "Hello")
	echoed("stored-block", "A message in a block without compression is inflated.", "7692 §7.2.3.3", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello")
	echoed("final-block", "A message in a block with BFINAL set is inflated.", "7692 §7.2.3.4", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello")
	echoed("two-blocks", "A message in two blocks is inflated.", "7692 §7.2.3.5", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello")
	echoed("empty", "An empty compressed message is one byte and inflates to nothing.", "7692 §7.2.3.6", "\x00", "")
	echoed("empty-blocks", "Empty blocks before and behind others mean nothing.", "7692 §7.2.1", "\x00\x00\x00\xff\xff"+hello[:6]+"\x00\x00\x00\xff\xff\x00", "Hello")
	echoed("final-then-more", "Blocks behind one with BFINAL set belong to the message.", "7692 §7.2.3.4, §7.2.3.5",
		string(finalBlock("one, "))+string(finalBlock("two"))+"\x00", "one, two")
	add("shared-window", "A message that refers to the one before is inflated, if context is taken over.", "7692 §7.2.3.2", func(p *peer) {
		ours := p.agreed.client
		if p.x.side == Client {
			ours = p.agreed.server
		}
		if ours.noTakeover {
			p.x.skip("what was agreed on takes no context over")
			return
		}
		p.send(text(hello).withBits(rsv1), text("\xf2\x00\x11\x00\x00").withBits(rsv1))
		p.expect(echoOf(text("Hello")), echoOf(text("Hello")))
	})
	add("fragments", "A compressed message in two fragments is inflated; RSV1 is on the first alone.", "7692 §7.2.3.1, §6.1", func(p *peer) {
		p.send(begin(opText, hello[:3]).withBits(rsv1), end(hello[3:]))
		p.expect(echoOf(text("Hello")))
	})
	add("fragments-empty", "Empty fragments around a compressed payload mean nothing.", "7692 §6.1", func(p *peer) {
		p.send(begin(opText, "").withBits(rsv1), more(hello), more(""), end(""))
		p.expect(echoOf(text("Hello")))
	})
	add("fragments-and-pings", "Pings between compressed fragments are not compressed and answered.", "7692 §5; 6455 §5.4", func(p *peer) {
		p.send(begin(opText, hello[:2]).withBits(rsv1), ping("1"), more(hello[2:5]), ping("2"), end(hello[5:]))
		p.expect(echoOf(text("Hello")), pongOf("1"), pongOf("2"))
	})
	add("bytewise", "Compressed messages that arrive byte by byte are inflated.", "7692 §7.2.2", func(p *peer) {
		message := contents[0].message(3000)
		p.sendInPieces(1, p.deflated(message), p.deflated(text("")), p.deflated(message))
		p.expect(echoOf(message), echoOf(text("")), echoOf(message))
	})
	add("split-character", "A character cut by the bounds of blocks and fragments is put together.", "7692 §7.2.2; 6455 §5.6", func(p *peer) {
		message := text(strings.Repeat("日本🦀", 50))
		p.send(p.deflatedFragments(message, 1)...)
		p.expect(echoOf(message))
	})
	add("highly-compressible", "64 KiB of one byte, in a hundred bytes, are inflated.", "7692 §7.2.2", func(p *peer) {
		if p.fits(64 << 10) {
			p.exchangeDeflated(binaryOf(make([]byte, 64<<10)))
		}
	})

	const bits = "7692 §6; 6455 §5.2"
	refused("rsv1-on-continuation", "RSV1 on a continuation fails the connection.", bits, protocolError, begin(opText, hello[:3]).withBits(rsv1), end(hello[3:]).withBits(rsv1))
	refused("rsv1-on-continuation-of-plain", "RSV1 on the continuation of a message that is not compressed fails the connection.", bits, protocolError, begin(opText, "x"), end(hello).withBits(rsv1))
	refused("rsv1-on-ping", "RSV1 on a ping fails the connection, with compression too.", bits, protocolError, ping("x").withBits(rsv1))
	refused("rsv1-on-pong", "RSV1 on a pong fails the connection, with compression too.", bits, protocolError, pong("").withBits(rsv1))
	refused("rsv2", "RSV2 fails the connection, with compression too.", bits, protocolError, text(hello).withBits(rsv1|rsv2))
	refused("rsv3", "RSV3 fails the connection, with compression too.", bits, protocolError, text("x").withBits(rsv3))
	refused("rsv3-on-continuation", "RSV3 on a continuation fails the connection, with compression too.", bits, protocolError, begin(opText, hello).withBits(rsv1), end("").withBits(rsv3))

	const inflating = "7692 §7.2.2; 1951 §3.2"
	refused("bad-block-type", "A block of the reserved type fails the connection.", inflating, badDeflate, binaryOf([]byte("\x06\x00\x00")).withBits(rsv1))
	refused("bad-stored-length", "A block whose length and its complement do not agree fails the connection.", inflating, badDeflate, binaryOf([]byte("\x00\x05\x00\xfa\xfeHello\x00")).withBits(rsv1))
	refused("cut-stored-block", "A block that is longer than its message fails the connection.", inflating, badDeflate, binaryOf([]byte("\x00\x64\x00\x9b\xffHello")).withBits(rsv1))
	refused("bad-distance", "A reference to before the first byte of all fails the connection.", inflating, badDeflate, binaryOf(farReference()).withBits(rsv1))
	refused("bad-codes", "A block whose codes can't be decoded fails the connection.", inflating, badDeflate, binaryOf([]byte("\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff")).withBits(rsv1))
	refused("not-compressed", "A message marked as compressed that is not fails the connection.", inflating, badDeflate, text("\x7fthis is no DEFLATE").withBits(rsv1))
	refused("not-utf8", "Text that inflates to what is not UTF-8 is refused with 1007.", "7692 §7.2.2; 6455 §8.1", notUTF8,
		text("\x00\x05\x00\xfa\xffcaf\xe9!\x00").withBits(rsv1))
	refused("cut-character", "Text that inflates to a cut character at its end is refused with 1007.", "7692 §7.2.2; 6455 §8.1", notUTF8,
		text("\x00\x05\x00\xfa\xffcafe\xc3\x00").withBits(rsv1))
	return append(cases, bombCases()...)
}

// bombCases are about messages that inflate to more than the endpoint accepts.
func bombCases() []Case {
	bomb := func(id, name string, fragment int) Case {
		return Case{ID: "compression/" + id, Name: name, RFC: "7692 §8; 6455 §7.4.1, §10.4", large: true,
			open: opening{offer: deflateName, answer: deflateName}, talk: func(p *peer) {
				limit := p.x.maxMessage
				if limit <= 0 || limit > maxLimit {
					p.x.skip("the target does not say what the limit is, or it is above 16 MiB")
					return
				}
				var mib bytes.Buffer
				w, _ := flate.NewWriter(&mib, flate.BestCompression)
				w.Write(make([]byte, 1<<20))
				w.Flush()
				p.send(fragmentsWith(rsv1, bytes.Repeat(mib.Bytes(), int(limit>>20)*4+4), fragment)...)
				p.expectFail([]int{1009})
			}}
	}
	return []Case{
		bomb("bomb", "A message that inflates to four times the limit is refused with 1009.", 1<<30),
		bomb("bomb-fragmented", "A message in fragments that inflate to four times the limit is refused with 1009.", 200),
	}
}

// fragmentsWith is a binary message in fragments, with bits on the first.
func fragmentsWith(bits byte, payload []byte, size int) []frame {
	all := fragments(opBinary, payload, size)
	all[0] = all[0].withBits(bits)
	return all
}

// finalBlock is s in a block with BFINAL set.
func finalBlock(s string) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

// farReference is a message that refers to 30,000 bytes before it.
func farReference() []byte {
	before := []byte(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 1))
	before = append(before, make([]byte, 30000)...)
	var b bytes.Buffer
	w, _ := flate.NewWriterDict(&b, flate.BestCompression, before)
	w.Write(before[:36])
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte(flushTail))
}
