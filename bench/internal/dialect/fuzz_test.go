//go:build linux

package dialect

import (
	"bytes"
	"testing"
)

// FuzzFeed gives a client whatever a server may send, whole and in pieces: it must hear the same.
func FuzzFeed(f *testing.F) {
	for _, h := range hearings() {
		for _, stream := range []string{h.message, h.message + h.ping + h.message, h.message + h.wrong} {
			f.Add([]byte(stream), uint8(1))
			f.Add([]byte(stream), uint8(70))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		for name, h := range hearings() {
			messages, answer, err := h.dialect.Subscriber("c", 128).Feed(stream)
			var inPieces int
			var answers []byte
			var failure error
			c := h.dialect.Subscriber("c", 128)
			for rest := stream; len(rest) > 0 && failure == nil; {
				n := min(max(int(piece), 1), len(rest))
				more, answer, err := c.Feed(rest[:n])
				inPieces, answers, failure = inPieces+more, append(answers, answer...), err
				rest = rest[n:]
			}
			if messages != inPieces || !bytes.Equal(answer, answers) || (err == nil) != (failure == nil) {
				t.Errorf("%s: %d messages, answer %q, %v; in pieces of %d: %d, %q, %v", name, messages, answer, err, piece, inPieces, answers, failure)
			}
		}
	})
}
