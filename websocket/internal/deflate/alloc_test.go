//go:build !race

package deflate

import "testing"

// The race detector makes sync.Pool forget at random, so these run without it.

func TestSmallMessagesCostNoAllocation(t *testing.T) {
	messages := chatMessages(200)
	for _, c := range []Context{{8, true}, {13, true}, {15, true}, {13, false}} {
		var e Encoder
		e.Init(c)
		var d Decoder
		d.Init(c, Limits{MaxBytes: 1 << 20, MaxRatio: 200})
		small, plain := make([]byte, 0, Bound(400)), make([]byte, 0, 400+room)
		turn := func() {
			for _, m := range messages {
				small = e.Append(small[:0], m)
				e.Note(m)
				var err error
				if plain, err = d.Append(plain[:0], small); err != nil {
					t.Fatal(err)
				}
				if small = AppendShared(small[:0], m, 12); len(small) == 0 {
					t.Fatal("nothing")
				}
			}
		}
		turn() // the windows fill
		turn()
		if n := testing.AllocsPerRun(5, turn); n != 0 {
			t.Errorf("%+v: %v allocations for %d messages", c, n, len(messages))
		}
	}
}

func TestTheBoundIsSpaceEnough(t *testing.T) {
	for _, n := range []int{0, 1, 3, 10, 39, 60, 100, 1000, 8191, 8192, 8193, 100_000, 300_000} {
		for name, m := range map[string][]byte{"noise": noise(n), "zeros": make([]byte, n), "nines": nines(n)} {
			dst := make([]byte, 0, Bound(n))
			AppendShared(dst, m, 15)
			if allocs := testing.AllocsPerRun(3, func() { AppendShared(dst, m, 15) }); allocs != 0 {
				t.Errorf("%d bytes of %s: %v allocations", n, name, allocs)
			}
		}
	}
}

// nines is noise of bytes that take 9 bits in the fixed code.
func nines(n int) []byte {
	b := noise(n)
	for i := range b {
		b[i] = 144 + b[i]%112
	}
	return b
}
