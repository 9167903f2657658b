package wstest

import (
	"bytes"
	"fmt"
	"strings"
)

// frameLengths are those around which a header changes its form (RFC 6455 section 5.2), and one
// that no buffer takes at once.
var frameLengths = []int{0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20}

// framingCases are about single frames of all lengths, in pieces of all sizes.
func framingCases() []Case {
	var cases []Case
	add := func(id, name string, size, pieces int, message frame) {
		cases = append(cases, Case{ID: "framing/" + id, Name: name, RFC: "6455 §5.2, §5.6", large: size > 1<<16, talk: func(p *peer) {
			switch {
			case !p.fits(size):
			case pieces == 0:
				p.exchange(message)
			default:
				p.exchangeInPieces(pieces, message)
			}
		}})
	}
	for _, size := range frameLengths {
		for _, kind := range []string{"text", "binary"} {
			message := messageOf(kind, size)
			id := fmt.Sprintf("%s-%d", kind, size)
			what := fmt.Sprintf("A %s message of %d bytes", kind, size)
			add(id, what+" is echoed.", size, 0, message)
			if size > 0 && size <= 128 {
				add(id+"-bytewise", what+" that arrives byte by byte is echoed.", size, 1, message)
			}
			if size > 128 {
				add(id+"-chopped", what+" that arrives in pieces of 997 bytes is echoed.", size, 997, message)
			}
		}
	}
	cases = append(cases,
		Case{ID: "framing/together", Name: "Messages of both kinds that arrive in one segment are each echoed, in order.", RFC: "6455 §5.4",
			talk: func(p *peer) {
				p.exchange(text("one"), binaryOf([]byte{2}), text(""), text("four"), binaryOf(nil), text("six"))
			}},
		Case{ID: "framing/together-chopped", Name: "Messages whose bounds are not those of the segments are each echoed, in order.", RFC: "6455 §5.2",
			talk: func(p *peer) {
				p.exchangeInPieces(7, text("one"), messageOf("binary", 126), text(""), messageOf("text", 200), text("five"))
			}},
		Case{ID: "framing/one-after-another", Name: "A message sent after the echo of the one before is echoed, many times.", RFC: "6455 §5.4",
			talk: func(p *peer) {
				for i := range 50 {
					p.exchange(text(strings.Repeat("x", i)))
				}
			}},
		Case{ID: "framing/segment-ends-behind-header", Name: "A frame whose header and payload arrive apart is echoed.", RFC: "6455 §5.2",
			talk: func(p *peer) {
				b := p.encode([]frame{messageOf("binary", 300)})
				p.write(b[:len(b)-300])
				p.write(b[len(b)-300:])
				p.expect(echoOf(messageOf("binary", 300)))
			}},
	)
	return cases
}

// messageOf is a message of size bytes. Text has characters of one to four bytes as far as the size
// allows; binary data has all bytes.
func messageOf(kind string, size int) frame {
	if kind == "binary" {
		const period = 1 << 16
		p := make([]byte, min(size, period))
		for i := range p {
			p[i] = byte(i*7 + i>>8)
		}
		return binaryOf(bytes.Repeat(p, size/period+1)[:size])
	}
	const characters = "Zoë 日本 🦀 "
	s := strings.Repeat(characters, size/len(characters))
	return text(s + strings.Repeat("~", size-len(s)))
}
