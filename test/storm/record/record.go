// Package record is what a storm writes down while it blows: one line of JSON for each thing that happened to somebody.
// What was promised and what came of it is told from these lines alone, by package check.
package record

import (
	"hash/fnv"
	"time"
)

// What happened.
type What string

// The kinds of records. Each says which fields of a Record it fills besides At.
const (
	// Channel is a channel that is used: Channel; Kept tells that it has a history.
	Channel What = "channel"

	// Send is a publication that is handed over for the first time: Who, Channel, ID, Sum; Ordered if the publisher has one
	// on its way at a time.
	Send What = "send"
	// Ack is its acknowledgement: Who, Channel, ID, Offset and Epoch, which are zero without history.
	Ack What = "ack"
	// Failed is a publication that the publisher was told of that it has failed, or may have: Who, Channel, ID, Text.
	Failed What = "failed"
	// Stored is a message of the history that is read in the end: Channel, Offset, Epoch, ID, Sum.
	Stored What = "stored"

	// Join is a subscription that is live for the first time: Who, Kind, Channel (or pattern), Positions behind which
	// everything is owed to it.
	Join What = "join"
	// Live is one that is live again: Who, Channel.
	Live What = "live"
	// Got is a message that has come: Who, Channel, ID, Sum, and Offset and Epoch if the client is told them.
	Got What = "got"
	// Gap tells of messages that were missed in a channel without history: Who, Channel.
	Gap What = "gap"
	// Lost tells of messages that a history does not keep: Who, Channel, Text.
	Lost What = "lost"
	// Ended is a subscription that has ended though nobody asked for that: Who, Channel, Text.
	Ended What = "ended"
	// Left is a subscription that was given up on purpose: Who, Channel, Positions up to which it is owed everything.
	Left What = "left"
	// Page is a part of a history: Who, Channel, Epoch, Offsets in the order in which they came.
	Page What = "page"

	// Here is somebody who is present from now on: Who, Channel.
	Here What = "here"
	// Leaves is somebody who may be present from now on, or not: Who, Channel.
	Leaves What = "leaves"
	// Gone is somebody who must not be present any more after At: Who, Channel. At lies in the future of the event.
	Gone What = "gone"
	// Roster is who is present as a node tells it: Who asked, Node, Channel, Names; Final if it was asked for in the end.
	Roster What = "roster"

	// State is a change of a client's connection: Who, Kind, Node it is connected to, or "" for none.
	State What = "state"
	// Usage is what a node uses: Node, Final after everybody has left, Files, Goroutines, HeapBytes, ResidentBytes.
	Usage What = "usage"
	// Fault is something that was broken: Node, Kind, ID, Text; At and Until.
	Fault What = "fault"
)

// The kinds of subscribers.
const (
	Go         = "go"         // the Go SDK
	TypeScript = "typescript" // the TypeScript SDK
	Raw        = "raw"        // a bare WebSocket
	SSE        = "sse"        // an event stream
	MQTT       = "mqtt"       // a device with QoS 1 and a session
)

// Record is one thing that happened.
type Record struct {
	At      Time   `json:"at"`
	What    What   `json:"what"`
	Who     string `json:"who,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Node    string `json:"node,omitempty"`
	Channel string `json:"channel,omitempty"`
	Kept    bool   `json:"kept,omitempty"`

	ID      string `json:"id,omitempty"`
	Offset  uint64 `json:"offset,omitempty"`
	Epoch   string `json:"epoch,omitempty"`
	Sum     uint64 `json:"sum,omitempty"` // of the payload
	Ordered bool   `json:"ordered,omitempty"`

	Positions map[string]uint64 `json:"positions,omitempty"` // by epoch
	Offsets   []uint64          `json:"offsets,omitempty"`
	Names     []string          `json:"names,omitempty"`
	Final     bool              `json:"final,omitempty"`

	Files         int   `json:"files,omitempty"`
	Goroutines    int   `json:"goroutines,omitempty"`
	HeapBytes     int64 `json:"heap,omitempty"`
	ResidentBytes int64 `json:"resident,omitempty"`

	Until Time   `json:"until,omitempty"`
	Text  string `json:"text,omitempty"`
}

// Time is microseconds since the storm began.
type Time int64

// After returns a time that much later.
func (t Time) After(d time.Duration) Time { return t + Time(d.Microseconds()) }

// Sub returns how much later t is than u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Microsecond }

// Sum returns the sum of a payload: FNV-1a, of 64 bits, and never 0.
func Sum(payload string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(payload)) // which never fails
	return max(h.Sum64(), 1)
}
