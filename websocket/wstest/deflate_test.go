package wstest

import (
	"bytes"
	"testing"
)

func TestWhatIsCompressedKeepsToItsWindowAndInflates(t *testing.T) {
	for bits := 8; bits <= maxWindowBits; bits++ {
		for _, noTakeover := range []bool{false, true} {
			as := direction{noTakeover: noTakeover, bits: bits}
			out, in := deflater{direction: as}, inflater{direction: as}
			for _, content := range contents {
				for _, size := range compressedSizes {
					if size > manyWindows*as.window() {
						break
					}
					message := content.message(size).payload
					got, err := in.inflate(out.compress(message)) // fails if the window is not kept to
					if err != nil || !bytes.Equal(got, message) {
						t.Fatalf("%d bits, no takeover %v, %s of %d bytes: %v", bits, noTakeover, content.id, size, err)
					}
				}
			}
		}
	}
}
