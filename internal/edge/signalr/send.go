package signalr

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
)

// serveSend takes what a client sends in a request of its own: one or several messages. It is answered when they have been begun.
func (h *Handler) serveSend(w http.ResponseWriter, r *http.Request, at *Hub) {
	c, t, ok := h.find(w, r, at)
	switch {
	case !ok:
	case c != nil:
		h.serveSendOf(w, r, c)
	default:
		if node, ok := h.seek(w, r, &t, false); ok {
			h.forward(w, r, node)
		}
	}
}

// serveSendOf is serveSend for a connection that is here.
func (h *Handler) serveSendOf(w http.ResponseWriter, r *http.Request, c *conn) {
	if !c.sending.TryLock() {
		h.conflict(w, r, "another request of the connection is being read; send one after the other")
		return
	}
	defer c.sending.Unlock()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.limit)))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		err = fmt.Errorf("the body is larger than the server reads (%d bytes); send less at a time", h.limit)
		h.door.Refuse(w, r, c.client, &door.RequestError{Kind: "too_large", Status: http.StatusRequestEntityTooLarge, Err: err})
		return
	}
	if err != nil {
		h.refuse(w, r, http.StatusBadRequest, fmt.Errorf("the body could not be read: %w", err))
		return
	}
	c.receive(c.out.current(), body)
}
