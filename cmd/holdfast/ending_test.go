package main

import (
	"errors"
	"io"
	"net/url"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestOnlyAPeacefulEndIsNoFailure(t *testing.T) {
	target := &url.URL{Scheme: "wss", Host: "h", Path: "/c"}
	for _, test := range []struct {
		end  websocket.CloseError
		want string
	}{
		{websocket.CloseError{Code: 1000, By: websocket.Remote, Clean: true}, ""},
		{websocket.CloseError{Code: 1001, By: websocket.Remote, Reason: "bye"}, ""},
		{websocket.CloseError{Code: 1005, By: websocket.Remote, Clean: true}, ""},
		{websocket.CloseError{Code: 1008, By: websocket.Remote, Reason: "too\x1b fast", Clean: true},
			`the server closed the connection: 1008 (policy violation): "too\x1b fast"`},
		{websocket.CloseError{Code: 1009, By: websocket.Remote},
			"the server refused a message over its limit (1009 (message too big)); send smaller ones, or raise the limit (--max-message of holdfast dev)"},
		{websocket.CloseError{Code: 1009, By: websocket.Local},
			"a message was over the limit here, so the connection was closed: 1009 (message too big); raise the limit with --max-message"},
		{websocket.CloseError{Code: 1002, By: websocket.Local, Reason: "masked frame"},
			`the server broke the protocol, so the connection was closed: 1002 (protocol error): "masked frame"`},
		{websocket.CloseError{Code: 1006, By: websocket.Network, Err: io.ErrUnexpectedEOF},
			"the connection to wss://h/c was lost without a close frame: unexpected EOF"},
		{websocket.CloseError{Code: 1006, By: websocket.Network},
			"the connection to wss://h/c was lost without a close frame"},
	} {
		err := explainEnd(target, &test.end)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%v: %v", &test.end, err)
		case test.want != "" && (err == nil || err.Error() != test.want || exitCodeOf(err) != exitEnded):
			t.Errorf("%v:\ngot  %v (exit code %d)\nwant %s", &test.end, err, exitCodeOf(err), test.want)
		}
	}
	if err := explainEnd(target, errors.New("strange")); exitCodeOf(err) != exitEnded {
		t.Errorf("another error: %v, exit code %d", err, exitCodeOf(err))
	}
}
