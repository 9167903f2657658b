package wstest

import "fmt"

const (
	kib = 1 << 10
	mib = 1 << 20
	// maxLimit is the largest limit that is tried out.
	maxLimit = 16 * mib
)

// limitCases are about large messages and many. Nothing is timed: they are about completeness.
func limitCases() []Case {
	var cases []Case
	add := func(id, name string, talk func(*peer)) {
		cases = append(cases, Case{ID: "limits/" + id, Name: name, RFC: "6455 §5.2, §5.4, §10.4", large: true, talk: talk})
	}
	for _, kind := range []string{"text", "binary"} {
		op := messageOf(kind, 0).first &^ finBit
		for _, size := range []int{64 * kib, 256 * kib, 1 * mib, 4 * mib, 8 * mib, 16 * mib} {
			add(fmt.Sprintf("%s-%s", kind, sizeName(size)), fmt.Sprintf("A %s message of %s in one frame is echoed.", kind, sizeName(size)), func(p *peer) {
				p.exchangeLarge(size, func() []frame { return []frame{messageOf(kind, size)} })
			})
		}
		for _, size := range []int{64, 256, 1 * kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, 1 * mib} {
			add(fmt.Sprintf("%s-4MiB-fragments-%s", kind, sizeName(size)), fmt.Sprintf("A %s message of 4 MiB in frames of %s is echoed.", kind, sizeName(size)), func(p *peer) {
				p.exchangeLarge(4*mib, func() []frame { return fragments(op, messageOf(kind, 4*mib).payload, size) })
			})
		}
		for _, piece := range []int{64, 128, 256, 512, 1 * kib, 2 * kib} {
			add(fmt.Sprintf("%s-1MiB-pieces-%d", kind, piece), fmt.Sprintf("A %s message of 1 MiB that arrives in pieces of %d bytes is echoed.", kind, piece), func(p *peer) {
				if p.fits(mib) {
					p.sendInPieces(piece, messageOf(kind, mib))
					p.expectLarge(echoOf(messageOf(kind, mib)))
				}
			})
		}
		for _, size := range []int{0, 16, 64, 256, 1 * kib, 4 * kib} {
			message := messageOf(kind, size)
			add(fmt.Sprintf("%s-thousand-%d", kind, size), fmt.Sprintf("A thousand %s messages of %d bytes, each sent after the echo before, are echoed.", kind, size), func(p *peer) {
				for range 1000 {
					p.exchange(message)
				}
			})
			add(fmt.Sprintf("%s-thousand-%d-burst", kind, size), fmt.Sprintf("A thousand %s messages of %d bytes sent in a row are echoed.", kind, size), func(p *peer) {
				burst := make([]frame, 1000)
				for i := range burst {
					burst[i] = message
				}
				p.exchange(burst...)
			})
		}
	}
	return append(cases, limitItselfCases()...)
}

// limitItselfCases are about the limit that the target says the endpoint has.
func limitItselfCases() []Case {
	var cases []Case
	add := func(id, name string, send func(p *peer, limit int)) {
		cases = append(cases, Case{ID: "limits/" + id, Name: name, RFC: "6455 §7.4.1, §10.4", large: true, talk: func(p *peer) {
			switch limit := p.x.maxMessage; {
			case limit <= 0:
				p.x.skip("the target does not say what the limit is")
			case limit > maxLimit:
				p.x.skip("the limit is above 16 MiB, the largest that is tried out")
			default:
				send(p, int(limit))
			}
		}})
	}
	refused := func(id, name string, frames func(limit int) []frame) {
		add(id, name, func(p *peer, limit int) {
			p.exchange(text("good"))
			p.send(frames(limit)...)
			p.expectFail([]int{1009})
		})
	}
	add("exactly", "A message as large as the limit is echoed.", func(p *peer, limit int) { p.exchange(messageOf("binary", limit)) })
	add("exactly-fragmented", "A fragmented message as large as the limit is echoed.", func(p *peer, limit int) {
		p.exchange(fragments(opBinary, messageOf("binary", limit).payload, limit/10+1)...)
	})
	refused("over", "A message one byte over the limit is refused with 1009.", func(limit int) []frame {
		return []frame{messageOf("binary", limit+1)}
	})
	refused("over-fragmented", "A message one byte over the limit in fragments, none of which is over it, is refused with 1009.", func(limit int) []frame {
		return fragments(opBinary, messageOf("binary", limit+1).payload, limit/10+1)
	})
	refused("over-unfinished", "A frame of which more than the limit has come is refused with 1009 before it is complete.", func(limit int) []frame {
		return []frame{messageOf("binary", limit+1).declaring(uint64(limit)*4 + 70000)}
	})
	refused("over-unfinished-message", "A message of which more than the limit has come is refused with 1009 before it is complete.", func(limit int) []frame {
		all := fragments(opBinary, messageOf("binary", limit+1).payload, limit/10+1)
		all[len(all)-1] = all[len(all)-1].withoutFin()
		return all
	})
	return cases
}

// exchangeLarge is exchange for a message that an endpoint whose limit is not known may refuse.
func (p *peer) exchangeLarge(size int, frames func() []frame) {
	if p.fits(size) {
		all := frames()
		p.send(all...)
		p.expectLarge(answersTo(all)[0])
	}
}

// expectLarge expects the echo of a large message, or 1009 if the endpoint's limit is not known.
func (p *peer) expectLarge(echo event) {
	ev := p.next(echo.String())
	switch {
	case ev.kind == gotClose && ev.code == 1009 && p.x.maxMessage <= 0:
		p.x.skip("the endpoint refuses a message of this size with 1009; say what its limit is to test it")
	case !ev.equal(echo):
		p.x.fail(echo.String(), ev.String())
	}
}

// sizeName writes a size as people do.
func sizeName(n int) string {
	switch {
	case n >= mib:
		return fmt.Sprintf("%dMiB", n/mib)
	case n >= kib:
		return fmt.Sprintf("%dKiB", n/kib)
	}
	return fmt.Sprintf("%dB", n)
}
