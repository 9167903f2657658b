package wstest

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"testing"
)

func TestTheLongestDistanceIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 32768)
	for i := range random {
		random[i] = byte(r.Uint32()) & 63 // so that compressing pays and the end is not just stored
	}
	for _, distance := range []int{1, 2, 3, 4, 5, 100, 255, 256, 257, 512, 1024, 4000, 16384, 20000, 32000} {
		// The last 20 bytes are those that lie distance bytes before them.
		p := bytes.Clone(random[:distance+40])
		for i := range 20 {
			p[len(p)-20+i] = p[len(p)-20+i-distance]
		}
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.BestCompression)
		w.Write(p)
		w.Flush()
		if got, err := longestDistance(b.Bytes()); got < distance || got > len(p) || err != nil {
			t.Errorf("distance %d: got %d, %v", distance, got, err)
		}
	}
}

func TestTheLongestDistanceIsFoundInEveryKindOfBlock(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		distance     int
	}{
		{"no block", "", 0},
		{"stored", "\x00\x05\x00\xfa\xffHello", 0},
		{"fixed", "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", 0},
		{"fixed, with a reference to 5 bytes before", "\xf2\x00\x11\x00\x00\x00\x00\xff\xff", 5},
		{"final, and another", "\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x00\x11\x00\x00\x00\x00\xff\xff", 5},
	} {
		if got, err := longestDistance([]byte(c.stream)); got != c.distance || err != nil {
			t.Errorf("%s: got %d, %v", c.name, got, err)
		}
	}
}

func FuzzLongestDistance(f *testing.F) {
	for _, s := range []string{"", "\x00\x05\x00\xfa\xffHello", "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", "\xf2\x00\x11\x00\x00\x00\x00\xff\xff", "\x06", "\x04\xff\xff\xff\xff\xff\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		distance, err := longestDistance(stream)
		if distance < 0 || distance > 32768 || err != nil && distance != 0 {
			t.Fatalf("%d, %v", distance, err)
		}
		// What inflates with nothing before it refers to nothing before it.
		d := inflater{direction: direction{bits: maxWindowBits}}
		if p, inflates := d.inflate(stream); inflates == nil && distance > len(p) {
			t.Fatalf("%d bytes refer %d bytes back", len(p), distance)
		}
	})
}
