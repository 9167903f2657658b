package wstest

// protocolError is the close code that RFC 6455 section 7.4.1 has for most violations.
var protocolError = []int{1002}

// maskingCases are about the masking of frames, which a client must do and a server must not.
func maskingCases() []Case {
	refused := func(id, name string, frames ...frame) Case {
		return Case{ID: "masking/" + id, Name: name, RFC: "6455 §5.1", talk: func(p *peer) {
			p.send(frames...)
			p.expectFail(protocolError)
		}}
	}
	keyed := func(id, name string, key [4]byte) Case {
		return Case{ID: "masking/" + id, Side: Server, Name: name, RFC: "6455 §5.3", talk: func(p *peer) {
			p.exchange(text("Hello, Zoë").withKey(key), messageOf("binary", 1000).withKey(key), text("").withKey(key), ping("still?").withKey(key))
			p.exchangeInPieces(3, messageOf("text", 130).withKey(key))
		}}
	}
	return []Case{
		refused("text-the-wrong-way", "A text frame that is not masked by a client, or is by a server, fails the connection.", text("hello").masked(wrongly)),
		refused("empty-the-wrong-way", "An empty frame that is not masked by a client, or is by a server, fails the connection.", text("").masked(wrongly)),
		refused("binary-the-wrong-way", "A binary frame that is not masked by a client, or is by a server, fails the connection.", messageOf("binary", 70000).masked(wrongly)),
		refused("ping-the-wrong-way", "A ping that is not masked by a client, or is by a server, fails the connection.", ping("hello").masked(wrongly)),
		refused("close-the-wrong-way", "A close frame that is not masked by a client, or is by a server, fails the connection.", closing(1000, "").masked(wrongly)),
		refused("fragment-the-wrong-way", "A continuation that is not masked by a client, or is by a server, fails the connection, whatever the frame before.",
			begin(opText, "hel"), end("lo").masked(wrongly)),
		keyed("zero-key", "Frames masked with the key 0 are read as they are.", [4]byte{}),
		keyed("one-byte-key", "Frames masked with a key of which one byte is set are unmasked.", [4]byte{0, 0, 0xFF, 0}),
		keyed("example-key", "Frames masked with the key of the RFC's examples are unmasked.", [4]byte{0x37, 0xFA, 0x21, 0x3D}),
		keyed("all-ones-key", "Frames masked with the key FFFFFFFF are unmasked.", [4]byte{0xFF, 0xFF, 0xFF, 0xFF}),
		{ID: "masking/key-of-each-frame", Side: Server, Name: "Each frame, fragments and the control frames between them too, is unmasked with its own key.", RFC: "6455 §5.3",
			talk: func(p *peer) {
				p.exchange(begin(opText, "one ").withKey([4]byte{1, 2, 3, 4}), more("two").withKey([4]byte{5, 6, 7, 8}),
					ping("between").withKey([4]byte{9, 0, 9, 0}), end(" three").withKey([4]byte{0xAA, 0xBB, 0xCC, 0xDD}))
			}},
		{ID: "masking/random-keys", Name: "Frames of all lengths to 300 bytes, each with a random key, are unmasked.", RFC: "6455 §5.3",
			talk: func(p *peer) {
				for size := range 300 {
					p.exchange(messageOf("binary", size))
				}
			}},
	}
}
