package websocket

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

func TestErrorsSayWhatHappened(t *testing.T) {
	for want, err := range map[string]error{
		`websocket: closed here with 1009 (message too big): "over 10 bytes"`:                &CloseError{Code: CloseMessageTooBig, Reason: "over 10 bytes"},
		`websocket: closed by the peer with 4000`:                                            &CloseError{Code: 4000, By: Remote},
		`websocket: closed by the peer with 1005 (no status received)`:                       &CloseError{Code: CloseNoStatus, By: Remote, Clean: true},
		`websocket: connection lost with 1006 (abnormal closure): unexpected EOF`:            &CloseError{Code: CloseAbnormal, By: Network, Err: io.ErrUnexpectedEOF},
		`websocket: closed by the peer with 1000 (normal closure): "a \"b\"\n"`:              &CloseError{Code: CloseNormal, By: Remote, Reason: "a \"b\"\n"},
		`websocket: handshake failed: 403 Forbidden: origin is not allowed`:                  &HandshakeError{StatusCode: http.StatusForbidden, Reason: "origin is not allowed"},
		`websocket: handshake failed: the server's answer can't be read as HTTP: EOF`:        &HandshakeError{Reason: "the server's answer can't be read as HTTP: EOF"},
		`websocket: a text message must be valid UTF-8; send it as Binary`:                   ErrNotUTF8,
		`the peer did not finish the closing handshake in time`:                              errCloseTimeout,
		`websocket: closed here with 1000 (normal closure): ` + errCloseTimeout.Error():      &CloseError{Code: CloseNormal, Err: errCloseTimeout},
		`reading: websocket: closed here with 1001 (going away): "the server is restarting"`: fmt.Errorf("reading: %w", &CloseError{Code: CloseGoingAway, Reason: "the server is restarting"}),
	} {
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	}
}

func TestTheCloseCodeIsFoundInAWrappedError(t *testing.T) {
	err := fmt.Errorf("reading: %w", &CloseError{Code: ClosePolicyViolation, Err: io.EOF})
	if code := CloseCodeOf(err); code != ClosePolicyViolation {
		t.Errorf("code %v", code)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the transport's error is not found")
	}
	if code := CloseCodeOf(io.EOF); code != 0 {
		t.Errorf("code %v of an error that has none", code)
	}
	if code := CloseCodeOf(nil); code != 0 {
		t.Errorf("code %v of no error", code)
	}
}

func TestEveryNamedCodeAndKindHasAName(t *testing.T) {
	for code, name := range closeCodeNames {
		if want := fmt.Sprintf("%d (%s)", uint16(code), name); code.String() != want {
			t.Errorf("%s, want %s", code, want)
		}
	}
	if len(closeCodeNames) != 15 {
		t.Errorf("%d names", len(closeCodeNames))
	}
	for typ, want := range map[MessageType]string{Text: "text", Binary: "binary", 7: "unknown message type"} {
		if typ.String() != want {
			t.Errorf("%q, want %q", typ.String(), want)
		}
	}
}
