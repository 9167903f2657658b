package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// servePublish publishes the body of a POST, as one message unless the URL says ?batch=true. The answer 201 says that the message is stored, 200 that
// one with the same Idempotency-Key had been before, and 202 that the channel keeps nothing and the
// message has been given to everyone who is subscribed now.
func (h *Handler) servePublish(w http.ResponseWriter, r *http.Request, name channel.Name) {
	client, ok := h.door.Visit(w, r)
	if !ok || !h.door.May(w, r, client, auth.Publish, name) {
		return
	}
	switch batch, err := asksForBatch(r); {
	case err != nil:
		h.badRequest(w, r, client, http.StatusBadRequest, err)
		return
	case batch:
		h.serveBatch(w, r, client, name)
		return
	}
	most := h.config.MaxMessageBytes
	body, ok := h.readBody(w, r, client, most, &session.TooLargeError{Channel: name, LimitBytes: most})
	if !ok {
		return
	}
	typ, err := messageType(r.Header.Get("Content-Type"), body, h.channels.Rule(name).Content)
	if err != nil {
		h.badRequest(w, r, client, http.StatusUnsupportedMediaType, err)
		return
	}
	p := hub.NewPublication(name, websocket.Message{Type: typ, Payload: body})
	m := p.Messages[0]
	if m.ID, m.Key = r.Header.Get("Idempotency-Key"), r.URL.Query().Get("key"); max(len(m.ID), len(m.Key)) > protocol.MaxIDBytes {
		h.badRequest(w, r, client, http.StatusBadRequest, fmt.Errorf("an Idempotency-Key and a key have at most %d bytes", protocol.MaxIDBytes))
		return
	}
	if err := client.Spend(0, len(body)); err != nil {
		h.door.Refuse(w, r, client, err)
		return
	}
	ack, err := h.await(r.Context(), client, p)
	if err != nil {
		h.door.Refuse(w, r, client, err)
		return
	}
	status := http.StatusAccepted
	switch {
	case ack.Duplicate:
		status = http.StatusOK
	case ack.Offset > 0:
		status = http.StatusCreated
	}
	writeJSON(w, status, published{Channel: name, Type: typ.String(), Bytes: len(body), Offset: ack.Offset, Epoch: ack.Epoch, Duplicate: ack.Duplicate})
}

// readBody returns the body of a POST of at most so many bytes. Otherwise the request has been answered with the reason, tooLarge or another.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, client *session.Client, most int64, tooLarge error) ([]byte, bool) {
	if r.ContentLength > most { // known before it comes, and not waited for
		h.door.RefuseUnread(w, r, client, tooLarge)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		h.door.Refuse(w, r, client, tooLarge)
		return nil, false
	}
	if err != nil {
		h.badRequest(w, r, client, http.StatusBadRequest, fmt.Errorf("the body could not be read: %w", err))
		return nil, false
	}
	return body, true
}

// await publishes a message and waits for its acknowledgement.
func (h *Handler) await(ctx context.Context, by *session.Client, p *hub.Publication) (broker.Ack, error) {
	type result struct {
		ack broker.Ack
		err error
	}
	done := make(chan result, 1)
	h.channels.Publish(ctx, by, p, func(_ int, a broker.Ack, err error) { done <- result{a, err} })
	select {
	case r := <-done:
		return r.ack, r.err
	case <-ctx.Done():
		return broker.Ack{}, fmt.Errorf("%w: the client did not wait for it", broker.ErrUnavailable)
	}
}

// published is the answer to a POST.
type published struct {
	Channel   channel.Name `json:"channel"`
	Type      string       `json:"type"` // "text" or "binary"
	Bytes     int          `json:"bytes"`
	Offset    uint64       `json:"offset,omitempty"` // where it is stored; like Epoch, left out if it is not
	Epoch     string       `json:"epoch,omitempty"`
	Duplicate bool         `json:"duplicate,omitempty"` // it had been stored before
}

// messageType decides by the media type whether a body is sent on as text or as binary. What curl
// sends by default (a form) and a body without a type count as text if they can be. In a channel whose rule
// has a content, everything is binary and of one of its types.
func messageType(contentType string, body []byte, content *policy.Content) (websocket.MessageType, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if contentType != "" && err != nil {
		return 0, fmt.Errorf("the Content-Type %.80q can't be read: %v", contentType, err)
	}
	isText := utf8.Valid(body)
	switch {
	case content != nil && !content.Allows(media):
		return 0, fmt.Errorf("a body of type %.80q is not what the channel takes; it takes %s", media, strings.Join(content.Types, ", "))
	case content != nil:
		return websocket.Binary, nil
	case contentType == "" || media == "application/x-www-form-urlencoded":
		if isText {
			return websocket.Text, nil
		}
		return websocket.Binary, nil
	case strings.HasPrefix(media, "text/") || media == "application/json" || strings.HasSuffix(media, "+json"):
		if !isText {
			return 0, fmt.Errorf("a body of type %s must be valid UTF-8; send other bytes as application/octet-stream", media)
		}
		return websocket.Text, nil
	}
	return websocket.Binary, nil
}
