package channels

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// servePublish publishes the body of a POST. The answer 202 says that the message has been given to
// everyone who is subscribed now; nothing is stored.
func (h *Handler) servePublish(w http.ResponseWriter, r *http.Request, name channel.Name) {
	if err := websocket.CheckOrigin(r, h.config.Origins); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxMessageBytes))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		http.Error(w, fmt.Sprintf("the message is larger than the limit of %d bytes", tooLarge.Limit), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("the body could not be read: %v", err), http.StatusBadRequest)
		return
	}
	typ, err := messageType(r.Header.Get("Content-Type"), body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
		return
	}
	h.hub.Publish(hub.NewPublication(name, websocket.Message{Type: typ, Payload: body}), nil)
	writeJSON(w, http.StatusAccepted, published{Channel: name, Type: typ.String(), Bytes: len(body)})
}

// published is the answer to a POST.
type published struct {
	Channel channel.Name `json:"channel"`
	Type    string       `json:"type"` // "text" or "binary"
	Bytes   int          `json:"bytes"`
}

// messageType decides by the media type whether a body is sent on as text or as binary. What curl
// sends by default (a form) and a body without a type count as text if they can be.
func messageType(contentType string, body []byte) (websocket.MessageType, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if contentType != "" && err != nil {
		return 0, fmt.Errorf("the Content-Type %.80q can't be read: %v", contentType, err)
	}
	isText := utf8.Valid(body)
	switch {
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
