package websocket

import (
	"io"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestABatchArrivesAsItsMessagesInOrder(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		batch := NewBatch(NewFrame(Text, []byte("one")), NewFrame(Binary, []byte{0xff}), NewFrame(Text, nil))
		one := NewBatch(NewFrame(Text, []byte("alone")))
		for _, b := range []*Batch{batch, one} {
			if r := c.SendBatch(b); r != Sent && r != Queued {
				t.Fatalf("SendBatch: %d", r)
			}
		}
		p.want(0x81, "one")
		p.want(0x82, "\xff")
		p.want(0x81, "")
		p.want(0x81, "alone")
	})
}

func TestABatchThatDoesNotFitIsDroppedWhole(t *testing.T) {
	c, p := connected(t, "pipe", wire.Server, Limits{SendQueueBytes: 20})
	c.SendBatch(NewBatch(NewFrame(Text, []byte("under way")))) // nobody reads yet
	c.SendBatch(NewBatch(NewFrame(Text, []byte("waits"))))
	if r := c.SendBatch(NewBatch(NewFrame(Text, []byte("a")), NewFrame(Text, []byte(filler(30))))); r != Dropped {
		t.Errorf("SendBatch: %d", r)
	}
	p.want(0x81, "under way")
	p.want(0x81, "waits")
	c.SendBatch(NewBatch(NewFrame(Text, []byte("last"))))
	p.want(0x81, "last")
}

// segment is what a peer sends in one write: messages, a ping, half a message.
func segment(p *peer) []byte {
	var b []byte
	for _, f := range [][]byte{
		p.frame(0x81, "one"), p.frame(0x89, "ping"), p.frame(0x02, "tw"), p.frame(0x80, "o"), p.frame(0x01, "three"),
	} {
		b = append(b, f...)
	}
	return b
}

func TestMessagesThatCameTogetherAreHandledTogether(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		batches := make(chan string, 10)
		served := make(chan error, 1)
		go func() {
			served <- c.ServeBatch(func(batch []Message) {
				var all []string
				for _, m := range batch {
					all = append(all, m.Type.String()+" "+string(m.Payload))
				}
				batches <- strings.Join(all, ", ")
			})
		}()
		wantBatch := func(want string) {
			t.Helper()
			if got := <-batches; got != want {
				t.Errorf("a batch of %q, want %q", got, want)
			}
		}
		p.write(segment(p))
		wantBatch("text one, binary two")
		p.want(0x8A, "ping")
		p.write(append(p.frame(0x80, "!"), p.frame(0x88, closePayload(CloseNormal, ""))...))
		wantBatch("text three!") // before the end that came with it
		p.wantClose(CloseNormal)
		p.Close()
		wantEnd(t, <-served, CloseError{Code: CloseNormal, By: Remote, Clean: true})
	})
}

func TestMessagesBeforeABrokenRuleAreHandled(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	var got []string
	served := make(chan error, 1)
	go func() {
		served <- c.Serve(func(_ MessageType, m []byte) { got = append(got, string(m)) })
	}()
	p.write(append(append(p.frame(0x81, "one"), p.frame(0x81, "two")...), p.frame(0x83, "no such opcode")...))
	p.wantClose(CloseProtocolError)
	p.wantEOF()
	p.Close()
	if end := (*CloseError)(nil); <-served == error(end) || strings.Join(got, " ") != "one two" {
		t.Errorf("handled %q", got)
	}
}

func TestAnswersToMessagesThatCameTogetherLeaveInOneWrite(t *testing.T) {
	for _, kind := range []string{"tcp", "tls on a socket"} {
		t.Run(kind, func(t *testing.T) {
			c, p := connected(t, kind, wire.Server, Limits{})
			go c.Serve(func(typ MessageType, m []byte) { c.Write(t.Context(), typ, m) })
			var segment []byte
			for range 16 {
				segment = append(segment, p.frame(0x81, "x")...)
			}
			for range 50 { // on a busy machine handling takes longer than a hold may last, now and then
				p.write(segment)
				answers := make([]byte, 16*3)
				n, err := p.Conn.Read(answers)
				if n == len(answers) {
					return
				}
				if _, rest := io.ReadFull(p.Conn, answers[n:]); err != nil || rest != nil {
					t.Fatal(err, rest)
				}
			}
			t.Error("never did the first read get all answers")
		})
	}
}

func TestABatchOfTextIsAnEventForEachMessage(t *testing.T) {
	b := NewBatch(NewFrame(Text, []byte(`{"a":1}`)), NewFrame(Text, []byte(`[]`)))
	if got, want := string(b.Events()), "data: {\"a\":1}\n\ndata: []\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
