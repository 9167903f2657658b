package hostile

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/holdfast-dev/holdfast/internal/server"
)

// framer is a connection of HTTP/2 on which any frame can be sent.
type framer struct {
	t *testing.T
	*http2.Framer
	nc   *tls.Conn
	bits bytes.Buffer
	pack *hpack.Encoder
}

// frames opens a connection, with the preface that is needed.
func (x *target) frames(t *testing.T, preface string) *framer {
	t.Helper()
	config := x.client()
	config.NextProtos = []string{"h2"}
	nc, err := tls.Dial("tcp", x.addr, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nc.NetConn().Close(); err != nil {
			t.Error(err)
		}
	})
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	f := &framer{t: t, Framer: http2.NewFramer(nc, nc), nc: nc}
	f.AllowIllegalWrites = true
	f.pack = hpack.NewEncoder(&f.bits)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(nc, preface); err != nil && !cutOff(err) {
		t.Fatal(err)
	}
	return f
}

// block returns fields, as "name: value", in a header block.
func (f *framer) block(fields ...string) []byte {
	f.bits.Reset()
	for _, field := range fields {
		at := strings.Index(field[1:], ":") + 1
		if err := f.pack.WriteField(hpack.HeaderField{Name: field[:at], Value: strings.TrimSpace(field[at+1:])}); err != nil {
			f.t.Fatal(err)
		}
	}
	return bytes.Clone(f.bits.Bytes())
}

// get is a good request without an end, to be changed.
var get = []string{":method: GET", ":scheme: https", ":authority: localhost", ":path: /channels/open/a"}

// request sends a request on a stream.
func (f *framer) request(stream uint32, fields ...string) error {
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.block(fields...), EndStream: true, EndHeaders: true})
}

// outcome returns what becomes of the first stream or of the connection, in words.
func (f *framer) outcome() string {
	for {
		frame, err := f.ReadFrame()
		if errors.Is(err, io.EOF) || err != nil && cutOff(err) {
			return "closed"
		}
		if err != nil {
			f.t.Fatal("nothing comes: ", err)
		}
		switch frame := frame.(type) {
		case *http2.GoAwayFrame:
			return "GOAWAY " + frame.ErrCode.String()
		case *http2.RSTStreamFrame:
			return "RST_STREAM " + frame.ErrCode.String()
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		}
	}
}

