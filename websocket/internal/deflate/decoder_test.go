package deflate

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// bitsOf writes a bit string, such as "0 01 1100", into bytes, the first bit lowest. The rest of the last byte is zero.
func bitsOf(s string) []byte {
	var out []byte
	n := 0
	for _, c := range strings.ReplaceAll(s, " ", "") {
		if n%8 == 0 {
			out = append(out, 0)
		}
		out[n/8] |= byte(c-'0') << (n % 8)
		n++
	}
	return out
}

// Pieces of blocks, in the order in which the bits are written.
const (
	fixedBlock   = "0 10 " // not the last, type 01
	dynamicBlock = "0 01 " // type 10
	eob          = " 0000000 "
	end          = "0 00"       // the empty stored block that ends a message
	literalH     = " 01111000 " // 'H'
	length3      = " 0000001 "
)

func TestEveryWayToBreakDeflateHasItsOwnSentence(t *testing.T) {
	const (
		truncated = "close 1007: compressed message ends inside a DEFLATE block (RFC 7692 section 7.2.1)"
		symbol    = "close 1007: compressed message has a code that stands for nothing (RFC 1951 section 3.2.6)"
		sizes     = "close 1007: compressed message has a block with impossible Huffman code lengths (RFC 1951 section 3.2.7)"
		counts    = "close 1007: compressed message has a block with too many Huffman codes (RFC 1951 section 3.2.7)"
		window    = "close 1007: compressed message refers to bytes before its window (RFC 7692 section 7.1)"
	)
	zeros := func(n int) string { return strings.Repeat("0", n) }
	for name, c := range map[string]struct {
		message []byte
		want    string
	}{
		"no bytes at all":                     {nil, truncated},
		"block without its end":               {bitsOf(fixedBlock + literalH), truncated},
		"block without the stored one behind": {bitsOf(fixedBlock + literalH + eob + "111111"), "close 1007: compressed message has a DEFLATE block of the reserved type 11 (RFC 1951 section 3.2.3)"},
		"tail not taken away":                 {[]byte("\x00\x00\x00\xff\xff"), truncated},
		"reserved block type":                 {bitsOf("0 11"), "close 1007: compressed message has a DEFLATE block of the reserved type 11 (RFC 1951 section 3.2.3)"},
		"stored block cut in its lengths":     {[]byte("\x00\x05\x00\xfa"), truncated},
		"stored block cut in its bytes":       {[]byte("\x00\x05\x00\xfa\xffHell"), truncated},
		"stored block that takes the tail":    {[]byte("\x00\x04\x00\xfb\xff"), truncated},
		"stored lengths disagree":             {[]byte("\x00\x05\x00\xfa\xfeHello\x00"), "close 1007: compressed message has a stored block whose length fields disagree (RFC 1951 section 3.2.4)"},
		"length symbol 286":                   {bitsOf(fixedBlock + "11000110" + zeros(20)), symbol},
		"length symbol 287":                   {bitsOf(fixedBlock + "11000111" + zeros(20)), symbol},
		"distance symbol 30":                  {bitsOf(fixedBlock + literalH + length3 + "11110" + zeros(40)), symbol},
		"distance symbol 31":                  {bitsOf(fixedBlock + literalH + length3 + "11111" + zeros(40)), symbol},
		"distance before the first byte":      {bitsOf(fixedBlock + length3 + "00000" + eob + end), window},
		"distance before the message":         {bitsOf(fixedBlock + literalH + length3 + "00001" + eob + end), window},
		"too many length symbols":             {bitsOf(dynamicBlock + "11111" + zeros(60)), counts},
		"too many distance symbols":           {bitsOf(dynamicBlock + zeros(5) + "01111" + zeros(60)), counts},
		"description cut":                     {bitsOf(dynamicBlock + zeros(14)), truncated},
		"lengths cut":                         {bitsOf(dynamicBlock + zeros(14) + "000 000 100 100" + "1 111"), truncated},
		"no code for lengths":                 {bitsOf(dynamicBlock + zeros(14) + zeros(12) + zeros(40)), symbol},
		"over-subscribed code for lengths":    {bitsOf(dynamicBlock + zeros(14) + "100 100 100 000" + zeros(40)), sizes},
		"incomplete code for lengths":         {bitsOf(dynamicBlock + zeros(14) + "010 010 000 000" + zeros(40)), sizes},
		"257 codes of 8 bits":                 {bitsOf(dynamicBlock + zeros(10) + "1000 000 000 000 100 100" + strings.Repeat("1", 257) + "0" + zeros(40)), sizes},
		"repetition of nothing":               {bitsOf(dynamicBlock + zeros(14) + "100 000 000 100" + "1" + zeros(40)), sizes},
		"too many repetitions":                {bitsOf(dynamicBlock + zeros(14) + "000 000 100 100" + "1 1111111 1 1111111" + zeros(40)), sizes},
	} {
		t.Run(name, func(t *testing.T) {
			var d Decoder
			d.Init(Context{WindowBits: 15, Takeover: true}, Limits{})
			got, err := d.Append([]byte("x"), c.message)
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if string(got) != "x" {
				t.Errorf("the result is %q", got)
			}
			if _, ok := stdInflate(nil, c.message); ok {
				t.Error("compress/flate takes it")
			}
			if e, ok := errors.AsType[*Error](err); !ok || len(e.Reason) > 123 || !utf8.ValidString(e.Reason) {
				t.Errorf("%q does not fit a close frame", err)
			}
		})
	}
}

