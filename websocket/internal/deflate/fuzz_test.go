package deflate

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzInflate compares the decoder with compress/flate on any bytes, behind any earlier message.
func FuzzInflate(f *testing.F) {
	for _, x := range examples {
		for _, m := range x.messages {
			f.Add([]byte(nil), []byte(m))
			f.Add([]byte("Hello"), []byte(m))
		}
	}
	text := bytes.Join(chatMessages(6), nil)
	f.Add([]byte(nil), AppendShared(nil, text, 15))
	f.Add([]byte(nil), AppendShared(nil, bytes.Repeat([]byte{0}, 3000), 15))
	f.Fuzz(func(t *testing.T, earlier, message []byte) {
		const most = 1 << 20
		var d Decoder
		d.Init(Context{WindowBits: 15, Takeover: true}, Limits{MaxBytes: most})
		if _, err := d.Append(nil, AppendShared(nil, earlier, 15)); err != nil {
			t.Fatal(err)
		}
		got, err := d.Append([]byte("x"), message)
		if e, ok := errors.AsType[*Error](err); ok && e.Code == codeMessageTooLarge {
			return
		}
		want, ok := stdInflate(earlier, message)
		if ok != (err == nil) || ok && string(got) != "x"+string(want) {
			t.Fatalf("after %q: % x:\ngot            %q, %v\ncompress/flate %q, %v", earlier, message, got, err, want, ok)
		}
	})
}

// FuzzRoundTrip sends the pieces of any bytes as messages through any context.
func FuzzRoundTrip(f *testing.F) {
	f.Add(byte(8), uint16(100), bytes.Join(chatMessages(4), nil))
	f.Add(byte(13), uint16(7), []byte("HelloHelloHelloHello"))
	f.Add(byte(12|1<<4), uint16(40), noise(300))
	f.Fuzz(func(t *testing.T, context byte, size uint16, all []byte) {
		l := newLink(t, Context{8 + int(context&7), context>>4&1 == 0})
		all = all[:min(len(all), 4000)]
		for range 20 {
			n := min(len(all), int(size)+1)
			if context>>5&1 != 0 && n%2 == 0 {
				l.deliver(all[:n], AppendShared(nil, all[:n], l.context.WindowBits))
			} else {
				l.send(all[:n])
			}
			all = all[n:]
		}
	})
}

// FuzzOffer answers any offer, and reads any response; what is agreed must be in range, and be what was said.
func FuzzOffer(f *testing.F) {
	for _, s := range []string{"", "client_max_window_bits", "server_max_window_bits=10;client_max_window_bits=9", "server_no_context_takeover",
		"client_no_context_takeover;x", "server_max_window_bits=08", "client_max_window_bits=16"} {
		f.Add(s, byte(0), byte(0))
		f.Add(s, byte(8), byte(15|1<<4))
	}
	f.Fuzz(func(t *testing.T, list string, send, receive byte) {
		c := Config{
			SendWindowBits: int(send & 15), SendNoTakeover: send>>4&1 != 0,
			ReceiveWindowBits: int(receive & 15), ReceiveNoTakeover: receive>>4&1 != 0,
		}
		inRange := func(p Params) {
			for _, bits := range []int{p.Send.WindowBits, p.Receive.WindowBits} {
				if bits < minWindowBits || bits > maxWindowBits {
					t.Fatalf("%q: a window of %d bits", list, bits)
				}
			}
		}
		if p, _, err := CheckResponse([][]Param{params(list)}, c); err == nil {
			inRange(p)
		}
		p, response, ok := Accept([][]Param{params(list)}, c)
		if !ok {
			return
		}
		inRange(p)
		offer, err := parseParameters(params(list), true)
		if err != nil {
			t.Fatalf("%q was accepted: %v", list, err)
		}
		answer, err := parseParameters(elements(t, response)[0], false)
		switch {
		case err != nil:
			t.Fatalf("%q was answered with %q: %v", list, response, err)
		case answer.clientBitsGiven && !offer.clientBitsGiven,
			(answer.serverBits != 0) != (offer.serverBits != 0),
			answer.serverBits > offer.serverBits,
			offer.clientBits != 0 && answer.clientBits > offer.clientBits,
			offer.serverNoTakeover && !answer.serverNoTakeover:
			t.Fatalf("%q was answered with %q", list, response)
		}
	})
}
