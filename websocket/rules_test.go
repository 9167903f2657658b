package websocket

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// rule is a rule of RFC 6455 and a way to break it. What the peer sends must be answered with the code and a reason that
// contains says.
type rule struct {
	name  string
	bytes func(masked bool) []byte // as the peer sends it; masked tells that the peer is a client
	code  CloseCode
	says  string
}

// frames is a rule's bytes in terms of frames: first byte and payload in turn.
func frames(firstAndPayload ...any) func(bool) []byte {
	return func(masked bool) (b []byte) {
		for i := 0; i < len(firstAndPayload); i += 2 {
			b = append(b, raw(byte(firstAndPayload[i].(int)), masked, firstAndPayload[i+1].(string))...)
		}
		return b
	}
}

// header is a rule's bytes as a header: the masking key is added for a client.
func header(b ...byte) func(bool) []byte {
	return func(masked bool) []byte {
		h := append([]byte(nil), b...)
		if masked {
			h[1] |= 0x80
			h = append(h, 1, 2, 3, 4)
		}
		return h
	}
}

const ruleLimit = 1000 // MaxMessageBytes of the connections that the rules are broken on

// The peers of these tests do not answer a close frame; the engine waits a fifth of its timeout for that.
var ruleLimits = Limits{MaxMessageBytes: ruleLimit, CloseTimeout: time.Second}

var rules = []rule{
	{"RSV1 without an extension", frames(0xC1, "x"), 1002, "RSV1"},
	{"RSV2 without an extension", frames(0xA1, "x"), 1002, "RSV2"},
	{"RSV3 without an extension", frames(0x91, "x"), 1002, "RSV3"},
	{"RSV1 on a continuation", frames(0x01, "x", 0xC0, "y"), 1002, "RSV1"},
	{"RSV1 on a ping", frames(0xC9, ""), 1002, "RSV1"},
	{"reserved opcode 3", frames(0x83, ""), 1002, "0x3 is reserved"},
	{"reserved opcode 7", frames(0x87, ""), 1002, "0x7 is reserved"},
	{"reserved control opcode 11", frames(0x8B, ""), 1002, "0xb is reserved"},
	{"reserved control opcode 15", frames(0x8F, ""), 1002, "0xf is reserved"},
	{"wrong masking", func(masked bool) []byte { return raw(0x81, !masked, "x") }, 1002, "mask"},
	{"wrong masking of a close frame", func(masked bool) []byte { return raw(0x88, !masked, "") }, 1002, "mask"},
	{"16-bit length for what fits 7 bits", header(0x81, 126, 0, 125), 1002, "shortest"},
	{"64-bit length for what fits 16 bits", header(0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 1002, "shortest"},
	{"top bit of a 64-bit length", header(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1), 1002, "top bit"},
	{"all bits of a 64-bit length", header(0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 1002, "top bit"},
	{"continuation of nothing", frames(0x80, "x"), 1002, "without a message"},
	{"unfinished continuation of nothing", frames(0x00, "x"), 1002, "without a message"},
	{"continuation after a finished message", frames(0x01, "a", 0x80, "b", 0x80, "c"), 1002, "without a message"},
	{"text inside a message", frames(0x01, "a", 0x81, "b"), 1002, "has not ended"},
	{"binary inside a message", frames(0x02, "a", 0x02, "b"), 1002, "has not ended"},
	{"fragmented ping", frames(0x09, "a"), 1002, "fragmented"},
	{"fragmented close", frames(0x08, ""), 1002, "fragmented"},
	{"ping of 126 bytes", frames(0x89, strings.Repeat("x", 126)), 1002, "125"},
	{"pong of 126 bytes", frames(0x8A, strings.Repeat("x", 126)), 1002, "125"},
	{"close of 126 bytes", frames(0x88, closePayload(1000, strings.Repeat("x", 124))), 1002, "125"},
	{"close with one byte", frames(0x88, "\x03"), 1002, "one byte"},
	{"close code 0", frames(0x88, closePayload(0, "")), 1002, "code 0 "},
	{"close code 999", frames(0x88, closePayload(999, "")), 1002, "999"},
	{"close code 1004", frames(0x88, closePayload(1004, "")), 1002, "1004"},
	{"close code 1005", frames(0x88, closePayload(1005, "")), 1002, "1005"},
	{"close code 1006", frames(0x88, closePayload(1006, "")), 1002, "1006"},
	{"close code 1015", frames(0x88, closePayload(1015, "")), 1002, "1015"},
	{"close code 1016", frames(0x88, closePayload(1016, "")), 1002, "1016"},
	{"close code 2999", frames(0x88, closePayload(2999, "")), 1002, "2999"},
	{"close code 5000", frames(0x88, closePayload(5000, "")), 1002, "5000"},
	{"close reason not UTF-8", frames(0x88, closePayload(1000, "\xff")), 1007, "close reason"},
	{"text not UTF-8", frames(0x81, "a\xffb"), 1007, "UTF-8"},
	{"text that ends inside a character", frames(0x81, "a\xe2\x82"), 1007, "UTF-8"},
	{"text with a surrogate", frames(0x81, "\xed\xa0\x80"), 1007, "UTF-8"},
	{"text not UTF-8, seen before the message ends", frames(0x01, "\xc0"), 1007, "UTF-8"},
	{"text that ends inside a character in its last fragment", frames(0x01, "a", 0x80, "\xf0\x9f"), 1007, "UTF-8"},
	{"message over the limit", frames(0x82, strings.Repeat("x", ruleLimit+1)), 1009, "1000"},
	{"message over the limit, seen in the header alone", header(0x82, 126, 0x7f, 0xff), 1009, "1000"},
	{"message of 2^63-1 bytes", header(0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 1009, "1000"},
	{"fragments over the limit together", frames(0x02, strings.Repeat("x", 600), 0x80, strings.Repeat("x", 401)), 1009, "1000"},
}

// breakRule sends what breaks the rule and checks what comes back on the wire.
func breakRule(t *testing.T, p *peer, r rule) {
	p.write(r.bytes(p.masks))
	reason := p.wantClose(r.code)
	if !strings.Contains(reason, r.says) {
		t.Errorf("the close reason %q does not contain %q", reason, r.says)
	}
	p.wantEOF()
	p.Close()
}

func TestABrokenRuleIsNamedToTheClient(t *testing.T) {
	for _, secure := range []bool{false, true} {
		addr, conns := accepting(t, secure, &AcceptOptions{Limits: ruleLimits})
		for _, r := range rules {
			t.Run(map[bool]string{false: "ws ", true: "wss "}[secure]+r.name, func(t *testing.T) {
				p, _ := dialRaw(t, addr, secure, "", nil)
				c := <-conns
				ended := make(chan error, 1)
				go func() { ended <- c.Serve(func(MessageType, []byte) {}) }()
				breakRule(t, p, r)
				var end *CloseError
				if err := <-ended; !errors.As(err, &end) || end.Code != r.code || end.By != Local || end.Clean || !strings.Contains(end.Reason, r.says) {
					t.Errorf("Serve returned %v, which does not tell what the client was told", err)
				}
			})
		}
	}
}

func TestABrokenRuleIsNamedToTheServer(t *testing.T) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			done := make(chan struct{})
			url := rawServer(t, upgraded, func(p *peer) {
				defer close(done)
				breakRule(t, p, r)
			})
			c, err := Dial(t.Context(), url, &DialOptions{Limits: ruleLimits})
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			for err == nil {
				_, _, err = c.Read(t.Context())
			}
			if got := CloseCodeOf(err); got != r.code || !strings.Contains(err.Error(), r.says) {
				t.Errorf("Read: %v", err)
			}
			<-done
		})
	}
}

