package hooks

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// What the bodies of requests are: CloudEvents 1.0.2 in the structured mode of its HTTP binding, or several of
// them in its batched mode.
const (
	contentOne   = "application/cloudevents+json; charset=utf-8"
	contentBatch = "application/cloudevents-batch+json; charset=utf-8"
)

// envelope is an event as CloudEvents writes it. Its extension attributes are partitionkey and sequence.
type envelope struct {
	SpecVersion     string         `json:"specversion"`
	ID              string         `json:"id"` // the same whenever it is sent
	Source          string         `json:"source"`
	Type            string         `json:"type"`
	Subject         string         `json:"subject,omitzero"`      // the channel
	PartitionKey    channel.Name   `json:"partitionkey,omitzero"` // the channel too: what has the same comes in order
	Sequence        string         `json:"sequence,omitzero"`     // the offset in the history, with leading zeros so that it sorts
	Time            time.Time      `json:"time"`
	DataContentType string         `json:"datacontenttype"`
	Data            jsontext.Value `json:"data"`
}

const (
	specVersion = "1.0"
	contentJSON = "application/json"
)

// newEnvelope returns an event with the attributes that all of them have.
func (h *Hook) newEnvelope(k Kind, id string, at time.Time, data any) (envelope, error) {
	raw, err := json.Marshal(data, json.Deterministic(true))
	return envelope{
		SpecVersion: specVersion, ID: id, Source: h.Source, Type: types[k],
		Time: at.UTC().Truncate(time.Microsecond), DataContentType: contentJSON, Data: raw,
	}, err
}

// Client is who an event is about; what is not known is empty.
type Client struct {
	User    string `json:"user,omitzero"`    // "" for an anonymous one
	Info    string `json:"info,omitzero"`    // what others see beside the name: text or JSON
	Server  bool   `json:"server,omitzero"`  // it came in with an API key
	Session string `json:"session,omitzero"` // of /socket, the same when it comes back
	// Connection is its id as the server API lists it; "" for a single request.
	Connection string `json:"connection,omitzero"`
	Edge       string `json:"edge,omitzero"`   // the way it came in: channels, socket
	Remote     string `json:"remote,omitzero"` // its address
}