func TestDistancesBeyondTheAgreedWindowAreRefused(t *testing.T) {
	digits, between := []byte("0123456789"), []byte{}
	for i := range 100 {
		between = append(between, fmt.Sprint(100+i)...)
	}
	for name, messages := range map[string][][]byte{
		"within a message": {slices.Concat(digits, between, digits)},
		"across messages":  {digits, between, digits},
	} {
		wide := newLink(t, Context{15, true})
		var narrow Decoder
		narrow.Init(Context{8, true}, Limits{})
		var err error
		for _, m := range messages {
			if err != nil {
				t.Fatal(err)
			}
			_, err = narrow.Append(nil, wide.send(m))
		}
		if err != errDistance {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWithoutTakeoverNothingEarlierIsKnown(t *testing.T) {
	l := newLink(t, Context{15, true})
	m := chatMessages(1)[0]
	first, second := l.send(m), l.send(m)
	var d Decoder
	d.Init(Context{WindowBits: 15}, Limits{})
	if _, err := d.Append(nil, first); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Append(nil, second); err != errDistance {
		t.Errorf("got %v", err)
	}
	if d.earlier.buf != nil {
		t.Error("there is a window")
	}
}

func TestTheBytesBeforeTheResultAreNotPartOfTheMessage(t *testing.T) {
	var d Decoder
	d.Init(Context{WindowBits: 15, Takeover: true}, Limits{})
	_, err := d.Append([]byte("secret"), bitsOf(fixedBlock+length3+"00010"+eob+end))
	if err != errDistance {
		t.Errorf("got %v", err)
	}
}

func TestBlocksMayFollowAFinalOne(t *testing.T) {
	hello := examples[4].messages[0] // with BFINAL set, and the empty block that must follow
	for message, want := range map[string]string{
		hello:                          "Hello",
		hello[:7] + hello:              "HelloHello",
		hello[:7]:                      "Hello", // the empty block left out
		hello[:7] + "\x01":             "Hello", // the empty block final
		"\x01\x02\x00\xfd\xffHi\x00":   "Hi",    // a final stored block
		"\x01\x02\x00\xfd\xffHi":       "Hi",
		hello[:7] + "\x02\x13\x00\x00": "HelloHello", // a match across a final block
	} {
		var d Decoder
		d.Init(Context{WindowBits: 15, Takeover: true}, Limits{})
		if got, err := d.Append(nil, []byte(message)); string(got) != want || err != nil {
			t.Errorf("% x: got %q, %v; want %q", message, got, err, want)
		}
	}
}

// bomb returns a message that stands for n zeros, in a thousandth of the space.
func bomb(n int) []byte { return AppendShared(nil, make([]byte, n), 15) }

func TestABombStopsAtTheLimitOfTheMessage(t *testing.T) {
	small := bomb(8 << 20)
	if len(small) > 9<<10 {
		t.Fatalf("the bomb has %d bytes", len(small))
	}
	for _, limit := range []int64{1, 100, 1000, 1 << 20} {
		var d Decoder
		d.Init(Context{WindowBits: 15, Takeover: true}, Limits{MaxBytes: limit})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := d.Append(nil, small)
		runtime.ReadMemStats(&after)
		allocated := int64(after.TotalAlloc - before.TotalAlloc)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Code != 1009 || !strings.Contains(e.Reason, "limit of") {
			t.Errorf("limit %d: got %v", limit, err)
		}
		if most := 6*limit + 64<<10; allocated > most { // the pooled state is part of it
			t.Errorf("limit %d: allocated %d bytes, want at most %d", limit, allocated, most)
		}
	}
}

func TestAMessageOfExactlyTheLimitIsNotTooLarge(t *testing.T) {
	for _, n := range []int{0, 1, 257, 258, 259, 1000, 70_000} {
		for name, m := range map[string][]byte{"zeros": make([]byte, n), "noise": noise(n), "text": bytes.Join(chatMessages(400), nil)[:n]} {
			for _, free := range []int{0, n, n + 1000} {
				compressed := AppendShared(nil, m, 15)
				var d Decoder
				d.Init(Context{WindowBits: 15}, Limits{MaxBytes: int64(max(n, 1))})
				if got, err := d.Append(make([]byte, 0, free), compressed); err != nil || !bytes.Equal(got, m) {
					t.Errorf("%d bytes of %s: %v", n, name, err)
				}
				d.Init(Context{WindowBits: 15}, Limits{MaxBytes: int64(n - 1)})
				if got, err := d.Append(make([]byte, 0, free), compressed); n > 1 && (err == nil || len(got) > 0) {
					t.Errorf("%d bytes of %s: %d bytes, %v", n, name, len(got), err)
				}
			}
		}
	}
}

func TestABombStopsAtTheLimitOfTheRatio(t *testing.T) {
	var d Decoder
	d.Init(Context{WindowBits: 15, Takeover: true}, Limits{MaxBytes: 1 << 30, MaxRatio: 100})
	if got, err := d.Append(nil, bomb(ratioFreeBytes)); err != nil || len(got) != ratioFreeBytes {
		t.Errorf("what is free of the limit: %v", err)
	}
	_, err := d.Append(nil, bomb(2*ratioFreeBytes))
	if want := "close 1009: message is more than 100 times its size when decompressed"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	d.Init(Context{WindowBits: 15}, Limits{MaxBytes: 1 << 30, MaxRatio: 100})
	text := bytes.Join(chatMessages(7000), nil)
	if got, err := d.Append(nil, AppendShared(nil, text, 15)); err != nil || !bytes.Equal(got, text) {
		t.Errorf("text: %v", err)
	}
	d.Init(Context{WindowBits: 15}, Limits{MaxBytes: 1 << 18, MaxRatio: 100})
	if _, err := d.Append(nil, bomb(4<<20)); err == nil || !strings.Contains(err.Error(), "limit of 262144 bytes") {
		t.Errorf("where the limit of the message is lower: %v", err)
	}
}

func TestADecoderKeepsAtMostItsWindow(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		l := newLink(t, Context{bits, true})
		if l.dec.earlier.buf != nil {
			t.Error("a window before the first message")
		}
		l.send([]byte("Hello"))
		if got, most := cap(l.dec.earlier.buf), min(1<<bits, firstRingBytes); got > most {
			t.Errorf("window of %d bits: %d bytes after 5, want at most %d", bits, got, most)
		}
		for range 3 {
			l.send(noise(20_000))
			if got := cap(l.dec.earlier.buf); got != 1<<bits {
				t.Errorf("window of %d bits: %d bytes", bits, got)
			}
		}
		l.dec.Forget()
		if l.dec.earlier.buf != nil {
			t.Error("a window after it was given back")
		}
	}
}
