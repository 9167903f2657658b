package wstest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// compressedSizes are the sizes of messages that are compressed: around the bounds of headers, of
// windows and of blocks.
var compressedSizes = []int{0, 1, 2, 16, 64, 100, 125, 126, 127, 128, 256, 257, 511, 512, 513, 1024, 4096, 8192, 32767, 32768, 32769, 65535, 65536, 131072}

// manyWindows is how many windows long a message need be at most: more costs much and shows nothing.
const manyWindows = 32

// answers are what a client that offers compression is answered; it may not have offered what some
// of them need.
var answers = []struct{ id, answer string }{
	{"plain", ""},
	{"server-no-takeover", "; server_no_context_takeover"},
	{"client-no-takeover", "; client_no_context_takeover"},
	{"no-takeover", "; server_no_context_takeover; client_no_context_takeover"},
	{"server-window-8", "; server_max_window_bits=8"},
	{"server-window-9", "; server_max_window_bits=9"},
	{"server-window-12", "; server_max_window_bits=12"},
	{"server-window-15", "; server_max_window_bits=15"},
	{"client-window-9", "; client_max_window_bits=9"},
	{"client-window-12", "; client_max_window_bits=12"},
	{"client-window-15", "; client_max_window_bits=15"},
	{"windows-9-no-takeover", "; server_max_window_bits=9; client_max_window_bits=9; server_no_context_takeover; client_no_context_takeover"},
}

// compressionCases are messages in every agreement that there can be.
func compressionCases() []Case {
	var cases []Case
	for _, o := range offers {
		cases = append(cases, agreedCases("offer-"+o.id, fmt.Sprintf("the offer %q", deflateName+o.offer), Server, opening{offer: deflateName + o.offer})...)
	}
	for _, a := range answers {
		cases = append(cases, agreedCases("answer-"+a.id, fmt.Sprintf("the answer %q", deflateName+a.answer), Client, opening{answer: deflateName + a.answer})...)
	}
	return cases
}

// agreedCases are about the messages behind one way of agreeing.
func agreedCases(id, agreed string, side Side, open opening) []Case {
	var cases []Case
	add := func(kind, name string, talk func(*peer)) {
		cases = append(cases, Case{ID: "compression/" + id + "-" + kind, Side: side, RFC: "7692 §7.1, §7.2",
			Name: fmt.Sprintf(name, agreed), open: open, talk: talk, large: true})
	}
	for _, content := range contents {
		add(content.id, "With %s, compressed messages of all sizes with "+content.what+" are echoed.", func(p *peer) {
			window := min(p.agreed.client.window(), p.agreed.server.window())
			for _, size := range compressedSizes {
				if size <= manyWindows*window && (p.x.maxMessage == 0 || int64(size) <= p.x.maxMessage) {
					p.exchangeDeflated(content.message(size))
				}
			}
		})
	}
	add("repeated", "With %s, messages like those before them are echoed, in a row too.", func(p *peer) {
		message := func(i int) frame {
			return text(fmt.Sprintf(`{"channel":"chat/lobby","id":%d,"from":"Zoë","text":"the same again, and again"}`, i))
		}
		for i := range 30 {
			p.exchangeDeflated(message(i))
		}
		var sent []frame
		var echoes []event
		for i := range 30 {
			sent, echoes = append(sent, p.deflated(message(i))), append(echoes, echoOf(message(i)))
		}
		p.send(sent...)
		p.expect(echoes...)
	})
	add("fragmented", "With %s, compressed messages in fragments of all sizes are echoed.", func(p *peer) {
		for _, size := range []int{1, 2, 3, 7, 64, 1000} {
			for _, message := range []frame{contents[0].message(2000), contents[1].message(300), text("")} {
				p.send(p.deflatedFragments(message, size)...)
				p.expect(echoOf(message))
			}
		}
	})
	add("mixed", "With %s, messages that are not compressed are echoed among those that are.", func(p *peer) {
		for i := range 10 {
			message := contents[0].message(100 * i)
			p.exchangeDeflated(message)
			p.exchange(message, ping("between"))
			p.exchange(fragments(opText, message.payload, 70)...)
		}
	})
	return cases
}

// contents are kinds of messages by how they compress.
var contents = []struct {
	id, what string
	message  func(size int) frame
}{
	{"text", "text that repeats itself", func(size int) frame {
		const line = `{"user":"zoe","text":"hello, world","at":1700000000},`
		return text(strings.Repeat(line, size/len(line)+1)[:size])
	}},
	{"random", "bytes that can't be compressed", func(size int) frame {
		r := rand.New(rand.NewPCG(1, uint64(size)))
		p := make([]byte, size)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return binaryOf(p)
	}},
	{"far", "repetitions that lie far apart", func(size int) frame {
		r := rand.New(rand.NewPCG(2, 0))
		period := make([]byte, 300)
		for i := range period {
			period[i] = byte(r.Uint32())
		}
		p := bytes.Repeat(period, size/len(period)+1)[:size]
		for i := 0; i < len(p); i += 1000 { // so that what is near differs from what is far
			p[i] = byte(i / 1000)
		}
		return binaryOf(p)
	}},
}

// exchangeDeflated sends a message compressed and expects its echo.
func (p *peer) exchangeDeflated(message frame) {
	p.send(p.deflated(message))
	p.expect(echoOf(message))
}

// deflated is a message in one compressed frame.
func (p *peer) deflated(message frame) frame {
	message.payload = p.compress.compress(message.payload)
	return message.withBits(rsv1)
}

// deflatedFragments is a compressed message in fragments of size bytes; RSV1 is on the first alone.
func (p *peer) deflatedFragments(message frame, size int) []frame {
	all := fragments(message.first&0x0F, p.compress.compress(message.payload), size)
	all[0] = all[0].withBits(rsv1)
	return all
}