func TestStreamsOfHTTP2ThatBreakARuleEndAlone(t *testing.T) {
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	with := func(fields ...string) func(*framer) error {
		return func(f *framer) error { return f.request(1, append(get[:len(get):len(get)], fields...)...) }
	}
	only := func(fields ...string) func(*framer) error {
		return func(f *framer) error { return f.request(1, fields...) }
	}
	for _, in := range []struct {
		name string
		send func(*framer) error
		want string
	}{
		{"a header in capitals", with("X-A: b"), "RST_STREAM PROTOCOL_ERROR"},
		{"a header of HTTP/1.1", with("connection: upgrade"), "400"},
		{"an upgrade as in HTTP/1.1", with("upgrade: websocket", "sec-websocket-version: 13"), "400"},
		{"chunks", with("transfer-encoding: chunked"), "400"},
		{"a line end in a value", with("x-a: b\r\nc: d"), "RST_STREAM PROTOCOL_ERROR"},
		{"a pseudo-header behind the others", with("x-a: b", ":path: /"), "RST_STREAM PROTOCOL_ERROR"},
		{"two paths", with(":path: /"), "RST_STREAM PROTOCOL_ERROR"},
		{"a pseudo-header that there is not", with(":admin: 1"), "RST_STREAM PROTOCOL_ERROR"},
		{"no path", only(":method: GET", ":scheme: https", ":authority: localhost"), "RST_STREAM PROTOCOL_ERROR"},
		{"no method", only(":scheme: https", ":authority: localhost", ":path: /"), "RST_STREAM PROTOCOL_ERROR"},
		{"a path that is none", only(":method: GET", ":scheme: https", ":authority: localhost", ":path: x"), "RST_STREAM PROTOCOL_ERROR"},
		{"a name that is none", only(":method: GET", ":scheme: https", ":authority: localhost", ":path: /channels/a//b"), "400"},
		{"another server through this one", only(":method: CONNECT", ":authority: evil.example:443"), "404"},
		{"a WebSocket, which is not offered", only(":method: CONNECT", ":protocol: websocket", ":scheme: https", ":authority: localhost", ":path: /socket"), "RST_STREAM PROTOCOL_ERROR"},
		{"headers of 64 KiB", func(f *framer) error {
			b := f.block(append(get[:len(get):len(get)], "x-a: "+strings.Repeat("~", 64<<10))...)
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:10], EndStream: true}); err != nil {
				return err
			}
			for b = b[10:]; len(b) > 16000; b = b[16000:] {
				if err := f.WriteContinuation(1, false, b[:16000]); err != nil {
					return err
				}
			}
			return f.WriteContinuation(1, true, b)
		}, "GOAWAY COMPRESSION_ERROR"},
		{"continuations without an end", func(f *framer) error {
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.block(get...), EndStream: true}); err != nil {
				return err
			}
			fields := f.block("x-a: " + strings.Repeat("~", 8000))
			for range 40 { // which all fit into the buffers on the way
				if err := f.WriteContinuation(1, false, fields); err != nil {
					return err
				}
			}
			return nil
		}, "GOAWAY PROTOCOL_ERROR"},
		{"a header block that can't be unpacked", func(f *framer) error {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff}, EndStream: true, EndHeaders: true})
		}, "GOAWAY COMPRESSION_ERROR"},
		{"a stream of the server's", func(f *framer) error { return f.request(2, get...) }, "GOAWAY PROTOCOL_ERROR"},
		{"stream 0", func(f *framer) error { return f.request(0, get...) }, "GOAWAY PROTOCOL_ERROR"},
		{"data for a stream that there is not", func(f *framer) error { return f.WriteData(7, true, []byte("a")) }, "GOAWAY PROTOCOL_ERROR"},
		{"a window that grows by nothing", func(f *framer) error { return f.WriteWindowUpdate(0, 0) }, "GOAWAY PROTOCOL_ERROR"},
		{"a window that overflows", func(f *framer) error {
			return errors.Join(f.WriteWindowUpdate(0, 1<<31-1), f.WriteWindowUpdate(0, 1<<31-1))
		}, "GOAWAY FLOW_CONTROL_ERROR"},
		{"a frame beyond the size that was agreed on", func(f *framer) error { return f.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 64<<10)) }, "GOAWAY FRAME_SIZE_ERROR"},
		{"settings that are none", func(f *framer) error { return f.WriteRawFrame(http2.FrameSettings, 0, 0, []byte("abc")) }, "GOAWAY FRAME_SIZE_ERROR"},
		{"settings that are acknowledged with content", func(f *framer) error {
			return f.WriteRawFrame(http2.FrameSettings, http2.FlagSettingsAck, 0, make([]byte, 6))
		}, "GOAWAY FRAME_SIZE_ERROR"},
		{"a push", func(f *framer) error {
			return f.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: f.block(get...), EndHeaders: true})
		}, "GOAWAY PROTOCOL_ERROR"},
		{"a ping of nothing", func(f *framer) error { return f.WriteRawFrame(http2.FramePing, 0, 0, nil) }, "GOAWAY FRAME_SIZE_ERROR"},
	} {
		t.Run(in.name, func(t *testing.T) {
			f := x.frames(t, http2.ClientPreface)
			if err := f.WriteSettings(); err != nil {
				t.Fatal(err)
			}
			if err := in.send(f); err != nil && !cutOff(err) {
				t.Fatal(err)
			}
			if got := f.outcome(); got != in.want {
				t.Errorf("the answer\n%s\nshould be\n%s", got, in.want)
			}
			x.flows()
		})
	}
	t.Run("no preface", func(t *testing.T) {
		f := x.frames(t, strings.Repeat("GET / HTTP/1.1\r\n", 10))
		if got := f.outcome(); got != "closed" {
			t.Error(got)
		}
		x.flows()
	})
}

func TestStreamsThatAreOpenedAndResetAtOnceHoldUpNobody(t *testing.T) {
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	f := x.frames(t, http2.ClientPreface)
	if err := f.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(5000) {
		if err := errors.Join(f.request(2*i+1, get...), f.WriteRSTStream(2*i+1, http2.ErrCodeCancel)); err != nil {
			if cutOff(err) {
				break
			}
			t.Fatal(fmt.Errorf("stream %d: %w", i, err))
		}
		if i%1000 == 0 {
			x.flows()
		}
	}
	x.flows()
}
