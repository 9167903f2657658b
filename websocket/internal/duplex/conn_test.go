package duplex

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a Stream whose other ends the test holds. Nothing but Close makes what waits return.
type fake struct {
	*io.PipeReader        // what comes
	*io.PipeWriter        // what goes
	closed         []bool // the arguments of Close
	halves         error  // what CloseWrite returns
}

func (f *fake) Read(p []byte) (int, error)  { return f.PipeReader.Read(p) }
func (f *fake) Write(p []byte) (int, error) { return f.PipeWriter.Write(p) }

func (f *fake) CloseWrite() error {
	if f.halves == nil {
		f.PipeWriter.Close()
	}
	return f.halves
}

func (f *fake) Close(reset bool) error {
	f.closed = append(f.closed, reset)
	f.PipeReader.CloseWithError(errors.New("stream closed"))
	f.PipeWriter.CloseWithError(errors.New("stream closed"))
	return nil
}

// pair returns a Conn, its stream, and the peer's two ends.
func pair() (c *Conn, f *fake, send *io.PipeWriter, receive *io.PipeReader) {
	f = &fake{}
	f.PipeReader, send = io.Pipe()
	receive, f.PipeWriter = io.Pipe()
	return New(f, nil, nil), f, send, receive
}

func wantRead(t *testing.T, c *Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, error %v; want %q", got, err, want)
	}
}

func TestAReadWithADeadlineGoesOnWhereItStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, send, _ := pair()
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(time.Second))
		begun := time.Now()
		if _, err := c.Read(make([]byte, 2)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Read returned %v", err)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("Read took %v", took)
		}
		go send.Write([]byte("hello"))
		synctest.Wait() // two bytes have been read for nobody
		if _, err := c.Read(make([]byte, 2)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a deadline that has passed does not count any more: %v", err)
		}
		c.SetReadDeadline(time.Time{})
		wantRead(t, c, "hello")
	})
}

func TestAnInterruptibleReadIsInterruptedWithoutHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f, send, _ := pair()
		defer c.Close()
		c.SetInterruptible(true)
		failed := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 10))
			failed <- err
		}()
		synctest.Wait()
		c.SetReadDeadline(time.Unix(1, 0))
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read returned %v", err)
		}
		c.SetReadDeadline(time.Time{})
		go send.Write([]byte("hello"))
		wantRead(t, c, "hello")
		if len(f.closed) > 0 {
			t.Error("the stream was closed")
		}
	})
}

func TestAPlainReadIsInterruptedByAReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f, _, _ := pair()
		defer c.Close()
		failed := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 10))
			failed <- err
		}()
		synctest.Wait()
		c.SetReadDeadline(time.Now().Add(time.Second))
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read returned %v", err)
		}
		if len(f.closed) != 1 || !f.closed[0] {
			t.Errorf("the stream was closed with reset = %v", f.closed)
		}
	})
}

func TestAWriteThatIsNotTakenInTimeResetsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f, _, _ := pair()
		defer c.Close()
		c.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := c.Write([]byte("hello")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write returned %v", err)
		}
		if _, err := c.Write([]byte("more")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the next Write returned %v", err)
		}
		if len(f.closed) != 1 || !f.closed[0] {
			t.Errorf("the stream was closed with reset = %v", f.closed)
		}
	})
}

func TestADeadlineThatWasMovedDoesNotPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _, receive := pair()
		defer c.Close()
		c.SetWriteDeadline(time.Now().Add(time.Second))
		c.SetWriteDeadline(time.Now().Add(time.Hour))
		go func() {
			time.Sleep(time.Minute)
			io.ReadFull(receive, make([]byte, 5))
		}()
		if _, err := c.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseResetsAStreamThatNobodyHasEnded(t *testing.T) {
	c, f, _, _ := pair()
	c.Close()
	c.Close()
	if len(f.closed) != 1 || !f.closed[0] {
		t.Errorf("the stream was closed with reset = %v", f.closed)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read returned %v", err)
	}
}

func TestCloseEndsInGoodOrderWhatThePeerHasEnded(t *testing.T) {
	c, f, send, _ := pair()
	send.Close()
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("Read returned %v", err)
	}
	c.Close()
	if len(f.closed) != 1 || f.closed[0] {
		t.Errorf("the stream was closed with reset = %v", f.closed)
	}
}

func TestCloseEndsInGoodOrderWhatWasToBeClosedByHalves(t *testing.T) {
	for _, halves := range []error{nil, errors.New("not by halves")} {
		c, f, _, _ := pair()
		f.halves = halves
		if err := c.CloseWrite(); err != halves {
			t.Errorf("CloseWrite returned %v, want %v", err, halves)
		}
		c.Close()
		if len(f.closed) != 1 || f.closed[0] {
			t.Errorf("the stream was closed with reset = %v", f.closed)
		}
	}
}

func TestCloseWaitsForAReadThatWasLeftRunning(t *testing.T) {
	c, _, _, _ := pair()
	c.SetReadDeadline(time.Unix(1, 0))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Read returned %v", err)
	}
	c.Close() // and goleak looks for the goroutine
	c.SetWriteDeadline(time.Unix(1, 0))
}
