package wstest

import "fmt"

// notUTF8 is the close code for text that is not UTF-8 (RFC 6455 section 7.4.1).
var notUTF8 = []int{1007}

const utf8RFC = "6455 §5.6, §8.1; 3629 §3, §4"

// Valid text around a sequence, with characters of several bytes right beside it.
const (
	textBefore = "καλη"
	textBehind = "日本 and more"
)

// utf8Cases are about the encoding of text.
func utf8Cases() []Case {
	var cases []Case
	add := func(id, name string, talk func(*peer)) {
		cases = append(cases, Case{ID: "utf8/" + id, Name: name, RFC: utf8RFC, talk: talk})
	}
	for _, s := range validSequences {
		add("valid-"+s.id, "Text with "+s.what+" is echoed, however it is cut.", func(p *peer) {
			p.exchange(text(s.bytes))
			p.exchange(fragments(opText, []byte(textBefore+s.bytes+textBehind), 1)...)
			p.exchangeInPieces(1, text(s.bytes+s.bytes))
		})
	}
	for _, s := range invalidSequences {
		invalidCases(add, s)
	}
	for _, s := range cutSequences {
		add("cut-"+s.id, "A message that ends with "+s.what+" is refused with 1007.", func(p *peer) {
			p.send(text(textBefore + s.bytes))
			p.expectFail(notUTF8)
		})
		add("cut-"+s.id+"-alone", "A message that is "+s.what+" and nothing else is refused with 1007.", func(p *peer) {
			p.send(text(s.bytes))
			p.expectFail(notUTF8)
		})
		add("cut-"+s.id+"-fragments", "A fragmented message whose last character is cut, "+s.what+", is refused with 1007 when it ends.", func(p *peer) {
			p.exchange(begin(opText, textBefore+s.bytes), ping("not wrong yet"))
			p.send(end(""))
			p.expectFail(notUTF8)
		})
		add("cut-"+s.id+"-new-message", "A character does not go on in the next message: "+s.what+" at the end is refused with 1007.", func(p *peer) {
			p.send(text(textBefore+s.bytes), text("\xa6"))
			p.expectFail(notUTF8)
		})
	}
	add("split-between-fragments", "Characters cut by the bounds of fragments, with pings in between, are put together.", func(p *peer) {
		const crab = "🦀"
		p.exchange(begin(opText, "x"+crab[:1]), ping("1"), more(crab[1:2]), more(""), ping("2"), more(crab[2:3]), end(crab[3:]))
	})
	add("binary-is-not-text", "Binary messages are not checked for UTF-8.", func(p *peer) {
		for _, s := range invalidSequences {
			p.exchange(binaryOf([]byte(s.bytes)))
		}
		p.exchange(fragments(opBinary, []byte("\xff\xfe\x80\xc0"), 1)...)
	})
	add("text-after-binary", "Text behind binary messages is checked for itself alone.", func(p *peer) {
		p.exchange(binaryOf([]byte("\xe3")), text("\u3042"), binaryOf([]byte("\xff")), text("x"))
	})
	add("long-ascii-then-bad", "A wrong byte behind 60,000 right ones is refused with 1007.", func(p *peer) {
		p.send(text(string(messageOf("text", 60000).payload) + "\xff"))
		p.expectFail(notUTF8)
	})
	for offset := range 17 {
		add(fmt.Sprintf("bad-at-%d", offset), "A wrong byte is found wherever it lies among ASCII.", func(p *peer) {
			letters := []byte("abcdefghijklmnopqrstuvwxyz")
			letters[offset] = 0x80
			p.send(text(string(letters)))
			p.expectFail(notUTF8)
		})
	}
	return cases
}

// invalidCases send one invalid sequence in all the ways it can come, the last of which never end:
// what can't become right any more must not be waited for.
func invalidCases(add func(id, name string, talk func(*peer)), s sequence) {
	whole := textBefore + s.bytes + textBehind
	inside := len(textBefore) + len(s.bytes)/2
	id := "invalid-" + s.id
	add(id, "Text with "+s.what+" is refused with 1007.", func(p *peer) {
		p.send(text(whole), text("too late"))
		p.expectFail(notUTF8)
	})
	add(id+"-alone", "Text that is "+s.what+" and nothing else is refused with 1007.", func(p *peer) {
		p.send(text(s.bytes))
		p.expectFail(notUTF8)
	})
	add(id+"-split", "Text with "+s.what+", cut in its middle into two fragments, is refused with 1007.", func(p *peer) {
		p.send(begin(opText, whole[:inside]), end(whole[inside:]))
		p.expectFail(notUTF8)
	})
	add(id+"-bytewise", "Text with "+s.what+", one byte in each fragment, is refused with 1007.", func(p *peer) {
		p.sendEach(fragments(opText, []byte(whole), 1)...)
		p.expectFail(notUTF8)
	})
	add(id+"-chopped", "Text with "+s.what+" that arrives byte by byte is refused with 1007.", func(p *peer) {
		p.sendInPieces(1, text(whole))
		p.expectFail(notUTF8)
	})
	add(id+"-fast-frame", "Text with "+s.what+" is refused with 1007 before its frame is complete.", func(p *peer) {
		p.send(text(textBefore + s.bytes).declaring(60000))
		p.expectFail(notUTF8)
	})
	add(id+"-fast-fragment", "Text with "+s.what+" is refused with 1007 before its message is complete.", func(p *peer) {
		p.send(begin(opText, textBefore+s.bytes))
		p.expectFail(notUTF8)
	})
	add(id+"-fast-bytewise", "Text with "+s.what+" is refused with 1007 at the byte that makes it wrong, if the bytes of an unfinished frame come one by one.", func(p *peer) {
		b := p.encode([]frame{text(textBefore + s.bytes).declaring(60000)})
		for i := range b {
			p.write(b[i : i+1])
		}
		p.expectFail(notUTF8)
	})
}
