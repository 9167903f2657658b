package channels

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	maxBatch      = 1000    // messages that are published together
	minBatchBytes = 4 << 20 // of a body that is taken at least; it may be twice the largest message, too
)

// batchItem is one message of a batch.
type batchItem struct {
	Data   jsontext.Value `json:"data"`   // a text; another JSON value stands for its compact text
	Binary bool           `json:"binary"` // data is base64
	ID     string         `json:"id"`
	Key    string         `json:"key"`
}

// batchResult is what became of one message: where it is stored, nothing if the channel keeps none, or why it reached nobody.
type batchResult struct {
	Offset    uint64      `json:"offset,omitempty"`
	Epoch     string      `json:"epoch,omitempty"`
	Duplicate bool        `json:"duplicate,omitempty"`
	Error     *batchError `json:"error,omitempty"`
}

type batchError struct {
	Code    protocol.Code `json:"code"`
	Message string        `json:"message"`
	After   float64       `json:"after,omitempty"` // in seconds: when to try again
	Ref     string        `json:"ref"`
}

// asksForBatch tells whether the body of a POST is several messages. A JSON array alone is one message that is an array.
func asksForBatch(r *http.Request) (bool, error) {
	v := r.URL.Query().Get("batch")
	if v == "" {
		return false, nil
	}
	is, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("batch=%.20q is not a choice; use batch=true", v)
	}
	return is, nil
}

// serveBatch publishes the messages in the body of a POST, a JSON array or one after the other (NDJSON), in order. All are on their way
// before the first acknowledgement is awaited. The answer has a result for each; if the body can't be understood, nothing is published.
func (h *Handler) serveBatch(w http.ResponseWriter, r *http.Request, client *session.Client, name channel.Name) {
	most := max(minBatchBytes, 2*h.config.MaxMessageBytes)
	body, ok := h.readBody(w, r, client, most, &door.RequestError{
		Kind:   "too_large",
		Status: http.StatusRequestEntityTooLarge,
		Err:    fmt.Errorf("a batch has at most %d bytes; send the others in another one", most),
	})
	if !ok {
		return
	}
	items, err := readBatch(body)
	var p *hub.Publication
	if err == nil {
		p, err = newBatch(name, items, r.Header.Get("Idempotency-Key"), h.config.MaxMessageBytes)
	}
	if _, tooLarge := errors.AsType[*session.TooLargeError](err); tooLarge {
		h.door.Refuse(w, r, client, err)
		return
	}
	if err != nil {
		h.badRequest(w, r, client, http.StatusBadRequest, err)
		return
	}
	if err := client.Spend(len(items)-1, len(body)); err != nil { // the request has counted as one already
		h.door.Refuse(w, r, client, err)
		return
	}
	results, err := h.publishBatch(r.Context(), client, p)
	if err != nil {
		h.door.Refuse(w, r, client, err)
		return
	}
	writeJSON(w, http.StatusOK, results)
}

// publishBatch publishes messages and waits for all acknowledgements.
func (h *Handler) publishBatch(ctx context.Context, client *session.Client, p *hub.Publication) ([]batchResult, error) {
	results := make([]batchResult, len(p.Messages))
	var missing atomic.Int64
	missing.Store(int64(len(results)))
	all := make(chan struct{})
	h.channels.Publish(ctx, client, p, func(i int, ack broker.Ack, err error) {
		results[i] = batchResult{Offset: ack.Offset, Epoch: ack.Epoch, Duplicate: ack.Duplicate}
		if err != nil {
			v := door.VerdictOf(err)
			results[i].Error = &batchError{Code: v.Code, Message: err.Error(), After: v.After.Seconds(), Ref: h.door.Tell(client, err)}
		}
		if missing.Add(-1) == 0 {
			close(all)
		}
	})
	select {
	case <-all:
		return results, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: the client did not wait for it", broker.ErrUnavailable)
	}
}

// readBatch reads the messages of a batch.
func readBatch(body []byte) (items []batchItem, err error) {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	isArray := d.PeekKind() == '['
	if isArray {
		if _, err := d.ReadToken(); err != nil {
			return nil, notBatch(0, err)
		}
	}
	for !(isArray && d.PeekKind() == ']') {
		var item batchItem
		err := json.UnmarshalDecode(d, &item, json.RejectUnknownMembers(true))
		if err == io.EOF && !isArray {
			break
		}
		if err != nil {
			return nil, notBatch(len(items), err)
		}
		if len(items) == maxBatch {
			return nil, fmt.Errorf("a batch has at most %d messages; send the others in another one", maxBatch)
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		return nil, errors.New(`the batch has no messages; each is an object such as {"data":"hello"}, in an array or on a line of its own`)
	}
	if isArray {
		if _, err := d.ReadToken(); err != nil {
			return nil, notBatch(len(items), err)
		}
		if _, err := d.ReadToken(); err != io.EOF {
			return nil, errors.New("there is something behind the array")
		}
	}
	return items, nil
}

// notBatch says which message can't be understood. What the decoder says names its Go types and is of no use to the client.
func notBatch(i int, err error) error {
	what := "it breaks off, or is no JSON"
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		what = `it is no object with data, and maybe binary, id and key`
		if errors.Is(err, json.ErrUnknownName) {
			what = fmt.Sprintf("it has the unknown field %.60q; there are data, binary, id and key", semantic.JSONPointer.LastToken())
		}
	} else if errors.Is(err, jsontext.ErrDuplicateName) {
		what = "it has a name twice"
	}
	return fmt.Errorf("message %d of the batch can't be understood: %s", i, what)
}

// newBatch makes the publication of a batch. Those without an id get one from the key of the request, if there is one, so that a repeat
// stores nothing twice.
func newBatch(name channel.Name, items []batchItem, key string, most int64) (*hub.Publication, error) {
	messages := make([]websocket.Message, len(items))
	for i := range items {
		item := &items[i]
		if item.ID == "" && key != "" {
			item.ID = key + "-" + strconv.Itoa(i)
		}
		if max(len(item.ID), len(item.Key)) > protocol.MaxIDBytes {
			return nil, fmt.Errorf("message %d of the batch: an id and a key have at most %d bytes", i, protocol.MaxIDBytes)
		}
		var err error
		messages[i], err = item.message()
		if err == nil && int64(len(messages[i].Payload)) > most {
			err = &session.TooLargeError{Channel: name, LimitBytes: most}
		}
		if err != nil {
			return nil, fmt.Errorf("message %d of the batch: %w", i, err)
		}
	}
	p := hub.NewPublication(name, messages...)
	for i := range items {
		p.Messages[i].ID, p.Messages[i].Key = items[i].ID, items[i].Key
	}
	return p, nil
}

// message returns what is published.
func (item *batchItem) message() (m websocket.Message, err error) {
	m.Type = websocket.Text
	switch kind := item.Data.Kind(); {
	case kind == 0:
		return m, errors.New("it has no data")
	case kind != '"' && item.Binary:
		return m, errNotBase64
	case kind != '"':
		err = item.Data.Compact() // in place
		m.Payload = item.Data
		return m, err
	}
	text, err := jsontext.AppendUnquote(nil, item.Data)
	if err != nil {
		return m, err
	}
	m.Payload = text
	if item.Binary {
		m.Type = websocket.Binary
		if m.Payload, err = base64.StdEncoding.AppendDecode(nil, text); err != nil {
			return m, errNotBase64
		}
	}
	return m, nil
}

var errNotBase64 = errors.New("binary data is a text in base64 with padding (RFC 4648 section 4), and this is not")
