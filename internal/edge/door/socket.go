package door

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Accept is websocket.Accept for a client that was let in. If it fails, the request has been answered with the
// reason, and the audit told.
func (d *Door) Accept(w http.ResponseWriter, r *http.Request, c *session.Client, o *websocket.AcceptOptions) (*websocket.Conn, bool) {
	ws, err := websocket.Accept(w, r, o)
	if err == nil {
		return ws, true
	}
	ref := d.Tell(c, err)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok && refused.StatusCode != 0 {
		fmt.Fprintf(w, "(ref %s)\n", ref) // behind the reason; it fails only if the client has gone
	}
	return nil, false
}

// faults are the codes that a connection is closed with because the client breaks the WebSocket protocol or its
// limits.
var faults = []websocket.CloseCode{
	websocket.CloseProtocolError, websocket.CloseUnsupportedData, websocket.CloseInvalidPayload, websocket.CloseMessageTooBig,
}

// Ended notes how a connection ended, and tells the audit if that was the client's fault. The close frame has left before:
// the client does not learn the ref.
func (d *Door) Ended(c *session.Client, err error) {
	end, ok := errors.AsType[*websocket.CloseError](err)
	if ok {
		c.Ended(int(end.Code), end.Reason)
	}
	if ok && end.By == websocket.Local && slices.Contains(faults, end.Code) {
		d.Tell(c, end)
	}
}

// MaxReasonBytes is what fits into a close frame behind the code (RFC 6455 section 5.5).
const MaxReasonBytes = 123

// Reason returns the reason of a close frame with what the audit knows the occasion by, "" if it does not. It is cut to what fits.
func Reason(reason, ref string) string {
	if ref != "" {
		ref = " (ref " + ref + ")"
	}
	if most := MaxReasonBytes - len(ref); len(reason) > most {
		reason = strings.ToValidUTF8(reason[:most], "")
	}
	return reason + ref
}
