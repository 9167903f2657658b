package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/hooks"
)

// ending is how a connection ended, for a backend that wants to be told.
type ending struct {
	code   int
	reason string
}

// noCloseFrame is the code of a connection that ended without a close frame (RFC 6455 section 7.1.5).
const noCloseFrame = 1006

// Begin notes that the client has been let in by all who have a say in it: its backend will be told of its end. It is for
// whoever admits the client; further calls do nothing.
func (c *Client) Begin() {
	if c.ending == nil && c.clients.Backend.Tells(hooks.Disconnect, "") {
		c.ending = &ending{code: noCloseFrame}
	}
}

// Ended notes how the connection ended, with which close code and reason. It is for whoever calls Leave next.
func (c *Client) Ended(code int, reason string) {
	if c.ending != nil {
		c.ending.code, c.ending.reason = code, reason
	}
}

// tellEnd tells the backend of the end of a connection that was begun and established.
func (c *Client) tellEnd() {
	if c.ending == nil || c.connection() == nil {
		return
	}
	c.clients.Backend.Tell(hooks.Event{
		Kind:     hooks.Disconnect,
		Client:   c.about(),
		Code:     c.ending.code,
		Reason:   c.ending.reason,
		Duration: time.Since(time.Unix(0, c.came)),
	})
}
