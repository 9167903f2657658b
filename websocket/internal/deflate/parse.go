package deflate

// token is a literal or a match. Of a match it holds, from the lowest bit, the distance less 1, and the length less minMatch.
type token uint32

const matchToken token = 1 << 31

func newMatchToken(length, distance int) token {
	return matchToken | token(length-minMatch)<<16 | token(distance-1)
}

func (t token) isMatch() bool      { return t >= matchToken }
func (t token) lengthCode() int    { return int(t >> 16 & 0xff) } // the length less minMatch
func (t token) distanceLess1() int { return int(t & 0xffff) }

const (
	maxTokens = 8 << 10 // in a block
	// goodEnough is the length from which a match is taken without looking whether the next byte begins a better one.
	goodEnough = 32
	// learnEvery is how many bytes of a match go by for one that is put into the index. What a match repeats is there already,
	// only farther away, and every position that is added pushes an older one out.
	learnEvery = 3
	// patience is how many literals come in a row before some are not looked up any more: this is no text.
	patience = 128
)

// parse turns f.src from i on into the tokens of a block, and returns where it stopped: at the end, unless the block is full.
func (w *work) parse(i int) int {
	f := &w.finder
	src := f.src
	last := len(src) - shortest // the last place where a match can be found
	n, matches := 0, 0          // tokens; how many of them are matches
	literals := 0               // how many of the latest are not
	for i <= last && n < maxTokens {
		m := f.find(i, literals)
		if m.length == 0 {
			for end := min(i+1+literals/patience, len(src)); i < end && n < maxTokens; i++ {
				w.tokens[n] = token(src[i])
				n++
				literals++
			}
			continue
		}
		looked := i // the last place that is in the index
		for m.length < goodEnough && i < last && n < maxTokens-1 {
			looked++
			next := f.find(looked, literals+1)
			if next.gain <= m.gain {
				break
			}
			w.tokens[n] = token(src[i])
			n++
			i++
			literals++
			m = next
		}
		n -= m.back
		w.tokens[n] = newMatchToken(m.length, m.distance)
		n++
		matches++
		literals = 0
		i += m.length - m.back
		for j := looked + 1; j < min(i, last+1); j += learnEvery {
			f.learn(j)
		}
	}
	for ; i < len(src) && i > last && n < maxTokens; i++ {
		w.tokens[n] = token(src[i])
		n++
	}
	w.count, w.literals = n, n-matches
	return i
}
