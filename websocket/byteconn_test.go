package websocket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// bytePair is a ByteConn and its peer, over TCP.
func bytePair(t *testing.T, l Limits) (c *ByteConn, peer *net.TCPConn) {
	t.Helper()
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	dialled, err := net.Dial("tcp", at.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close() }) // the test may have, too
	nc, err := Listener(at).Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := dialled.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return NewByteConn(nc, l), dialled.(*net.TCPConn)
}

// serving runs Serve, and returns where its error goes.
func serving(c *ByteConn, handle func(p []byte)) <-chan error {
	over := make(chan error, 1)
	go func() { over <- c.Serve(handle) }()
	return over
}

func TestBytesGoBothWaysWithoutFrames(t *testing.T) {
	c, peer := bytePair(t, Limits{})
	over := serving(c, func(p []byte) { c.SendCopy(p[:1], p[1:]) })
	said := bytes.Repeat([]byte("hello "), 20_000)
	go peer.Write(said) // fails only with the test
	heard := make([]byte, len(said))
	if _, err := io.ReadFull(peer, heard); err != nil || !bytes.Equal(heard, said) {
		t.Errorf("%d bytes came back, %v", len(heard), err)
	}
	if err := peer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-over; !errors.Is(err, io.EOF) {
		t.Errorf("Serve returned %v", err)
	}
	if got := c.Send([]byte("late")); got != Closed {
		t.Errorf("Send says %v after the end", got)
	}
}

func TestTheLastBytesArriveThoughThePeerGoesOnSending(t *testing.T) {
	c, peer := bytePair(t, Limits{})
	over := serving(c, func([]byte) { c.End([]byte("goodbye"), true) })
	for range 100 {
		if _, err := peer.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if heard, err := io.ReadAll(peer); err != nil || string(heard) != "goodbye" {
		t.Errorf("got %q, %v", heard, err)
	}
	if err := peer.Close(); err != nil {
		t.Fatal(err)
	}
	<-over
}

func TestAPeerThatDoesNotCloseIsDroppedInTime(t *testing.T) {
	c, _ := bytePair(t, Limits{CloseTimeout: 10 * time.Millisecond})
	over := serving(c, func([]byte) {})
	c.End(nil, false)
	if err := <-over; !errors.Is(err, errCloseTimeout) {
		t.Errorf("Serve returned %v", err)
	}
}

func TestASlowReaderOfBytesIsNotWaitedFor(t *testing.T) {
	c, peer := bytePair(t, Limits{SendQueueBytes: 1 << 20})
	over := serving(c, func([]byte) {})
	piece := make([]byte, 256<<10)
	sent := 0
	for result := Sent; result != Dropped; sent++ {
		if result = c.Send(piece); sent > 1000 {
			t.Fatal("nothing is dropped")
		}
	}
	go io.Copy(io.Discard, peer) // ends with the connection
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Flush(ctx); err != nil {
		t.Errorf("it does not drain: %v", err)
	}
	if got := c.Send(piece); got == Dropped {
		t.Error("it still drops")
	}
	c.CloseNow()
	if err := <-over; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
}
