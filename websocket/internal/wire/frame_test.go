package wire

import (
	"fmt"
	"testing"
)

func TestAHeaderHasItsLengthInTheShortestForm(t *testing.T) {
	key := [4]byte{1, 2, 3, 4}
	for _, c := range []struct {
		fin    bool
		op     Opcode
		length uint64
		masked bool
		want   string
	}{
		{true, Text, 0, false, "8100"},
		{false, Binary, 125, false, "027d"},
		{false, Continuation, 126, false, "007e007e"},
		{true, Continuation, 65535, false, "807effff"},
		{true, Binary, 65536, false, "827f0000000000010000"},
		{true, Binary, 1<<63 - 1, false, "827f7fffffffffffffff"},
		{true, Ping, 5, true, "898501020304"},
		{true, Text, 300, true, "81fe012c01020304"},
		{true, Text, 1 << 20, true, "81ff000000000010000001020304"},
	} {
		if got := fmt.Sprintf("%x", AppendHeader(nil, c.fin, c.op, c.length, c.masked, key)); got != c.want {
			t.Errorf("%v of %d bytes: %s, want %s", c.op, c.length, got, c.want)
		}
	}
}

func TestOpcodesHaveTheNamesOfTheRFC(t *testing.T) {
	for op := range Opcode(16) {
		want := map[Opcode]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}[op]
		if want == "" {
			want = "reserved"
		}
		if op.String() != want || op.IsControl() != (op >= 8) {
			t.Errorf("opcode %d: %v, control %v", op, op, op.IsControl())
		}
	}
}

func TestWritingAHeaderDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, MaxHeader)
	if n := testing.AllocsPerRun(100, func() { AppendHeader(dst, true, Text, 1<<20, true, testKey) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
