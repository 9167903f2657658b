package websocket

import (
	"errors"
	"net/http"

	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
)

// CheckOrigin applies the rule of AcceptOptions.Origins to any request, so that plain HTTP requests
// of the same service can be held to it too. It returns nil, or an error that says which origin is
// not allowed and which are.
func CheckOrigin(r *http.Request, origins []string) error {
	if refusal := handshake.CheckOrigin(r, origins); refusal != nil {
		return errors.New(refusal.Reason)
	}
	return nil
}

// CheckOriginPattern tells what is wrong with a pattern for AcceptOptions.Origins, or nil.
func CheckOriginPattern(pattern string) error {
	return handshake.ValidateOriginPattern(pattern)
}