func TestWhatIsLegalIsNotRefused(t *testing.T) {
	legal := []struct {
		name  string
		bytes func(bool) []byte
		want  []string // the messages, by kind and payload
	}{
		{"empty text", frames(0x81, ""), []string{"text "}},
		{"empty binary", frames(0x82, ""), []string{"binary "}},
		{"empty fragments", frames(0x01, "", 0x00, "", 0x80, ""), []string{"text "}},
		{"a character split over fragments", frames(0x01, "\xe2", 0x00, "", 0x00, "\x82", 0x80, "\xac"), []string{"text €"}},
		{"binary that is not UTF-8", frames(0x82, "\xff\xc0"), []string{"binary \xff\xc0"}},
		{"125 bytes of ping between fragments", frames(0x01, "a", 0x89, strings.Repeat("x", 125), 0x80, "b"), []string{"text ab"}},
		{"exactly the limit", frames(0x82, strings.Repeat("x", ruleLimit)), []string{"binary " + strings.Repeat("x", ruleLimit)}},
		{"exactly the limit in fragments", frames(0x02, strings.Repeat("x", ruleLimit), 0x80, ""),
			[]string{"binary " + strings.Repeat("x", ruleLimit)}},
		{"lengths around the forms", frames(0x82, filler(125), 0x82, filler(126), 0x82, filler(127)),
			[]string{"binary " + filler(125), "binary " + filler(126), "binary " + filler(127)}},
		{"pongs nobody asked for", frames(0x8A, "", 0x8A, "12345678", 0x8A, strings.Repeat("x", 125), 0x81, "a"), []string{"text a"}},
	}
	for _, l := range legal {
		t.Run(l.name, func(t *testing.T) {
			onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
				c, p := connected(t, kind, role, ruleLimits)
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					p.write(l.bytes(p.masks))
				}()
				go io.Copy(io.Discard, p.br) // the pongs
				for _, want := range l.want {
					typ, got, err := c.Read(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if typ.String()+" "+string(got) != want {
						t.Errorf("got %v %.100q, want %.100q", typ, got, want)
					}
				}
				<-sent
			})
		})
	}
}

func TestCodesThatMayNotTravelAreNotSent(t *testing.T) {
	for _, code := range []CloseCode{1, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535} {
		c, p := connected(t, "tcp", wire.Server, Limits{})
		if err := c.Close(t.Context(), code, ""); err != ErrCloseCode {
			t.Errorf("Close(%d): %v, want ErrCloseCode", code, err)
		}
		if err := c.Expel(code, ""); err != ErrCloseCode {
			t.Errorf("Expel(%d): %v, want ErrCloseCode", code, err)
		}
		if err := c.Write(t.Context(), Text, []byte("still open")); err != nil {
			t.Fatal(err)
		}
		p.want(0x81, "still open")
	}
	for _, reason := range []string{strings.Repeat("x", 124), "\xff"} {
		c, _ := connected(t, "tcp", wire.Server, Limits{})
		if err := c.Close(t.Context(), CloseNormal, reason); err != ErrCloseCode {
			t.Errorf("Close with reason %.10q: %v, want ErrCloseCode", reason, err)
		}
	}
	c, _ := connected(t, "tcp", wire.Server, Limits{})
	if err := c.Close(t.Context(), CloseNoStatus, "why"); err != ErrCloseCode {
		t.Errorf("a reason without a code: %v, want ErrCloseCode", err)
	}
}

func TestTheEndWithoutACloseFrameIsReportedAs1006AndNeverSent(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		p.Close()
		_, _, err := c.Read(t.Context())
		wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
	})
}
