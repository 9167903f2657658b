package socket

import (
	"errors"

	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// answerWeight is of a call, besides its payload: for what the backend may answer.
const answerWeight = 64 << 10

// rpc has the backend answer a call.
func (c *conn) rpc(id uint64, v *protocol.RPC) {
	weight := int64(len(v.Data)) + answerWeight
	if !c.begin(weight) {
		return
	}
	c.commands.Go(func() {
		defer c.end(weight)
		answer, err := c.client.Call(c.work, v.Method, v.Payload)
		switch {
		case errors.Is(err, session.ErrNoMethods):
			c.out.refuse(id, protocol.Errorf(protocol.CodeUnknownMethod, "nobody answers the method %q: %v", v.Method, err))
		case err != nil:
			c.out.refuse(id, c.refusal("rpc", "", err))
		default:
			c.out.ok(id, &protocol.RPCOK{Payload: answer})
		}
	})
}
